package io.panamba.model.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;

/**
 * A file that stays open. Each read is checked: if the file has another size or another time of
 * change than when it was opened, what was read is not used. A file that another one has taken the
 * name of is read on as it was.
 */
final class FileSource implements Bytes.Source, AutoCloseable {
  /** A byte buffer has at most 2 GiB; a piece for memory on the heap takes a copy beside it. */
  private static final long PIECE = 1 << 20;

  private final Path path;
  private final FileChannel channel;
  private final BasicFileAttributes attributes;
  private volatile boolean closed;

  private FileSource(Path path, FileChannel channel, BasicFileAttributes attributes) {
    this.path = path;
    this.channel = channel;
    this.attributes = attributes;
  }

  static FileSource open(Path path) {
    FileChannel channel = null;
    try {
      requireRegular(path);
      channel = FileChannel.open(path);
      // Of the file that is open: if another one took its name before this, the sizes tell mostly.
      BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
      FileSource source = new FileSource(path, channel, attributes);
      source.requireUnchanged();
      return source;
    } catch (NoSuchFileException e) {
      close(channel, path);
      throw new CheckpointException(path, "there is no such file", e);
    } catch (IOException e) {
      close(channel, path);
      throw unreadable(path, e);
    } catch (RuntimeException | Error e) {
      close(channel, path);
      throw e;
    }
  }

  /** Before it is opened: opening a pipe waits for its writer. */
  private static void requireRegular(Path path) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
    if (!attributes.isRegularFile()) {
      throw new CheckpointException(
          path,
          attributes.isDirectory()
              ? "this is a folder; expected a checkpoint file"
              : "this is no regular file; a checkpoint is read at any place, not from a pipe");
    }
  }

  private static CheckpointException unreadable(Path path, IOException e) {
    if (e instanceof ClosedByInterruptException) {
      return new CheckpointException(path, "reading was interrupted", e);
    }
    String reason = e.getMessage() == null ? e.toString() : e.getMessage();
    return new CheckpointException(path, "the file can't be read: " + reason, e);
  }

  long size() {
    return attributes.size();
  }

  Bytes bytes() {
    return new Bytes(this, 0, size());
  }

  @Override
  public void read(long offset, MemorySegment target) {
    try {
      for (long done = 0; done < target.byteSize(); ) {
        long count = Math.min(PIECE, target.byteSize() - done);
        ByteBuffer piece = target.asSlice(done, count).asByteBuffer();
        int read = channel.read(piece, offset + done);
        if (read <= 0) {
          throw changed();
        }
        done += read;
      }
      requireUnchanged();
    } catch (ClosedByInterruptException e) {
      throw unreadable(path, e);
    } catch (ClosedChannelException e) {
      if (closed) {
        throw new IllegalStateException("the checkpoint %s is closed".formatted(path), e);
      }
      throw new CheckpointException(
          path, "another thread was interrupted while it read; open the checkpoint again", e);
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  private CheckpointException changed() {
    return new CheckpointException(
        path, "the file changed while it was read: something else writes to it");
  }

  private void requireUnchanged() throws IOException {
    if (channel.size() != size()) {
      throw changed();
    }
    try {
      BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
      if (Objects.equals(now.fileKey(), attributes.fileKey())
          && !now.lastModifiedTime().equals(attributes.lastModifiedTime())) {
        throw changed();
      }
    } catch (NoSuchFileException _) {
      // Removed while it is open, as it was.
    }
  }

  @Override
  public void close() {
    closed = true;
    close(channel, path);
  }

  private static void close(FileChannel channel, Path path) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      System.getLogger(FileSource.class.getName())
          .log(System.Logger.Level.WARNING, "%s can't be closed".formatted(path), e);
    }
  }
}

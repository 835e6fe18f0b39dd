package io.panamba.model.checkpoint;

import io.panamba.model.files.FileState;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

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
  private final FileState opened;
  private volatile boolean closed;

  private FileSource(Path path, FileChannel channel, FileState opened) {
    this.path = path;
    this.channel = channel;
    this.opened = opened;
  }

  static FileSource open(Path path) {
    FileChannel channel = null;
    try {
      FileState.requireRegular(
          path, "a checkpoint file", reason -> new CheckpointException(path, reason));
      channel = FileChannel.open(path);
      FileSource source = new FileSource(path, channel, FileState.of(path));
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

  private static CheckpointException unreadable(Path path, IOException e) {
    if (e instanceof ClosedByInterruptException) {
      return new CheckpointException(path, "reading was interrupted", e);
    }
    String reason = e.getMessage() == null ? e.toString() : e.getMessage();
    return new CheckpointException(path, "the file can't be read: " + reason, e);
  }

  long size() {
    return opened.size();
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
    return new CheckpointException(path, FileState.CHANGED);
  }

  private void requireUnchanged() throws IOException {
    if (opened.isChanged(channel.size())) {
      throw changed();
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

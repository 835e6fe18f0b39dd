package io.panamba.model.image;

import io.panamba.model.files.FileState;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Bytes at known places: of a file, or in memory. */
interface ByteSource extends Closeable {
  long length();

  /**
   * Copies some of the bytes from a place on.
   *
   * @return how many, at least one, or -1 at the end
   */
  int read(long at, byte[] target, int offset, int count) throws IOException;

  /** Fails if the bytes are no longer those that were there at first. */
  default void requireUnchanged() throws IOException {}

  @Override
  default void close() throws IOException {}

  /** Copies all the bytes of a range. */
  default byte[] read(long at, int count) throws IOException {
    if (at < 0 || count > length() - at) {
      throw new EOFException("the file is cut short");
    }
    byte[] bytes = new byte[count];
    for (int done = 0; done < count; ) {
      int read = read(at + done, bytes, done, count - done);
      if (read < 0) {
        throw new EOFException("the file is cut short");
      }
      done += read;
    }
    return bytes;
  }

  /** Bytes in memory. */
  @SuppressWarnings("ArrayRecordComponent")
  record Memory(byte[] bytes) implements ByteSource {
    @Override
    public long length() {
      return bytes.length;
    }

    @Override
    public int read(long at, byte[] target, int offset, int count) {
      if (at >= bytes.length) {
        return -1;
      }
      int copied = (int) Math.min(count, bytes.length - at);
      System.arraycopy(bytes, (int) at, target, offset, copied);
      return copied;
    }
  }

  /**
   * A file, read through a window. Each time that bytes are fetched of it, its size and time of
   * change are compared with those at first. Used by one thread at a time.
   */
  final class File implements ByteSource {
    private static final int WINDOW = 1 << 16;

    private final FileChannel channel;
    private final FileState opened;
    private final ByteBuffer window = ByteBuffer.allocate(WINDOW).limit(0);
    private long start;

    /** Opens a regular file. */
    File(Path file) throws IOException {
      channel = FileChannel.open(file, StandardOpenOption.READ);
      try {
        opened = FileState.of(file);
        requireUnchanged();
      } catch (IOException | RuntimeException | Error e) {
        channel.close();
        throw e;
      }
    }

    @Override
    public long length() {
      return opened.size();
    }

    @Override
    public int read(long at, byte[] target, int offset, int count) throws IOException {
      if (count > WINDOW) {
        return fetch(ByteBuffer.wrap(target, offset, count), at);
      }
      if (at < start || at >= start + window.limit()) {
        window.clear();
        start = at;
        int read = -1;
        try {
          read = fetch(window, at);
        } finally {
          // What failed is not asked for again.
          window.limit(Math.max(0, read));
        }
        if (read < 0) {
          return -1;
        }
      }
      int from = (int) (at - start);
      int copied = Math.min(count, window.limit() - from);
      window.get(from, target, offset, copied);
      return copied;
    }

    private int fetch(ByteBuffer target, long at) throws IOException {
      int read = channel.read(target, at);
      requireUnchanged();
      return read;
    }

    @Override
    public void requireUnchanged() throws IOException {
      if (opened.isChanged(channel.size())) {
        throw new IOException(FileState.CHANGED);
      }
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}

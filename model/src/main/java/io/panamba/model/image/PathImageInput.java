package io.panamba.model.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import javax.imageio.stream.ImageInputStreamImpl;

/**
 * A file for ImageIO's readers. The JDK's own stream takes a {@link java.io.File}, which can't name
 * every file: its name is text in the locale's charset.
 */
final class PathImageInput extends ImageInputStreamImpl {
  private static final int BUFFER = 1 << 13;

  private final FileChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER);

  /** Where the buffer's first byte is in the file. */
  private long bufferStart;

  PathImageInput(Path file) throws IOException {
    channel = FileChannel.open(file, StandardOpenOption.READ);
    buffer.limit(0);
  }

  @Override
  public int read() throws IOException {
    checkClosed();
    bitOffset = 0;
    if (!fill()) {
      return -1;
    }
    int value = Byte.toUnsignedInt(buffer.get((int) (streamPos - bufferStart)));
    streamPos++;
    return value;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    checkClosed();
    bitOffset = 0;
    if (length == 0) {
      return 0;
    }
    if (length >= BUFFER) {
      int count = channel.read(ByteBuffer.wrap(target, offset, length), streamPos);
      streamPos += Math.max(count, 0);
      return count;
    }
    if (!fill()) {
      return -1;
    }
    int at = (int) (streamPos - bufferStart);
    int count = Math.min(length, buffer.limit() - at);
    buffer.get(at, target, offset, count);
    streamPos += count;
    return count;
  }

  /** Brings the byte at the position into the buffer, if there is one. */
  private boolean fill() throws IOException {
    if (streamPos >= bufferStart && streamPos < bufferStart + buffer.limit()) {
      return true;
    }
    bufferStart = streamPos;
    buffer.clear();
    channel.read(buffer, bufferStart);
    buffer.flip();
    return buffer.hasRemaining();
  }

  @Override
  public long length() {
    try {
      return channel.size();
    } catch (IOException _) {
      return -1;
    }
  }

  @Override
  public void close() throws IOException {
    super.close();
    channel.close();
  }
}

package io.panamba.model.image;

import java.io.IOException;
import java.util.List;
import javax.imageio.stream.ImageInputStreamImpl;

/**
 * Parts of files as one stream for a reader of ImageIO: what the reader is not to see is left out.
 * Reading fails once the time is up.
 */
final class PartStream extends ImageInputStreamImpl {
  /** Reads between two looks at the clock; a large one counts as that many. */
  private static final int CLOCK = 64;

  private static final int LARGE = 1024;

  /** Bytes of a source. */
  record Part(ByteSource source, long from, long length) {
    static Part of(byte... bytes) {
      return new Part(new ByteSource.Memory(bytes), 0, bytes.length);
    }
  }

  private final List<Part> parts;
  private final long length;
  private final byte[] one = new byte[1];
  private Budget budget;
  private int reads;

  PartStream(Budget budget, List<Part> parts) {
    this.budget = budget;
    this.parts = List.copyOf(parts);
    this.length = parts.stream().mapToLong(Part::length).sum();
  }

  PartStream(Budget budget, ByteSource source) {
    this(budget, List.of(new Part(source, 0, source.length())));
  }

  /** Starts another time limit. */
  void restart(Budget next) {
    budget = next;
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public int read() throws IOException {
    return read(one, 0, 1) < 0 ? -1 : one[0] & 255;
  }

  @Override
  public int read(byte[] target, int offset, int count) throws IOException {
    checkClosed();
    bitOffset = 0;
    if (count == 0) {
      return 0;
    }
    if (++reads % CLOCK == 0 || count >= LARGE) {
      budget.checkTime();
    }
    long at = streamPos;
    for (Part part : parts) {
      if (at < part.length) {
        int most = (int) Math.min(count, part.length - at);
        int read = part.source.read(part.from + at, target, offset, most);
        streamPos += Math.max(0, read);
        return read;
      }
      at -= part.length;
    }
    return -1;
  }
}

package io.panamba.model.image.webp;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Decodes a lossless picture: RFC 9649, section 3. */
final class LosslessDecoder {
  private static final int SIGNATURE = 0x2F;
  private static final int PREDICTOR = 0;
  private static final int COLOUR = 1;
  private static final int GREEN = 2;

  private final BitReader in;
  private final Runnable check;

  LosslessDecoder(BitReader in, Runnable check) {
    this.in = in;
    this.check = check;
  }

  /** Returns the pixels, row by row, as 0xAARRGGBB. */
  int[] decode() throws IOException {
    if (in.bits(8) != SIGNATURE) {
      throw new IOException("the picture has no VP8L signature");
    }
    int width = 1 + in.bits(14);
    int height = 1 + in.bits(14);
    // Whether alpha is in use: it is left out.
    in.flag();
    if (in.bits(3) != 0) {
      throw new IOException("the picture is of an unknown version of VP8L");
    }
    List<LosslessTransform> transforms = new ArrayList<>();
    int storedWidth = width;
    int seen = 0;
    while (in.flag()) {
      int type = in.bits(2);
      if ((seen >> type & 1) != 0) {
        throw new IOException("a transform occurs twice");
      }
      seen |= 1 << type;
      LosslessTransform transform = transform(type, storedWidth, height);
      transforms.add(transform);
      storedWidth = transform.storedWidth();
    }
    int[] pixels = EntropyImage.readPicture(in, storedWidth, height, check);
    for (LosslessTransform transform : transforms.reversed()) {
      pixels = transform.invert(pixels, height, check);
    }
    return pixels;
  }

  private LosslessTransform transform(int type, int width, int height) throws IOException {
    return switch (type) {
      case PREDICTOR, COLOUR -> {
        int shift = 2 + in.bits(3);
        int[] blocks =
            EntropyImage.readParameters(
                in, EntropyImage.blocks(width, shift), EntropyImage.blocks(height, shift), check);
        yield type == PREDICTOR
            ? new PredictorTransform(width, shift, blocks)
            : new ColourTransform(width, shift, blocks);
      }
      case GREEN -> new GreenTransform(width);
      default -> {
        int size = 1 + in.bits(8);
        yield PaletteTransform.of(width, EntropyImage.readParameters(in, size, 1, check));
      }
    };
  }
}

package io.panamba.runtime.operation;

import io.panamba.runtime.DType;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Checks;
import java.util.Arrays;
import java.util.List;

/**
 * Patch embedding, class tokens and positions (Vim section 3.2). Patches go row-major over the grid
 * into the places that the class tokens leave:
 *
 * <pre>
 * out[b, j(m)]     = weight . patch[b, m] + bias + position[j(m)]
 * out[b, index[i]] = classTokens[i] + position[index[i]]
 * </pre>
 *
 * @param image (batch, colours, height, width), float32 or {@link DType#U8}
 * @param pixelValues (colours, 256): the number that a byte of the image stands for; null if the
 *     image is float32
 * @param weight columns = dim, depth = colours * patch height * patch width
 * @param bias (dim) or null
 * @param position (length, dim) or null
 * @param classTokens (tokens, dim), or null for none
 * @param classIndex ascending places of the class tokens in the sequence
 * @param patch side of a patch in pixels
 * @param stride pixels between patches
 * @param out (batch, length, dim); length = grid area + tokens
 */
public record PatchEmbedding(
    Tensor image,
    Tensor pixelValues,
    PackedMatrix weight,
    Tensor bias,
    Tensor position,
    Tensor classTokens,
    ClassIndex classIndex,
    long patch,
    long stride,
    Tensor out)
    implements Operation {
  private static final String NAME = "patch embedding";

  /** Places of class tokens in a sequence, ascending. */
  public static final class ClassIndex {
    /** No class token. */
    public static final ClassIndex NONE = new ClassIndex();

    private final long[] places;

    private ClassIndex(long... places) {
      this.places = places;
    }

    /**
     * Creates places.
     *
     * @param places at most two, ascending
     * @return the places
     */
    public static ClassIndex of(long... places) {
      Checks.require(places.length <= 2, NAME, "at most two class tokens, not %d", places.length);
      return new ClassIndex(places.clone());
    }

    /**
     * Returns how many there are.
     *
     * @return 0 to 2
     */
    public int count() {
      return places.length;
    }

    /**
     * Returns a place.
     *
     * @param i from 0
     * @return the index in the sequence
     */
    public long place(int i) {
      return places[i];
    }

    @Override
    public String toString() {
      return Arrays.toString(places);
    }
  }

  /** Checks shapes. */
  public PatchEmbedding {
    Checks.present(NAME, "weight", weight);
    Checks.present(NAME, "classIndex", classIndex);
    Shape pixels = Checks.pixels(NAME, image, pixelValues);
    Shape tokens = Checks.rank(NAME, "out", out, 3);
    long dim = tokens.size(2);
    long length = length(NAME, image, patch, stride, 0, classIndex);
    Checks.output(NAME, "out", out, pixels.size(0), length, dim);
    Checks.require(
        weight.columns() == dim && weight.depth() == pixels.size(1) * patch * patch,
        NAME,
        "weight is %s; expected (%d, %d)",
        weight,
        dim,
        pixels.size(1) * patch * patch);
    Checks.optional(NAME, "bias", bias, dim);
    Checks.optional(NAME, "position", position, length, dim);
    if (classIndex.count() > 0) {
      Checks.shape(NAME, "classTokens", classTokens, classIndex.count(), dim);
    } else {
      Checks.require(classTokens == null, NAME, "class tokens %s have no places", classTokens);
    }
  }

  /** The length of the sequence that images become; requires that patches and tokens fit. */
  static long length(
      String name, Tensor image, long patch, long stride, long padding, ClassIndex classIndex) {
    Checks.require(
        padding >= 0 && padding < Math.max(1, patch),
        name,
        "a padding of %d; expected fewer than the %d pixels of a patch",
        padding,
        patch);
    long height = image.shape().size(2) + 2 * padding;
    long width = image.shape().size(3) + 2 * padding;
    Checks.require(
        patch >= 1 && stride >= 1 && patch <= height && patch <= width,
        name,
        "patches of %d with stride %d do not fit an image %s",
        patch,
        stride,
        image);
    long length =
        ((height - patch) / stride + 1) * ((width - patch) / stride + 1) + classIndex.count();
    for (int i = 0; i < classIndex.count(); i++) {
      long least = i == 0 ? 0 : classIndex.place(i - 1) + 1;
      Checks.require(
          classIndex.place(i) >= least && classIndex.place(i) < length,
          name,
          "class tokens at %s are not ascending places in a sequence of %d",
          classIndex,
          length);
    }
    return length;
  }

  @Override
  public List<Operand> reads() {
    return Operand.of(image, pixelValues, weight, bias, position, classTokens);
  }

  @Override
  public List<Operand> writes() {
    return Operand.of(out);
  }
}

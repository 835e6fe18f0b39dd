package io.panamba.runtime.oracle;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.PatchEmbedding;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.operation.Patches;
import io.panamba.runtime.operation.PatchesGradient;

/** Patches of images, their embedding, and their gradient. */
public final class ScalarPatches {
  private ScalarPatches() {}

  /** The rows of images' patches: (batch, grid, colours * patch * patch). */
  private static float[] rows(Tensor images, int patch, int stride, int padding) {
    float[] image = Floats.of(images);
    int colours = Math.toIntExact(images.shape().size(1));
    int height = Math.toIntExact(images.shape().size(2));
    int width = Math.toIntExact(images.shape().size(3));
    int rows = (height + 2 * padding - patch) / stride + 1;
    int columns = (width + 2 * padding - patch) / stride + 1;
    int depth = colours * patch * patch;
    int batch = image.length / (colours * height * width);
    float[] out = new float[batch * rows * columns * depth];
    for (int i = 0; i < out.length; i++) {
      int x = i % patch;
      int y = i / patch % patch;
      int colour = i / (patch * patch) % colours;
      int left = i / depth % columns * stride - padding;
      int top = i / (depth * columns) % rows * stride - padding;
      int b = i / (depth * columns * rows);
      if (top + y >= 0 && top + y < height && left + x >= 0 && left + x < width) {
        out[i] = image[((b * colours + colour) * height + top + y) * width + left + x];
      }
    }
    return out;
  }

  /** How many class tokens are before a place of the sequence. */
  private static int tokensBefore(ClassIndex classIndex, int place) {
    int tokens = 0;
    while (tokens < classIndex.count() && classIndex.place(tokens) < place) {
      tokens++;
    }
    return tokens;
  }

  /** The class token at a place of the sequence, or -1 for a patch. */
  private static int tokenAt(ClassIndex classIndex, int place) {
    int token = tokensBefore(classIndex, place);
    return token < classIndex.count() && classIndex.place(token) == place ? token : -1;
  }

  /**
   * Patches in a sequence, the rows of class tokens zero.
   *
   * @param operation which
   * @return (batch, length, depth), exact
   */
  public static Values out(Patches operation) {
    float[] rows =
        rows(
            operation.image(),
            Math.toIntExact(operation.patch()),
            Math.toIntExact(operation.stride()),
            Math.toIntExact(operation.padding()));
    int length = Math.toIntExact(operation.out().shape().size(1));
    int depth = Math.toIntExact(operation.out().shape().size(2));
    int patches = length - operation.classIndex().count();
    Values out = new Values(rows.length / patches * length);
    for (int i = 0; i < out.count(); i++) {
      int place = i / depth % length;
      if (tokenAt(operation.classIndex(), place) < 0) {
        int patch = place - tokensBefore(operation.classIndex(), place);
        out.set(i, rows[(i / (depth * length) * patches + patch) * depth + i % depth], 0);
      }
    }
    return out;
  }

  /**
   * A patch embedding.
   *
   * @param operation which
   * @param weight what its matrix was packed from, (dim, depth)
   * @return (batch, length, dim)
   */
  public static Values embedding(PatchEmbedding operation, float[] weight) {
    ClassIndex classIndex = operation.classIndex();
    int length = Math.toIntExact(operation.out().shape().size(1));
    int dim = Math.toIntExact(operation.out().shape().size(2));
    int batch = Math.toIntExact(operation.out().shape().size(0));
    int patches = length - classIndex.count();
    float[] position = Floats.of(operation.position());
    float[] tokens = Floats.of(operation.classTokens());
    Values embedded =
        ScalarLinear.out(
            rows(
                operation.image(),
                Math.toIntExact(operation.patch()),
                Math.toIntExact(operation.stride()),
                0),
            weight,
            Floats.of(operation.bias()),
            batch * patches,
            dim);
    Values out = new Values(batch * length * dim);
    for (int i = 0; i < out.count(); i++) {
      int place = i / dim % length;
      int token = tokenAt(classIndex, place);
      if (token >= 0) {
        out.add(i, tokens[token * dim + i % dim]);
      } else {
        int row = i / (dim * length) * patches + place - tokensBefore(classIndex, place);
        int element = row * dim + i % dim;
        out.set(i, embedded.value(element), embedded.magnitude(element));
      }
      out.add(i, Floats.at(position, i % (length * dim)));
    }
    return out;
  }

  /**
   * The gradient of images: what each pixel's patches hand on to it.
   *
   * @param operation which
   * @return (batch, colours, height, width)
   */
  public static Values gradient(PatchesGradient operation) {
    float[] gradient = Floats.of(operation.patchGradient());
    int colours = Math.toIntExact(operation.imageGradient().shape().size(1));
    int height = Math.toIntExact(operation.imageGradient().shape().size(2));
    int width = Math.toIntExact(operation.imageGradient().shape().size(3));
    int length = Math.toIntExact(operation.patchGradient().shape().size(1));
    int patch = Math.toIntExact(operation.patch());
    int stride = Math.toIntExact(operation.stride());
    int padding = Math.toIntExact(operation.padding());
    int columns = (width + 2 * padding - patch) / stride + 1;
    int depth = colours * patch * patch;
    Values out = new Values(gradient.length / (length * depth) * colours * height * width);
    for (int i = 0; i < gradient.length; i++) {
      int place = i / depth % length;
      if (tokenAt(operation.classIndex(), place) < 0) {
        int grid = place - tokensBefore(operation.classIndex(), place);
        int colour = i / (patch * patch) % colours;
        int y = grid / columns * stride + i / patch % patch - padding;
        int x = grid % columns * stride + i % patch - padding;
        int image = i / (depth * length);
        if (y >= 0 && y < height && x >= 0 && x < width) {
          out.add(((image * colours + colour) * height + y) * width + x, gradient[i]);
        }
      }
    }
    return out;
  }
}

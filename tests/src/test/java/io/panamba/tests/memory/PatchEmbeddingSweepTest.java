package io.panamba.tests.memory;

import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.PatchEmbedding;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.oracle.ScalarPatches;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Patch embeddings: every tail of the width, patches that overlap or leave pixels over. */
@OnEveryTier
class PatchEmbeddingSweepTest extends Sweep {
  private static final int[] PATCHES = {1, 2, 3, 4, 5, 8, 16};
  private static final int[] SURPLUS = {0, 1, 7};

  /** An image and its patches. */
  private record Picture(int batch, int colours, int height, int width, int patch, int stride) {
    int patches() {
      return ((height - patch) / stride + 1) * ((width - patch) / stride + 1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void widths(Placement placement) {
    for (int dim = 1; dim <= MAX_CHANNELS; dim++) {
      check(placement, new Picture(1 + dim % 2, 3, 9, 7, 4, 2), dim);
    }
  }

  @ParameterizedTest
  @EnumSource
  void images(Placement placement) {
    for (int patch : PATCHES) {
      for (int surplus : SURPLUS) {
        for (int colours = 1; colours <= 4; colours++) {
          for (int stride = 1; stride <= patch + 1; stride += patch > 5 ? 5 : 1) {
            Picture picture =
                new Picture(1, colours, patch + surplus, patch + 2 * surplus, patch, stride);
            check(placement, picture, 5);
            check(placement, picture, 33);
          }
        }
      }
    }
  }

  private static void check(Placement placement, Picture picture, int dim) {
    int patches = picture.patches();
    check(placement, picture, dim, ClassIndex.NONE);
    check(placement, picture, dim, ClassIndex.of(patches / 2));
    check(placement, picture, dim, ClassIndex.of(0, patches + 1L));
  }

  private static void check(Placement placement, Picture picture, int dim, ClassIndex places) {
    int length = picture.patches() + places.count();
    int depth = picture.colours * picture.patch * picture.patch;
    try (Guarded guarded = new Guarded(placement, dim + length)) {
      Tensor image = guarded.input(picture.batch, picture.colours, picture.height, picture.width);
      Tensor weight = guarded.input(dim, depth);
      Tensor bias = guarded.perhaps(dim % 3 != 0, dim);
      Tensor position = guarded.perhaps(dim % 2 != 0, length, dim);
      Tensor tokens = guarded.perhaps(places.count() > 0, places.count(), dim);
      PackedMatrix packed = guarded.pack(devices.one(), MatrixSource.of(weight));
      guarded.outputsFollow();
      Tensor out = guarded.output(picture.batch, length, dim);
      PatchEmbedding operation =
          new PatchEmbedding(
              image,
              null,
              packed,
              bias,
              position,
              tokens,
              places,
              picture.patch,
              picture.stride,
              out);
      guarded.run(devices, operation);
      ScalarPatches.embedding(operation, weight.toFloats())
          .assertClose(
              out.toFloats(),
              (depth + 2) * 0x1p-24,
              "%s to %d, class tokens at %s".formatted(picture, dim, places));
    }
  }
}

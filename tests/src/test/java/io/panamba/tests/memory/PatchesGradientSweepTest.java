package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.operation.PatchesGradient;
import io.panamba.runtime.oracle.ScalarPatches;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Gradients of patches that overlap, leave pixels over, are the whole image, or reach beyond it.
 */
@OnEveryTier
class PatchesGradientSweepTest extends Sweep {
  private static final int[] PATCHES = {1, 2, 3, 4, 7, 8, 17};

  /** Up to several bands of rows, which tiles are. */
  private static final int[] SURPLUS = {0, 1, 7, 20};

  private static final int[] BATCHES = {1, 3};

  private record Windows(int patch, int stride, int padding) {
    int along(int side) {
      return (side + 2 * padding - patch) / stride + 1;
    }
  }

  @ParameterizedTest
  @EnumSource
  void images(Placement placement) {
    for (int patch : PATCHES) {
      for (int surplus : SURPLUS) {
        for (int batch : BATCHES) {
          for (int stride = (patch + 1) / 2; stride <= patch + 1; stride += (patch + 2) / 3) {
            int colours = 1 + (patch + surplus) % 4;
            int padding = (surplus + stride) % patch;
            Windows windows = new Windows(patch, stride, padding);
            check(placement, windows, batch, colours, patch + surplus, patch + 2 * surplus);
          }
        }
      }
    }
  }

  private static void check(
      Placement placement, Windows windows, int batch, int colours, int height, int width) {
    int patches = windows.along(height) * windows.along(width);
    ClassIndex[] places = {
      ClassIndex.NONE, ClassIndex.of(patches / 2), ClassIndex.of(0, patches + 1L)
    };
    for (ClassIndex classIndex : places) {
      int length = patches + classIndex.count();
      int depth = colours * windows.patch * windows.patch;
      try (Guarded guarded = new Guarded(placement, length + depth)) {
        Tensor gradient = guarded.input(batch, length, depth);
        guarded.outputsFollow();
        Tensor image = guarded.output(batch, colours, height, width);
        PatchesGradient operation =
            new PatchesGradient(
                gradient, classIndex, windows.patch, windows.stride, windows.padding, image);
        guarded.run(devices, operation);
        // As many additions as patches hold a pixel.
        double bound = Math.pow(Math.ceilDiv(windows.patch, windows.stride), 2) * 0x1p-24;
        ScalarPatches.gradient(operation)
            .assertClose(image.toFloats(), bound, "%s, %s".formatted(image, operation));
      }
    }
  }
}

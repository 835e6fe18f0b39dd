package io.panamba.tests.memory;

import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.operation.Patches;
import io.panamba.runtime.oracle.ScalarPatches;
import io.panamba.tests.kit.OnEveryTier;
import io.panamba.tests.memory.GuardPageArena.Placement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Patches as rows: that overlap, leave pixels over, are the whole image, or reach beyond it. */
@OnEveryTier
class PatchesSweepTest extends Sweep {
  private static final int[] PATCHES = {1, 2, 3, 4, 7, 8, 17};
  private static final int[] SURPLUS = {0, 1, 7};
  private static final int[] BATCHES = {1, 3};

  private record Picture(
      int batch,
      int colours,
      int height,
      int width,
      int patch,
      int stride,
      int padding,
      ClassIndex places) {
    int patches() {
      return ((height + 2 * padding - patch) / stride + 1)
          * ((width + 2 * padding - patch) / stride + 1);
    }

    int depth() {
      return colours * patch * patch;
    }

    Picture with(ClassIndex places) {
      return new Picture(batch, colours, height, width, patch, stride, padding, places);
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
            check(
                placement,
                new Picture(
                    batch,
                    colours,
                    patch + surplus,
                    patch + 2 * surplus,
                    patch,
                    stride,
                    (surplus + stride) % patch,
                    ClassIndex.NONE));
          }
        }
      }
    }
  }

  private static void check(Placement placement, Picture picture) {
    int patches = picture.patches();
    checkOne(placement, picture);
    checkOne(placement, picture.with(ClassIndex.of(patches / 2)));
    checkOne(placement, picture.with(ClassIndex.of(0, patches + 1L)));
  }

  private static void checkOne(Placement placement, Picture picture) {
    int length = picture.patches() + picture.places.count();
    try (Guarded guarded = new Guarded(placement, length + picture.depth())) {
      Tensor image = guarded.input(picture.batch, picture.colours, picture.height, picture.width);
      guarded.outputsFollow();
      Tensor out = guarded.output(picture.batch, length, picture.depth());
      Patches operation =
          new Patches(image, picture.places, picture.patch, picture.stride, picture.padding, out);
      guarded.run(devices, operation);
      ScalarPatches.out(operation).assertClose(out.toFloats(), 0, picture.toString());
    }
  }
}

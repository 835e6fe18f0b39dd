package io.panamba.cli;

import io.panamba.model.Network;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.model.task.Detector;
import io.panamba.model.task.FrameDetections;
import io.panamba.runtime.DType;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a detector makes of a prepared input. */
final class DetectionTensors {
  private static final String SIZE = "size";

  /** Classes are whole numbers, as other programs have them. */
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

  private DetectionTensors() {}

  /**
   * Runs the network.
   *
   * @param input a file that may have {@code size}, two int64: height and width of the picture
   * @param images one image
   * @return boxes (n, 4), scores (n), classes (n) and masks (n, 28, 28), in the frame of the image
   */
  static Map<String, Tensor> of(Network network, Path input, Tensor images, Arena arena) {
    Shape shape = images.shape();
    if (shape.size(0) != 1 || shape.size(2) != shape.size(3)) {
      throw new PanambaException(
          "'image' in %s is of shape %s; a detector takes one square image"
              .formatted(input, shape));
    }
    int side = Math.toIntExact(shape.size(2));
    long[] size = size(input, side);
    try (Detector detector = new Detector(network, network.labels(), 1)) {
      FrameDetections found = detector.predict(images, (int) size[0], (int) size[1]);
      int count = found.count();
      Map<String, Tensor> results = new LinkedHashMap<>();
      results.put("boxes", Tensor.of(arena, Shape.of(count, 4), found.boxes()));
      results.put("scores", Tensor.of(arena, Shape.of(count), found.scores()));
      Tensor classes = Tensor.allocate(arena, DType.I64, Shape.of(count));
      for (int i = 0; i < count; i++) {
        classes.segment().setAtIndex(LONG, i, found.classes()[i]);
      }
      results.put("classes", classes);
      if (found.masks() != null) {
        int pixels = found.maskSide();
        results.put("masks", Tensor.of(arena, Shape.of(count, pixels, pixels), found.masks()));
      }
      return results;
    }
  }

  private static long[] size(Path input, int side) {
    try (Checkpoint checkpoint = Checkpoint.open(input)) {
      StoredTensor stored = checkpoint.find(SIZE).orElse(null);
      if (stored == null) {
        return new long[] {side, side};
      }
      if (stored.dtype() != DType.I64 || !stored.shape().equals(Shape.of(2))) {
        throw new PanambaException(
            "'size' in %s is %s%s; expected I64(2), height and width"
                .formatted(input, stored.dtype(), stored.shape()));
      }
      byte[] bytes = new byte[2 * Long.BYTES];
      stored.read(0, MemorySegment.ofArray(bytes));
      MemorySegment numbers = MemorySegment.ofArray(bytes);
      long height = numbers.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
      long width = numbers.get(ValueLayout.JAVA_LONG_UNALIGNED, Long.BYTES);
      if (height < 1 || width < 1 || height > side || width > side) {
        throw new PanambaException(
            "'size' in %s says %s x %s pixels; the image has %s x %s"
                .formatted(input, height, width, side, side));
      }
      return new long[] {height, width};
    }
  }
}

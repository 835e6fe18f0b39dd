package io.panamba.cli;

import io.panamba.model.detection.Box;
import io.panamba.model.detection.Coco;
import io.panamba.model.detection.Detection;
import io.panamba.model.detection.Mask;
import io.panamba.model.files.PathText;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Detections in the form of results for COCO's evaluation, as {@link Json} writes them. */
final class CocoResults {
  private CocoResults() {}

  /**
   * Tells which image a file is.
   *
   * @param position on the command line, from 0
   * @return the number that its name is, without the extension, or else the position
   */
  static Number imageId(Path file, int position) {
    String name = PathText.of(file.getFileName());
    int dot = name.lastIndexOf('.');
    String stem = dot < 0 ? name : name.substring(0, dot);
    if (!stem.isEmpty() && stem.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return new BigInteger(stem);
    }
    return position;
  }

  /**
   * Makes the results of an image.
   *
   * @param detections the best first
   * @param classes how many the detector has
   */
  static List<Map<String, Object>> of(Number imageId, List<Detection> detections, int classes) {
    return detections.stream().map(detection -> of(imageId, detection, classes)).toList();
  }

  private static Map<String, Object> of(Number imageId, Detection detection, int classes) {
    Map<String, Object> result = new LinkedHashMap<>();
    Box box = detection.box();
    result.put("image_id", imageId);
    result.put("category_id", Coco.categoryId(detection.classIndex(), classes));
    result.put("bbox", List.of(box.x0(), box.y0(), box.width(), box.height()));
    result.put("score", detection.score());
    detection.pixels().ifPresent(mask -> result.put("segmentation", segmentation(mask)));
    return result;
  }

  private static Map<String, Object> segmentation(Mask mask) {
    Map<String, Object> segmentation = new LinkedHashMap<>();
    segmentation.put("size", List.of(mask.height(), mask.width()));
    segmentation.put("counts", mask.compressedCounts());
    return segmentation;
  }
}

package io.panamba.model.checkpoint;

import io.panamba.model.checkpoint.Pickle.Dictionary;
import io.panamba.model.checkpoint.Pickle.Sequence;
import io.panamba.model.checkpoint.Pickle.Tuple;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Names and colours of classes in a file of OpenMMLab's trainers: CLASSES and PALETTE of {@code
 * meta} (mmcv 1), or classes and palette of its {@code dataset_meta} (mmengine). What has another
 * form is left out: a network runs without it.
 */
final class TrainerClasses {
  private static final String META = "meta";
  private static final String DATASET = "dataset_meta";
  private static final int SAMPLE = 255;

  private TrainerClasses() {}

  /**
   * Reads what there is.
   *
   * @param top the outermost dictionary
   * @return none, one or both of {@link Checkpoint#CLASSES} and {@link Checkpoint#PALETTE}
   */
  static Map<String, String> of(Dictionary top) {
    Map<String, String> found = new LinkedHashMap<>();
    if (top.find(META) instanceof Dictionary meta) {
      put(found, Checkpoint.CLASSES, names(items(meta.find("CLASSES"))));
      put(found, Checkpoint.PALETTE, colours(items(meta.find("PALETTE"))));
      if (meta.find(DATASET) instanceof Dictionary dataset) {
        for (String name : List.of("CLASSES", "classes")) {
          put(found, Checkpoint.CLASSES, names(items(dataset.find(name))));
        }
        for (String name : List.of("PALETTE", "palette")) {
          put(found, Checkpoint.PALETTE, colours(items(dataset.find(name))));
        }
      }
    }
    return found;
  }

  private static void put(Map<String, String> found, String name, String text) {
    if (!text.isEmpty()) {
      found.put(name, text);
    }
  }

  private static List<Object> items(Object value) {
    return switch (value) {
      case Tuple tuple -> tuple.items();
      case Sequence sequence -> sequence.items;
      case null, default -> List.of();
    };
  }

  /**
   * A line each, or nothing. A pickle may repeat a long name: the whole is bounded as a text is.
   */
  private static String names(List<Object> items) {
    StringBuilder lines = new StringBuilder();
    for (Object item : items) {
      if (!(item instanceof String name)
          || name.isBlank()
          || name.lines().count() != 1
          || lines.length() + (long) name.length() >= Limits.TEXT_BYTES) {
        return "";
      }
      lines.append(name.strip()).append('\n');
    }
    return lines.toString();
  }

  /** RRGGBB in a line each, or nothing. */
  private static String colours(List<Object> items) {
    StringBuilder lines = new StringBuilder();
    for (Object item : items) {
      List<Object> samples = items(item);
      if (samples.size() != 3 || lines.length() >= Limits.TEXT_BYTES) {
        return "";
      }
      for (Object sample : samples) {
        if (!(sample instanceof Long number) || number < 0 || number > SAMPLE) {
          return "";
        }
        lines.append("%02X".formatted(number));
      }
      lines.append('\n');
    }
    return lines.toString();
  }
}

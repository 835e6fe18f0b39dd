package io.panamba.model.segmentation;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A segmented image.
 *
 * @param labels a class for every pixel
 * @param names of the classes
 * @param palette their colours
 */
public record Segmentation(LabelMap labels, List<String> names, Palette palette) {
  /**
   * Checks that all classes have names and colours.
   *
   * @throws IllegalArgumentException if there are more or less of them
   */
  public Segmentation {
    names = List.copyOf(names);
    if (names.size() != labels.classes() || palette.size() != labels.classes()) {
      throw new IllegalArgumentException(
          "%d classes have a name and a colour each; %d and %d were given"
              .formatted(labels.classes(), names.size(), palette.size()));
    }
  }

  /**
   * Lists the classes that have pixels.
   *
   * @return those of the largest share first, of equal shares that of the lower index
   */
  public List<ClassShare> present() {
    double[] shares = labels.shares();
    return IntStream.range(0, shares.length)
        .filter(i -> shares[i] > 0)
        .mapToObj(i -> new ClassShare(i, names.get(i), shares[i]))
        .sorted(Comparator.comparingDouble(ClassShare::share).reversed())
        .toList();
  }
}

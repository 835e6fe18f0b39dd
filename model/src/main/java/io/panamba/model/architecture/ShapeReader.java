package io.panamba.model.architecture;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.runtime.Shape;
import io.panamba.runtime.operation.PlanarConv2d;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads what the shapes of a checkpoint's tensors say of a network, and what settings or the file's
 * metadata say beside them.
 */
public final class ShapeReader {
  private static final int USUAL_IMAGE_SIZE = 224;

  /**
   * Pixels of the images that a file may decide on: 4096 x 4096. A few bytes of metadata say how
   * large they are, and a plan takes 12 bytes and more for each pixel. Trainings see 224 to 1280
   * pixels a side; what is larger is asked for by {@link Settings}.
   */
  private static final long MAX_PIXELS = 1 << 24;

  /** Patches of these images: a stride of 8 pixels. A plan takes a few rows of numbers for each. */
  private static final long MAX_PATCHES = 1 << 18;

  /** Stages of a pyramid: each halves the map. */
  private static final int MAX_STAGES = 8;

  private final Checkpoint checkpoint;
  private final Settings settings;

  /**
   * Reads a checkpoint.
   *
   * @param checkpoint under the family's keys
   * @param settings that come before its metadata
   */
  public ShapeReader(Checkpoint checkpoint, Settings settings) {
    this.checkpoint = checkpoint;
    this.settings = settings;
  }

  /**
   * Chooses a value.
   *
   * @param <T> its type
   * @param setting that has a standard
   * @return what settings say, or else the file's metadata, or else the standard
   */
  public <T> T value(Setting<T> setting) {
    return said(setting).or(setting::standard).orElseThrow();
  }

  /**
   * Looks for a value.
   *
   * @param <T> its type
   * @param setting that may have no standard
   * @return what settings say, or else the file's metadata
   */
  public <T> Optional<T> said(Setting<T> setting) {
    return settings.get(setting).or(() -> stored(setting));
  }

  /**
   * Looks into the file's metadata.
   *
   * @param <T> the type of the value
   * @param setting with a name there
   * @return what it says
   * @throws WeightsException if that is none
   */
  public <T> Optional<T> stored(Setting<T> setting) {
    return setting.stored(checkpoint.metadata());
  }

  /**
   * Tells whether there is a tensor.
   *
   * @param key its name
   * @return whether it is there
   */
  public boolean has(String key) {
    return checkpoint.find(key).isPresent();
  }

  /**
   * Whether a key ends so. Where one layer has what only some networks have, the others need it
   * too, and a layer that lacks it is found then.
   *
   * @param suffix of a key
   * @return whether any ends so
   */
  public boolean hasAny(String suffix) {
    return checkpoint.keys().stream().anyMatch(key -> key.endsWith(suffix));
  }

  /**
   * Returns a shape.
   *
   * @param key of a tensor
   * @param axes their names, with commas between them
   * @return the shape, each axis of 1 to 2^31 - 1
   * @throws WeightsException if it is missing or has another number of axes
   */
  public Shape shape(String key, String axes) {
    Shape shape =
        checkpoint
            .find(key)
            .orElseThrow(
                () ->
                    new WeightsException(
                        "%s is missing; expected (%s)".formatted(checkpoint.nameBefore(key), axes)))
            .shape();
    if (shape.rank() != axes.split(",", -1).length || shape.elements() == 0) {
      throw new WeightsException(
          "%s is %s; expected (%s)".formatted(checkpoint.nameBefore(key), shape, axes));
    }
    for (long size : shape.toArray()) {
      if (size > Integer.MAX_VALUE) {
        throw new WeightsException(
            "%s is %s; expected (%s) of at most %d each"
                .formatted(checkpoint.nameBefore(key), shape, axes, Integer.MAX_VALUE));
      }
    }
    return shape;
  }

  /**
   * Returns the size of an axis.
   *
   * @param key of a tensor
   * @param axes as of {@link #shape}
   * @param axis from 0
   * @return its size
   * @throws WeightsException as of {@link #shape}
   */
  public int size(String key, String axes, int axis) {
    return (int) shape(key, axes).size(axis);
  }

  /**
   * Counts layers.
   *
   * @param start what stands before their numbers, such as {@code layers.}
   * @return how many have a key
   * @throws WeightsException if one of them is missing
   */
  public int depth(String start) {
    Pattern pattern = Pattern.compile(Pattern.quote(start) + "(\\d{1,9})\\..*");
    TreeSet<Integer> layers = new TreeSet<>();
    for (String key : checkpoint.keys()) {
      Matcher matcher = pattern.matcher(key);
      if (matcher.matches()) {
        layers.add(Integer.parseInt(matcher.group(1)));
      }
    }
    int depth = 0;
    for (int layer : layers) {
      if (layer != depth) {
        throw new WeightsException(
            "%s%d is missing, though there is %s%d".formatted(start, depth, start, layer));
      }
      depth++;
    }
    return depth;
  }

  /**
   * Counts the stages of a pyramid.
   *
   * @param start what stands before their numbers, such as {@code stages.}
   * @return how many have a key, at most 8
   * @throws WeightsException if one of them is missing, or if there are more
   */
  public int stages(String start) {
    int count = depth(start);
    if (count < 1 || count > MAX_STAGES) {
      throw new WeightsException(
          "there are %d stages '%s#'; expected 1 to %d".formatted(count, start, MAX_STAGES));
    }
    return count;
  }

  /**
   * Requires that a convolution of planes can be run.
   *
   * @param key of its weight, (outputs, colours, side, side)
   * @param side that the family's kernels have
   * @throws WeightsException if it has another side, or too many colours
   */
  public void requireKernel(String key, int side) {
    Shape shape = shape(key, "outputs, colours, side, side");
    if (shape.size(2) != side
        || shape.size(3) != side
        || shape.size(1) * side * side > PlanarConv2d.MAX_DEPTH) {
      throw new WeightsException(
          "%s is %s; expected (outputs, colours, %d, %d) with at most %d inputs"
              .formatted(checkpoint.nameBefore(key), shape, side, side, PlanarConv2d.MAX_DEPTH));
    }
  }

  /**
   * Returns the side of a depthwise convolution.
   *
   * @param key of its weight, (channels, 1, side, side)
   * @return 3, 5 or 7
   * @throws WeightsException if it has another side
   */
  public int depthwiseSide(String key) {
    Shape shape = shape(key, "channels, 1, side, side");
    long side = shape.size(2);
    if (side != 3 && side != 5 && side != 7) {
      throw new WeightsException(
          "%s is %s; expected (channels, 1, side, side) with a side of 3, 5 or 7"
              .formatted(checkpoint.nameBefore(key), shape));
    }
    return (int) side;
  }

  /**
   * Returns the side of the square grid that a position embedding was trained for.
   *
   * @param key of the embedding, (1, rows, dim)
   * @param extra rows that are those of class tokens
   * @return rows and columns
   * @throws WeightsException if the other rows are no square grid
   */
  public int trainedSide(String key, int extra) {
    Shape shape = shape(key, "1, tokens, dim");
    int patches = (int) shape.size(1) - extra;
    int side = (int) Math.sqrt(patches);
    if (side < 1 || side * side != patches) {
      throw new WeightsException(
          "%s is %s: %d rows beside %d class tokens are no square grid"
              .formatted(checkpoint.nameBefore(key), shape, patches, extra));
    }
    return side;
  }

  /**
   * Chooses the size of images: what settings say, or else the size that the network was trained
   * for.
   *
   * @param patch side of a patch in pixels
   * @param stride pixels between patches
   * @param trainedSide of the grid of patches, or 0 if nothing tells it
   * @return the size
   * @throws WeightsException if a file asks for more than it may
   */
  public ImageSize image(int patch, int stride, int trainedSide) {
    Optional<Integer> height = settings.get(Settings.IMAGE_HEIGHT);
    Optional<Integer> width = settings.get(Settings.IMAGE_WIDTH);
    ImageSize image =
        new ImageSize(
            height.orElseGet(() -> side(Settings.IMAGE_HEIGHT, patch, stride, trainedSide)),
            width.orElseGet(() -> side(Settings.IMAGE_WIDTH, patch, stride, trainedSide)));
    if (height.isEmpty() || width.isEmpty()) {
      requireModest(image, patch, stride);
    }
    return image;
  }

  /** Several sizes have the trained grid; the file may say which of them it was trained for. */
  private int side(Setting<Integer> setting, int patch, int stride, int trainedSide) {
    int said = stored(setting).orElse(0);
    if (said >= patch && (trainedSide == 0 || (said - patch) / stride + 1 == trainedSide)) {
      return said;
    }
    long size =
        trainedSide > 0 ? (trainedSide - 1L) * stride + patch : Math.max(USUAL_IMAGE_SIZE, patch);
    if (size > Integer.MAX_VALUE) {
      throw new WeightsException(
          "pos_embed is for %d x %d patches: with a stride of %d and patches of %d, images would"
                  .formatted(trainedSide, trainedSide, stride, patch)
              + " be %d pixels wide".formatted(size));
    }
    return (int) size;
  }

  /** Refuses images that a file decides on and that take more than a file may ask for. */
  private static void requireModest(ImageSize image, int patch, int stride) {
    long rows = (image.height() - (long) patch) / stride + 1;
    long columns = (image.width() - (long) patch) / stride + 1;
    if ((long) image.height() * image.width() > MAX_PIXELS || rows * columns > MAX_PATCHES) {
      throw new WeightsException(
          "the file decides on images of %d x %d pixels in %d x %d patches; a file may have %d pixels"
                  .formatted(image.height(), image.width(), rows, columns, MAX_PIXELS)
              + " in %d patches. Choose the image size yourself".formatted(MAX_PATCHES));
    }
  }
}

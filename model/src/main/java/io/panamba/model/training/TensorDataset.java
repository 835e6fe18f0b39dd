package io.panamba.model.training;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.StoredTensor;
import io.panamba.model.image.RgbImage;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.zip.CRC32;

/** Pictures and classes in the tensors of one file. */
final class TensorDataset implements LabelledDataset {
  private static final String NUMBER = "(-?[0-9]+(?:\\.[0-9]+)?)";
  private static final Pattern RANGE = Pattern.compile(NUMBER + "\\.\\." + NUMBER);
  private static final int CHANNELS = 3;
  private static final long CHUNK = 1 << 17;
  private static final int MAX_IMAGES = Integer.MAX_VALUE - 8;
  private static final int MAX_PIXELS = Integer.MAX_VALUE / CHANNELS / Double.BYTES;

  /**
   * Classes that any data may have; more need an image for each. One label alone would otherwise
   * decide on the memory of a head with its gradients and moments.
   */
  private static final int FREE_CLASSES = 1000;

  private final Checkpoint file;
  private final StoredTensor images;
  private final int[] labels;
  private final List<String> classes;
  private final int colours;
  private final int height;
  private final int width;
  private final double black;
  private final double white;

  private TensorDataset(Checkpoint file) {
    this.file = file;
    images = tensor("image");
    Shape shape = images.shape();
    boolean numbers = images.dtype() == DType.U8 || images.dtype().isFloating();
    if (!numbers
        || shape.rank() != 4
        || shape.elements() == 0
        || shape.size(0) > MAX_IMAGES
        || (shape.size(1) != 1 && shape.size(1) != CHANNELS)
        || shape.size(2) * shape.size(3) > MAX_PIXELS
        || !images.isContiguous()) {
      throw failure(
          "image is %s%s; expected (count, 1 or 3, height, width) of U8 or floating point"
              .formatted(images.dtype(), shape));
    }
    colours = (int) shape.size(1);
    height = (int) shape.size(2);
    width = (int) shape.size(3);
    labels = labels(tensor("label"), shape.size(0));
    int largest = IntStream.of(labels).max().orElseThrow();
    if (largest == 0) {
      throw failure("every label is 0; at least two classes are needed");
    }
    classes = numbers(largest + 1);
    String range =
        file.metadata().getOrDefault("range", images.dtype() == DType.U8 ? "0..255" : "0..1");
    Matcher matcher = RANGE.matcher(range);
    if (!matcher.matches()) {
      throw failure(
          "the metadata's range is '%s'; expected two numbers as in 0..255".formatted(range));
    }
    black = Double.parseDouble(matcher.group(1));
    white = Double.parseDouble(matcher.group(2));
    if (black == white) {
      throw failure("the metadata's range '%s' is empty".formatted(range));
    }
  }

  static TensorDataset open(Path path) {
    Checkpoint file = Checkpoint.open(path);
    try {
      return new TensorDataset(file);
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private DatasetException failure(String message) {
    return new DatasetException(file.path() + ": " + message);
  }

  private StoredTensor tensor(String key) {
    return file.find(key)
        .orElseThrow(
            () -> failure("there is no tensor '%s'; expected image and label".formatted(key)));
  }

  private int[] labels(StoredTensor tensor, long count) {
    if (tensor.dtype().isFloating()
        || tensor.shape().rank() != 1
        || tensor.shape().size(0) != count
        || !tensor.isContiguous()) {
      throw failure(
          "label is %s%s; expected (%d) of whole numbers"
              .formatted(tensor.dtype(), tensor.shape(), count));
    }
    int[] values = new int[(int) count];
    long most = Math.max(FREE_CLASSES, count);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = tensor.copy(arena);
      for (int i = 0; i < values.length; i++) {
        long label = whole(tensor, data, i);
        if (label < 0 || label >= most) {
          throw failure(
              "label %d is %d; expected 0 to %d: there are at most %d classes, or as many as images"
                  .formatted(i, label, most - 1, FREE_CLASSES));
        }
        values[i] = (int) label;
      }
    }
    return values;
  }

  private static long whole(StoredTensor tensor, MemorySegment data, long i) {
    return switch (tensor.dtype().bytes()) {
      case 1 ->
          tensor.dtype() == DType.I8
              ? data.get(ValueLayout.JAVA_BYTE, i)
              : data.get(ValueLayout.JAVA_BYTE, i) & 0xff;
      case 2 ->
          data.get(
              ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), i * Short.BYTES);
      case 4 ->
          data.get(
              ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), i * Integer.BYTES);
      default ->
          data.get(
              ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), i * Long.BYTES);
    };
  }

  /** Names made when they are asked for: a single label, not the file's size, says how many. */
  private static List<String> numbers(int count) {
    return new AbstractList<>() {
      @Override
      public String get(int index) {
        return Integer.toString(Objects.checkIndex(index, count));
      }

      @Override
      public int size() {
        return count;
      }
    };
  }

  @Override
  public int size() {
    return labels.length;
  }

  @Override
  public List<String> classes() {
    return classes;
  }

  @Override
  public int label(int index) {
    return labels[index];
  }

  @Override
  public RgbImage image(int index) {
    try {
      return read(index);
    } catch (OutOfMemoryError e) {
      throw DatasetException.memory(file.path(), e);
    }
  }

  private RgbImage read(int index) {
    int plane = height * width;
    byte[] pixels = new byte[plane * CHANNELS];
    byte[] stored = new byte[colours * plane * images.dtype().bytes()];
    MemorySegment elements = MemorySegment.ofArray(stored);
    images.read((long) index * colours * plane, elements);
    for (int c = 0; c < CHANNELS; c++) {
      int from = colours == 1 ? 0 : c * plane;
      for (int i = 0; i < plane; i++) {
        double level = (images.element(elements, from + i) - black) / (white - black);
        pixels[i * CHANNELS + c] = (byte) Math.clamp(Math.round(level * 255), 0, 255);
      }
    }
    return RgbImage.of(width, height, pixels);
  }

  @Override
  public String fingerprint() {
    CRC32 sum = new CRC32();
    int size = images.dtype().bytes();
    long count = images.shape().elements();
    byte[] chunk = new byte[(int) Math.min(CHUNK, count) * size];
    for (long first = 0; first < count; first += CHUNK) {
      int bytes = (int) Math.min(CHUNK, count - first) * size;
      images.read(first, MemorySegment.ofArray(chunk).asSlice(0, bytes));
      sum.update(chunk, 0, bytes);
    }
    for (int label : labels) {
      for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
        sum.update(label >>> shift);
      }
    }
    return "pictures %s%s of %s..%s, sum %08x"
        .formatted(images.dtype(), images.shape(), black, white, sum.getValue());
  }

  @Override
  public void close() {
    file.close();
  }
}

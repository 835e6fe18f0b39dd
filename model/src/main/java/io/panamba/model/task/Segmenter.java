package io.panamba.model.task;

import io.panamba.model.Inference;
import io.panamba.model.InferencePool;
import io.panamba.model.Labels;
import io.panamba.model.Network;
import io.panamba.model.NonFiniteException;
import io.panamba.model.PoolCounts;
import io.panamba.model.PoolListener;
import io.panamba.model.Pooled;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Task;
import io.panamba.model.image.ImageException;
import io.panamba.model.image.RgbImage;
import io.panamba.model.image.SegmentationTransform;
import io.panamba.model.memory.CountingArena;
import io.panamba.model.segmentation.Ade20k;
import io.panamba.model.segmentation.LabelMap;
import io.panamba.model.segmentation.Palette;
import io.panamba.model.segmentation.Segmentation;
import io.panamba.model.upernet.UpernetConfig;
import io.panamba.model.windows.PixelLabels;
import io.panamba.model.windows.SlidingWindows;
import io.panamba.model.windows.WindowedLogits;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Grid;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;

/**
 * Tells the class of every pixel of an image (mmsegmentation's {@code slide_inference} and {@code
 * whole_inference}). Usable from many threads at once.
 */
public final class Segmenter implements Predictor<RgbImage, Segmentation>, Pooled {
  private static final int ALIGNMENT = 64;

  private final Network network;
  private final UpernetConfig config;
  private final InferencePool pool;
  private final SegmentationTransform transform;
  private final List<String> names;
  private final Palette palette;
  private final boolean whole;
  private final int stride;

  /**
   * Creates a segmenter that sees pictures as the network was trained: window by window if it has a
   * position embedding, and at once otherwise.
   *
   * @param network a segmentation network; it has to outlive the segmenter
   * @param labels of its classes
   * @param concurrency most inferences at a time
   * @throws io.panamba.model.checkpoint.WeightsException if it is of another kind
   * @throws IllegalArgumentException if its images are not square
   */
  public Segmenter(Network network, Labels labels, int concurrency) {
    this(network, labels, concurrency, defaults(network));
  }

  /**
   * Creates a segmenter.
   *
   * @param network a segmentation network; it has to outlive the segmenter
   * @param labels of its classes
   * @param concurrency most inferences at a time
   * @param options how it sees pictures
   * @throws io.panamba.model.checkpoint.WeightsException if the network is of another kind
   * @throws IllegalArgumentException if its images are not square, or windows would leave gaps
   */
  public Segmenter(Network network, Labels labels, int concurrency, SegmentationOptions options) {
    this.network = network;
    this.config = config(network);
    int side = config.image().height();
    if (side != config.image().width()) {
      throw new IllegalArgumentException(
          "windows are square, not of %s pixels".formatted(config.image()));
    }
    this.whole = options.whole();
    this.stride = options.stride() == 0 ? Math.max(1, 2 * side / 3) : options.stride();
    if (stride > side) {
      throw new IllegalArgumentException(
          "windows of %d pixels that are %d apart leave gaps".formatted(side, stride));
    }
    this.pool = new InferencePool(network, options(side, side), concurrency);
    this.transform = new SegmentationTransform(side, config.preprocessing());
    this.names = labels.names(config.classes());
    this.palette =
        network
            .palette()
            .orElseGet(
                () ->
                    names.equals(Ade20k.names())
                        ? Ade20k.palette()
                        : Palette.generated(config.classes()));
  }

  /**
   * Tells how a network sees pictures.
   *
   * @param network a segmentation network
   * @return window by window if it has a position embedding
   * @throws io.panamba.model.checkpoint.WeightsException if it is of another kind
   */
  public static SegmentationOptions defaults(Network network) {
    return new SegmentationOptions(!config(network).slides(), 0);
  }

  private static UpernetConfig config(Network network) {
    NetworkConfig config = network.config();
    Tasks.require(config, Task.SEGMENTATION);
    return (UpernetConfig) config;
  }

  private static InferenceOptions options(int height, int width) {
    return new InferenceOptions(1, height, width, true, false, false);
  }

  /**
   * Segments an image.
   *
   * @param image any size, upright
   * @param wait as in {@link InferencePool#withInference(Duration, java.util.function.Function)}
   * @return a class for every pixel of the image
   * @throws NonFiniteException if a logit is NaN or infinite
   * @throws ImageException if the picture is too long to be resized
   * @throws io.panamba.model.PoolTimeoutException if no inference became free in that time
   * @throws io.panamba.model.memory.InferenceInterruptedException if the thread would have to wait
   *     and is interrupted
   * @throws IllegalStateException if this is closed
   */
  @Override
  public Segmentation predict(RgbImage image, Duration wait) {
    return pool.withInference(wait, inference -> segment(image, inference));
  }

  private Segmentation segment(RgbImage image, Inference inference) {
    return new Segmentation(
        whole ? atOnce(image, inference) : byWindows(image, inference), names, palette);
  }

  private LabelMap byWindows(RgbImage image, Inference inference) {
    RgbImage resized = transform.resize(image);
    SlidingWindows windows =
        SlidingWindows.of(resized.height(), resized.width(), transform.side(), stride);
    Grid grid = config.grid();
    try (CountingArena arena = CountingArena.ofWorkspace()) {
      long each = grid.pixels() * config.classes() * Float.BYTES;
      MemorySegment logits = arena.allocate(each * windows.count(), ALIGNMENT);
      for (int i = 0; i < windows.count(); i++) {
        transform.writeWindow(resized, windows.left(i), windows.top(i), inference.image());
        run(inference);
        MemorySegment.copy(inference.logits().segment(), 0, logits, i * each, each);
      }
      return labels(image, windows, grid, logits);
    }
  }

  /** Another size has a plan of its own, for which the one that was lent stands. */
  private LabelMap atOnce(RgbImage image, Inference lent) {
    RgbImage resized = transform.resizeWhole(image);
    if (resized.height() == lent.options().height() && resized.width() == lent.options().width()) {
      return whole(image, resized, lent);
    }
    try (Inference own = network.plan(options(resized.height(), resized.width()))) {
      return whole(image, resized, own);
    }
  }

  private LabelMap whole(RgbImage image, RgbImage resized, Inference inference) {
    int height = resized.height();
    int width = resized.width();
    Tensor input = inference.image();
    config.preprocessing().transform(height, width).normalise(resized, input);
    run(inference);
    Grid grid = config.withImage(new ImageSize(height, width)).grid();
    return labels(image, SlidingWindows.whole(height, width), grid, inference.logits().segment());
  }

  private static void run(Inference inference) {
    inference.run();
    inference.requireFinite(0);
  }

  private LabelMap labels(RgbImage image, SlidingWindows windows, Grid grid, MemorySegment logits) {
    WindowedLogits all =
        new WindowedLogits(
            windows,
            Math.toIntExact(grid.height()),
            Math.toIntExact(grid.width()),
            config.classes(),
            logits);
    return PixelLabels.of(all, image.height(), image.width(), 1);
  }

  @Override
  public PoolCounts counts() {
    return pool.counts();
  }

  @Override
  public void addListener(PoolListener listener) {
    pool.addListener(listener);
  }

  /** Plans every inference and runs each once, so that the first image pays for nothing. */
  @Override
  public void warmUp() {
    pool.warmUp();
  }

  /** Frees the inferences, not the network. */
  @Override
  public void close() {
    pool.close();
  }
}

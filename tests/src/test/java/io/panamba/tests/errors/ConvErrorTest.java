package io.panamba.tests.errors;

import static io.panamba.tests.errors.Refusal.bf16;
import static io.panamba.tests.errors.Refusal.f32;
import static io.panamba.tests.errors.Refusal.f64;
import static io.panamba.tests.errors.Refusal.packed;
import static io.panamba.tests.errors.Refusal.readOnly;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.ShapeException;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Conv2d;
import io.panamba.runtime.operation.Conv2dGradient;
import io.panamba.runtime.operation.DepthwiseConv;
import io.panamba.runtime.operation.DepthwiseConvGradient;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.PlanarConv2d;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Grids, kernels and convolutions over them, whose sizes or tensors do not fit. */
class ConvErrorTest {
  private static final Linear.Activation NONE = Linear.Activation.NONE;

  /** 3 x 3 taps make 2 x 2 pixels of 3 x 4. */
  private static final Kernel KERNEL = Kernel.square(3, 2, 1);

  @ParameterizedTest
  @CsvSource({"0, 3", "3, 0", "-1, 3", "3, -1", "2147483648, 1", "1, 2147483648"})
  void grid(long height, long width) {
    assertThatThrownBy(() -> new Grid(height, width))
        .isInstanceOf(ShapeException.class)
        .hasMessage("grid: %d x %d is no size of a grid", height, width);
  }

  @ParameterizedTest
  @CsvSource({"0, 3", "3, 0", "-1, 3", "3, -1", "17, 3", "3, 17"})
  void taps(int height, int width) {
    assertThatThrownBy(() -> new Kernel(height, width, 1, 0))
        .isInstanceOf(ShapeException.class)
        .hasMessage("kernel: %d x %d taps; expected 1 to 16 each", height, width);
  }

  @ParameterizedTest
  @CsvSource({"0", "-1", "17"})
  void stride(int stride) {
    assertThatThrownBy(() -> Kernel.square(3, stride, 0))
        .isInstanceOf(ShapeException.class)
        .hasMessage("kernel: a stride of %d; expected 1 to 16", stride);
  }

  @ParameterizedTest
  @CsvSource({"3, 3, 3", "3, 2, 2", "2, 3, 2", "3, 3, -1"})
  void padding(int height, int width, int padding) {
    assertThatThrownBy(() -> new Kernel(height, width, 1, padding))
        .isInstanceOf(ShapeException.class)
        .hasMessage(
            "kernel: a padding of %d; expected fewer than the kernel's %d x %d taps",
            padding, height, width);
  }

  @ParameterizedTest
  @CsvSource({"2, 9", "9, 1"})
  void tooSmallAnImage(int height, int width) {
    assertThatThrownBy(() -> new Kernel(5, 4, 1, 1).over(new Grid(height, width)))
        .isInstanceOf(ShapeException.class)
        .hasMessage(
            "kernel: 5 x 4 taps with a padding of 1 do not fit an image of %d x %d", height, width);
  }

  /** A convolution of 12 pixels of 5 channels to 4 of 6 columns, of two images. */
  private static final class OfConv {
    private Columns input = Columns.of(f32(2, 12, 5));
    private Grid grid = new Grid(3, 4);
    private PackedMatrix weight = packed(9, 6, 5);
    private Tensor bias = f32(6);
    private Kernel kernel = KERNEL;
    private boolean transposed;
    private Linear.Activation activation = NONE;
    private Grid outGrid = new Grid(2, 2);
    private Tensor out = f32(2, 4, 6);

    Operation make() {
      return new Conv2d(input, grid, weight, bias, kernel, transposed, 0, activation, outGrid, out);
    }
  }

  private static Refusal conv(String message, Consumer<OfConv> change) {
    return new Refusal(
        "conv2d: " + message,
        () -> {
          OfConv conv = new OfConv();
          change.accept(conv);
          return conv.make();
        });
  }

  static Stream<Refusal> convs() {
    Tensor shared = f32(2, 4, 5);
    return Stream.of(
        conv("input is missing", c -> c.input = null),
        conv("grid is missing", c -> c.grid = null),
        conv("weight is missing", c -> c.weight = null),
        conv("kernel is missing", c -> c.kernel = null),
        conv("activation is missing", c -> c.activation = null),
        conv("outGrid is missing", c -> c.outGrid = null),
        conv(
            "input is F32(2, 11, 5); expected (batch, 12, ...), the pixels of 3 x 4",
            c -> c.input = Columns.of(f32(2, 11, 5))),
        conv(
            "input is F32(24, 5); expected (batch, 12, ...), the pixels of 3 x 4",
            c -> c.input = Columns.of(f32(24, 5))),
        conv(
            "input is F32(0, 12, 5); expected (batch, 12, ...), the pixels of 3 x 4",
            c -> c.input = Columns.of(f32(0, 12, 5))),
        conv(
            "the input is BF16(2, 12, 5), the weight is 9 times packed F32(6, 5): their types"
                + " differ",
            c -> c.input = Columns.of(bf16(2, 12, 5))),
        conv(
            "the weight is packed F32(6, 5); expected 9 matrices of 5 inputs, at most 8192",
            c -> c.weight = packed(6, 5)),
        conv(
            "the weight is 9 times packed F32(6, 4); expected 9 matrices of 5 inputs, at most 8192",
            c -> c.weight = packed(9, 6, 4)),
        conv(
            "the weight is packed F32(1, 8193); expected 1 matrices of 8193 inputs, at most 8192",
            c -> {
              c.kernel = Kernel.square(1, 1, 0);
              c.grid = new Grid(1, 1);
              c.input = Columns.of(f32(1, 1, 8193));
              c.weight = packed(1, 8193);
            }),
        conv(
            "a kernel of Kernel[height=3, width=3, stride=2, padding=1] makes 2 x 2 of 3 x 4, not 2"
                + " x 3",
            c -> c.outGrid = new Grid(2, 3)),
        conv(
            "a kernel of Kernel[height=3, width=3, stride=2, padding=1] makes 1 x 1 of 2 x 2, not 3"
                + " x 4",
            c -> c.transposed = true),
        conv("bias is F32(5); expected F32(6)", c -> c.bias = f32(5)),
        conv("out is null; expected F32 or BF16 with 3 axes", c -> c.out = null),
        conv("out is F64(2, 4, 6); expected F32 or BF16 with 3 axes", c -> c.out = f64(2, 4, 6)),
        conv(
            "out is F32(2, 2, 2, 6); expected F32 or BF16 with 3 axes",
            c -> c.out = f32(2, 2, 2, 6)),
        conv("out is F32(2, 5, 6); expected F32(2, 4, 6)", c -> c.out = f32(2, 5, 6)),
        conv("out is F32(1, 4, 6); expected F32(2, 4, 6)", c -> c.out = f32(1, 4, 6)),
        conv("out is BF16(2, 4, 5); expected BF16(2, 4, 6)", c -> c.out = bf16(2, 4, 5)),
        conv(
            "out is read-only: F32(2, 4, 6); expected memory that can be written",
            c -> c.out = readOnly(2, 4, 6)),
        conv(
            "out F32(2, 4, 5) shares memory with input F32(2, 4, 5); expected memory of its own",
            c -> {
              c.grid = new Grid(2, 2);
              c.kernel = Kernel.square(3, 1, 1);
              c.weight = packed(9, 5, 5);
              c.bias = null;
              c.input = Columns.of(shared);
              c.out = shared;
            }),
        new Refusal(
            "conv2d: grid is missing",
            () ->
                Conv2d.of(f32(2, 12, 5), null, packed(9, 6, 5), null, KERNEL, NONE, f32(2, 4, 6))),
        new Refusal(
            "conv2d: kernel is missing",
            () ->
                Conv2d.of(
                    f32(2, 12, 5),
                    new Grid(3, 4),
                    packed(9, 6, 5),
                    null,
                    null,
                    NONE,
                    f32(2, 4, 6))),
        new Refusal(
            "columns: the tensor is missing",
            () ->
                Conv2d.of(
                    null, new Grid(3, 4), packed(9, 6, 5), null, KERNEL, NONE, f32(2, 4, 6))));
  }

  @ParameterizedTest
  @MethodSource("convs")
  void conv2d(Refusal refusal) {
    refusal.check();
  }

  /** A convolution of images of 3 x 4 pixels to 4 of 6 columns. */
  private static final class OfPlanes {
    private Tensor image = f32(2, 3, 3, 4);
    private PackedMatrix weight = packed(6, 27);
    private Tensor bias = f32(6);
    private Kernel kernel = KERNEL;
    private Linear.Activation activation = NONE;
    private Tensor out = f32(2, 4, 6);

    Operation make() {
      return new PlanarConv2d(image, null, weight, bias, kernel, activation, out);
    }
  }

  private static Refusal planes(String message, Consumer<OfPlanes> change) {
    return new Refusal(
        message,
        () -> {
          OfPlanes planes = new OfPlanes();
          change.accept(planes);
          return planes.make();
        });
  }

  static Stream<Refusal> planars() {
    Tensor shared = f32(1, 1, 2, 2);
    return Stream.of(
        planes("planar conv2d: weight is missing", c -> c.weight = null),
        planes("planar conv2d: kernel is missing", c -> c.kernel = null),
        planes("planar conv2d: activation is missing", c -> c.activation = null),
        planes("planar conv2d: image is null; expected F32 with 4 axes", c -> c.image = null),
        planes(
            "planar conv2d: image is BF16(2, 3, 3, 4); expected F32 with 4 axes",
            c -> c.image = bf16(2, 3, 3, 4)),
        planes(
            "planar conv2d: image is F32(2, 12, 3); expected F32 with 4 axes",
            c -> c.image = f32(2, 12, 3)),
        planes("planar conv2d: image is empty: F32(0, 3, 3, 4)", c -> c.image = f32(0, 3, 3, 4)),
        planes(
            "planar conv2d: the weight is packed F32(6, 26); expected 27 inputs, at most 768",
            c -> c.weight = packed(6, 26)),
        planes(
            "planar conv2d: the weight is 9 times packed F32(6, 27); expected 27 inputs, at most"
                + " 768",
            c -> c.weight = packed(9, 6, 27)),
        planes(
            "planar conv2d: the weight is packed F32(6, 774); expected 774 inputs, at most 768",
            c -> {
              c.image = f32(1, 86, 3, 4);
              c.weight = packed(6, 774);
            }),
        planes(
            "kernel: 3 x 3 taps with a padding of 0 do not fit an image of 2 x 4",
            c -> {
              c.kernel = Kernel.square(3, 1, 0);
              c.image = f32(2, 3, 2, 4);
            }),
        planes("planar conv2d: bias is F32(7); expected F32(6)", c -> c.bias = f32(7)),
        planes("planar conv2d: out is null; expected F32 or BF16 with 3 axes", c -> c.out = null),
        planes(
            "planar conv2d: out is F32(8, 6); expected F32 or BF16 with 3 axes",
            c -> c.out = f32(8, 6)),
        planes(
            "planar conv2d: out is F32(2, 6, 6); expected F32(2, 4, 6)", c -> c.out = f32(2, 6, 6)),
        planes(
            "planar conv2d: out is read-only: F32(2, 4, 6); expected memory that can be written",
            c -> c.out = readOnly(2, 4, 6)),
        planes(
            "planar conv2d: out F32(1, 4, 1) shares memory with image F32(1, 1, 2, 2); expected"
                + " memory of its own",
            c -> {
              c.image = shared;
              c.kernel = Kernel.square(1, 1, 0);
              c.weight = packed(1, 1);
              c.bias = null;
              c.out = shared.reshape(Shape.of(1, 4, 1));
            }));
  }

  @ParameterizedTest
  @MethodSource("planars")
  void planarConv2d(Refusal refusal) {
    refusal.check();
  }

  /** The gradient of the weight of {@link OfConv}. */
  private static final class OfGradient {
    private Tensor input = f32(2, 12, 5);
    private Grid grid = new Grid(3, 4);
    private Tensor outGradient = f32(2, 4, 6);
    private Kernel kernel = KERNEL;
    private Tensor weightGradient = f32(9, 5, 6);

    Operation make() {
      return new Conv2dGradient(input, grid, outGradient, kernel, 0, weightGradient);
    }
  }

  private static Refusal gradient(String message, Consumer<OfGradient> change) {
    return new Refusal(
        message,
        () -> {
          OfGradient gradient = new OfGradient();
          change.accept(gradient);
          return gradient.make();
        });
  }

  private static OfGradient square(OfGradient g) {
    g.grid = new Grid(1, 9);
    g.kernel = Kernel.square(3, 1, 1);
    g.input = f32(5, 9, 5);
    g.outGradient = f32(5, 9, 5);
    return g;
  }

  static Stream<Refusal> gradients() {
    Tensor shared = f32(5, 9, 5);
    return Stream.of(
        gradient("conv2d gradient: grid is missing", g -> g.grid = null),
        gradient("conv2d gradient: kernel is missing", g -> g.kernel = null),
        gradient("conv2d gradient: input is null; expected F32 with 3 axes", g -> g.input = null),
        gradient(
            "conv2d gradient: input is BF16(2, 12, 5); expected F32 with 3 axes",
            g -> g.input = bf16(2, 12, 5)),
        gradient("conv2d gradient: input is empty: F32(0, 12, 5)", g -> g.input = f32(0, 12, 5)),
        gradient(
            "conv2d gradient: input is F32(2, 11, 5); expected F32(2, 12, 5)",
            g -> g.input = f32(2, 11, 5)),
        gradient(
            "conv2d gradient: the input has 8193 channels; expected at most 8192",
            g -> {
              g.grid = new Grid(1, 1);
              g.input = f32(1, 1, 8193);
            }),
        gradient(
            "conv2d gradient: outGradient is null; expected F32 with 3 axes",
            g -> g.outGradient = null),
        gradient(
            "conv2d gradient: outGradient is F32(8, 6); expected F32 with 3 axes",
            g -> g.outGradient = f32(8, 6)),
        gradient(
            "conv2d gradient: outGradient is empty: F32(2, 4, 0)",
            g -> g.outGradient = f32(2, 4, 0)),
        gradient(
            "conv2d gradient: outGradient is F32(2, 5, 6); expected F32(2, 4, 6)",
            g -> g.outGradient = f32(2, 5, 6)),
        gradient(
            "conv2d gradient: outGradient is F32(1, 4, 6); expected F32(2, 4, 6)",
            g -> g.outGradient = f32(1, 4, 6)),
        gradient(
            "kernel: 5 x 5 taps with a padding of 0 do not fit an image of 3 x 4",
            g -> g.kernel = Kernel.square(5, 1, 0)),
        gradient(
            "conv2d gradient: weightGradient is missing; expected F32(9, 5, 6)",
            g -> g.weightGradient = null),
        gradient(
            "conv2d gradient: weightGradient is F32(9, 6, 5); expected F32(9, 5, 6)",
            g -> g.weightGradient = f32(9, 6, 5)),
        gradient(
            "conv2d gradient: weightGradient is read-only: F32(9, 5, 6); expected memory that can"
                + " be written",
            g -> g.weightGradient = readOnly(9, 5, 6)),
        gradient(
            "conv2d gradient: weightGradient F32(9, 5, 5) shares memory with input F32(5, 9, 5);"
                + " expected memory of its own",
            g -> {
              square(g).input = shared;
              g.weightGradient = shared.reshape(Shape.of(9, 5, 5));
            }),
        gradient(
            "conv2d gradient: weightGradient F32(9, 5, 5) shares memory with outGradient F32(5, 9,"
                + " 5); expected memory of its own",
            g -> {
              square(g).outGradient = shared;
              g.weightGradient = shared.reshape(Shape.of(9, 5, 5));
            }));
  }

  @ParameterizedTest
  @MethodSource("gradients")
  void conv2dGradient(Refusal refusal) {
    refusal.check();
  }

  /** A depthwise convolution of two images of 3 x 4 pixels. */
  private static final class OfDepthwise {
    private Columns x = Columns.of(f32(2, 12, 5));
    private Grid grid = new Grid(3, 4);
    private Tensor weight = f32(9, 5);
    private Tensor bias = f32(5);
    private Columns gate = Columns.of(f32(2, 12, 5));
    private Linear.Activation activation = NONE;
    private Columns out = Columns.of(f32(2, 12, 5));

    Operation make() {
      return new DepthwiseConv(x, grid, weight, bias, gate, activation, false, out);
    }
  }

  private static Refusal depthwise(String message, Consumer<OfDepthwise> change) {
    return new Refusal(
        "depthwise conv: " + message,
        () -> {
          OfDepthwise depthwise = new OfDepthwise();
          change.accept(depthwise);
          return depthwise.make();
        });
  }

  static Stream<Refusal> depthwises() {
    Tensor wide = f32(2, 12, 8);
    Tensor longer = f32(4, 12, 5);
    return Stream.of(
        depthwise("x is missing", d -> d.x = null),
        depthwise("grid is missing", d -> d.grid = null),
        depthwise("activation is missing", d -> d.activation = null),
        depthwise("out is missing", d -> d.out = null),
        depthwise(
            "x is F32(2, 11, 5); expected (batch, 12, ...), the pixels of 3 x 4",
            d -> d.x = Columns.of(f32(2, 11, 5))),
        depthwise(
            "x is F32(24, 5); expected (batch, 12, ...), the pixels of 3 x 4",
            d -> d.x = Columns.of(f32(24, 5))),
        depthwise(
            "x is F32(0, 12, 5); expected (batch, 12, ...), the pixels of 3 x 4",
            d -> d.x = Columns.of(f32(0, 12, 5))),
        depthwise("weight is null; expected F32 with 2 axes", d -> d.weight = null),
        depthwise("weight is BF16(9, 5); expected F32 with 2 axes", d -> d.weight = bf16(9, 5)),
        depthwise("weight is F32(3, 3, 5); expected F32 with 2 axes", d -> d.weight = f32(3, 3, 5)),
        depthwise("a kernel has 16 taps; expected 9, 25 or 49", d -> d.weight = f32(16, 5)),
        depthwise("a kernel has 81 taps; expected 9, 25 or 49", d -> d.weight = f32(81, 5)),
        depthwise("a kernel has 1 taps; expected 9, 25 or 49", d -> d.weight = f32(1, 5)),
        depthwise("weight is F32(25, 4); expected F32(25, 5)", d -> d.weight = f32(25, 4)),
        depthwise("bias is F32(4); expected F32(5)", d -> d.bias = f32(4)),
        depthwise(
            "out has 4 columns of F32(2, 12, 4); expected 5 columns of F32(2, 12, ...)",
            d -> d.out = Columns.of(f32(2, 12, 4))),
        depthwise(
            "out has 5 columns of F32(1, 12, 5); expected 5 columns of F32(2, 12, ...)",
            d -> d.out = Columns.of(f32(1, 12, 5))),
        depthwise(
            "out has 5 columns of BF16(2, 12, 5); expected 5 columns of F32(2, 12, ...)",
            d -> d.out = Columns.of(bf16(2, 12, 5))),
        depthwise(
            "out is read-only: F32(2, 12, 5); expected memory that can be written",
            d -> d.out = Columns.of(readOnly(2, 12, 5))),
        depthwise(
            "out Columns[tensor=F32(2, 12, 8), first=3, count=5] shares memory with x"
                + " Columns[tensor=F32(2, 12, 8), first=0, count=5]; expected memory of its own",
            d -> {
              d.x = new Columns(wide, 0, 5);
              d.out = new Columns(wide, 3, 5);
            }),
        depthwise(
            "gate has 5 columns of F32(2, 13, 5); expected 5 columns of F32(2, 12, ...)",
            d -> d.gate = Columns.of(f32(2, 13, 5))),
        depthwise(
            "gate has 5 columns of BF16(2, 12, 5); expected 5 columns of F32(2, 12, ...)",
            d -> d.gate = Columns.of(bf16(2, 12, 5))),
        depthwise(
            "out Columns[tensor=F32(2, 12, 8), first=3, count=5] shares a part of gate"
                + " Columns[tensor=F32(2, 12, 8), first=0, count=5]; expected the same memory or"
                + " memory of its own",
            d -> {
              d.gate = new Columns(wide, 0, 5);
              d.out = new Columns(wide, 3, 5);
            }),
        depthwise(
            "out Columns[tensor=F32(2, 12, 5), first=0, count=5] shares a part of gate"
                + " Columns[tensor=F32(2, 12, 5), first=0, count=5]; expected the same memory or"
                + " memory of its own",
            d -> {
              d.gate = Columns.of(longer.slice(0, 2));
              d.out = Columns.of(longer.slice(1, 2));
            }));
  }

  @ParameterizedTest
  @MethodSource("depthwises")
  void depthwiseConv(Refusal refusal) {
    refusal.check();
  }

  /** The gradient of the parameters of {@link OfDepthwise}. */
  private static final class OfParameters {
    private Columns x = Columns.of(f32(2, 12, 5));
    private Grid grid = new Grid(3, 4);
    private Columns outGradient = Columns.of(f32(2, 12, 5));
    private Tensor parts = f32(2, 10, 5);

    Operation make() {
      return new DepthwiseConvGradient(x, grid, outGradient, parts);
    }
  }

  private static Refusal parameters(String message, Consumer<OfParameters> change) {
    return new Refusal(
        "depthwise conv gradient: " + message,
        () -> {
          OfParameters parameters = new OfParameters();
          change.accept(parameters);
          return parameters.make();
        });
  }

  static Stream<Refusal> parameterGradients() {
    Tensor shared = f32(2, 12, 5);
    Tensor tenPixels = f32(2, 10, 5);
    return Stream.of(
        parameters("x is missing", p -> p.x = null),
        parameters("grid is missing", p -> p.grid = null),
        parameters("outGradient is missing", p -> p.outGradient = null),
        parameters("x is F32(24, 5); expected 3 axes", p -> p.x = Columns.of(f32(24, 5))),
        parameters("x is F32(0, 12, 5); expected 3 axes", p -> p.x = Columns.of(f32(0, 12, 5))),
        parameters(
            "x has 5 columns of F32(2, 11, 5); expected 5 columns of F32(2, 12, ...)",
            p -> p.x = Columns.of(f32(2, 11, 5))),
        parameters(
            "x has 5 columns of BF16(2, 12, 5); expected 5 columns of F32(2, 12, ...)",
            p -> p.x = Columns.of(bf16(2, 12, 5))),
        parameters(
            "outGradient has 4 columns of F32(2, 12, 4); expected 5 columns of F32(2, 12, ...)",
            p -> p.outGradient = Columns.of(f32(2, 12, 4))),
        parameters(
            "outGradient has 5 columns of BF16(2, 12, 5); expected 5 columns of F32(2, 12, ...)",
            p -> p.outGradient = Columns.of(bf16(2, 12, 5))),
        parameters("parameterParts is null; expected F32 with 3 axes", p -> p.parts = null),
        parameters(
            "parameterParts is F32(10, 5); expected F32 with 3 axes", p -> p.parts = f32(10, 5)),
        parameters("a kernel has 8 taps; expected 9, 25 or 49", p -> p.parts = f32(2, 9, 5)),
        parameters(
            "parameterParts is F32(1, 26, 5); expected F32(2, 26, 5)",
            p -> p.parts = f32(1, 26, 5)),
        parameters(
            "parameterParts is F32(2, 50, 6); expected F32(2, 50, 5)",
            p -> p.parts = f32(2, 50, 6)),
        parameters(
            "parameterParts is read-only: F32(2, 10, 5); expected memory that can be written",
            p -> p.parts = readOnly(2, 10, 5)),
        parameters(
            "parameterParts F32(2, 10, 5) shares memory with x F32(2, 10, 5); expected memory of"
                + " its own",
            p -> {
              p.grid = new Grid(2, 5);
              p.x = Columns.of(tenPixels);
              p.outGradient = Columns.of(f32(2, 10, 5));
              p.parts = tenPixels;
            }),
        parameters(
            "parameterParts F32(2, 10, 5) shares memory with outGradient F32(2, 12, 5); expected"
                + " memory of its own",
            p -> {
              p.outGradient = Columns.of(shared);
              p.parts =
                  Tensor.of(shared.segment().asSlice(0, 400), shared.dtype(), Shape.of(2, 10, 5));
            }));
  }

  @ParameterizedTest
  @MethodSource("parameterGradients")
  void depthwiseConvGradient(Refusal refusal) {
    refusal.check();
  }
}

package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.panamba_cuda_epilogue_args;
import io.panamba.bindings.cuda.panamba_cuda_h;
import io.panamba.runtime.DType;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Memory;
import io.panamba.runtime.internal.struct.Codes;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.GatedLinear;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operand;
import io.panamba.runtime.operation.Operation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Writes linear layers: a product of cuBLASLt, and what is done to it, by a kernel of our own. */
final class CudaLinears {
  /** A product that waits for its gate stays in a large GPU's cache: bytes. */
  private static final long MOST_PRODUCT = 32L << 20;

  private final CudaDevice device;
  private final Arena arena;
  private final CudaSteps steps;
  private final CudaArguments arguments;
  private final CudaProducts products;

  CudaLinears(CudaDevice device, Arena arena, Cleanups cleanups, CudaSteps steps) {
    this.device = device;
    this.arena = arena;
    this.steps = steps;
    this.arguments = steps.arguments();
    this.products = new CudaProducts(device, arena, cleanups);
  }

  void add(Linear op) {
    if (isRoundedOnce(op.out(), op.bias(), op.activation())) {
      addInParts(
          op,
          op.input(),
          op.weight(),
          op.bias(),
          op.accumulate(),
          op.activation(),
          false,
          op.out());
      return;
    }
    CudaProducts.Kind kind =
        kind(
            op.input(),
            op.weight(),
            op.weight().columns(),
            op.out(),
            arguments.addresses().of(op.bias()));
    product(op, kind, op.weight(), op.accumulate())
        .place(arguments.addresses().of(op.input()), arguments.addresses().of(op.out()));
    activate(op, op.activation(), op.out());
  }

  void add(GatedLinear op) {
    addInParts(op, op.input(), op.weight(), op.bias(), 0, Linear.Activation.NONE, true, op.out());
  }

  /**
   * Whether a product has to wait in float32 for what comes after it, so that it is rounded once:
   * cuBLASLt adds a bias of the output's type alone.
   */
  static boolean isRoundedOnce(Columns out, Tensor bias, Linear.Activation activation) {
    boolean isFinished = bias == null && activation == Linear.Activation.NONE;
    return out.tensor().dtype() != DType.F32 && !isFinished;
  }

  /** A product of some rows at a time, in the scratch memory, and what is done to it. */
  private void addInParts(
      Operation op,
      Columns input,
      PackedMatrix weight,
      Tensor bias,
      float accumulate,
      Linear.Activation activation,
      boolean gated,
      Columns out) {
    long most = mostRows(out.count(), out.rows());
    for (long first = 0; first < out.rows(); first += most) {
      long rows = Math.min(most, out.rows() - first);
      MemorySegment from = rowsFrom(input, first);
      CudaProducts.Kind kind =
          new CudaProducts.Kind(
              rows,
              out.count(),
              weight.depth(),
              weightStride(weight),
              input.rowStride(),
              out.count(),
              weight.dtype(),
              DType.F32,
              alignment(input, from),
              CudaProducts.alignment(MemorySegment.NULL, out.count() * Float.BYTES),
              arguments.addresses().of(bias).address(),
              null);
      begin(op, accumulate, out, first, rows);
      CudaProduct product = product(op, kind, weight, accumulate);
      steps.whenPlaced(() -> product.place(from, steps.scratch().product()));
      finish(op, activation, gated, out, first, rows);
    }
  }

  /** How many rows of a product may wait at a time. */
  static long mostRows(long columns, long rows) {
    return Math.clamp(MOST_PRODUCT / (columns * Float.BYTES), 1, rows);
  }

  /** Brings what rows of an output hold to the scratch memory, if a product is added to it. */
  void begin(Operation op, float accumulate, Columns out, long first, long rows) {
    if (accumulate != 0) {
      MemorySegment args = arguments.widened(out, rowsFrom(out, first), rows);
      steps.kernel(op, panamba_cuda_h.PANAMBA_CUDA_EPILOGUE(), args);
      steps.whenPlaced(() -> panamba_cuda_epilogue_args.out(args, steps.scratch().product()));
    }
  }

  /** Writes rows of an output from a product in the scratch memory. */
  void finish(
      Operation op,
      Linear.Activation activation,
      boolean gated,
      Columns out,
      long first,
      long rows) {
    steps.scratch().needProduct(rows * out.count() * Float.BYTES);
    MemorySegment to = rowsFrom(out, first);
    MemorySegment args = arguments.epilogue(out, to, rows, activation, gated);
    steps.kernel(op, panamba_cuda_h.PANAMBA_CUDA_EPILOGUE(), args);
    steps.whenPlaced(() -> panamba_cuda_epilogue_args.input(args, steps.scratch().product()));
  }

  /** Puts a float32 output through an activation, where it lies. */
  void activate(Operation op, Linear.Activation activation, Columns out) {
    if (activation != Linear.Activation.NONE) {
      MemorySegment memory = arguments.addresses().of(out);
      MemorySegment args = arguments.epilogue(out, memory, out.rows(), activation, false);
      panamba_cuda_epilogue_args.input(args, memory);
      panamba_cuda_epilogue_args.input_row_stride(args, out.rowStride());
      steps.kernel(op, panamba_cuda_h.PANAMBA_CUDA_EPILOGUE(), args);
    }
  }

  private MemorySegment rowsFrom(Columns columns, long first) {
    return arguments
        .addresses()
        .of(columns)
        .asSlice(first * columns.rowStride() * columns.tensor().dtype().bytes());
  }

  private static long alignment(Columns columns, MemorySegment memory) {
    return CudaProducts.alignment(memory, columns.rowStride() * columns.tensor().dtype().bytes());
  }

  private long weightStride(PackedMatrix weight) {
    return device.context().kernels().packedDepth(weight.depth(), Codes.of(weight.dtype()));
  }

  /**
   * Adds a product.
   *
   * @param accumulate what the output held is multiplied by, before the product is added
   */
  CudaProduct product(
      Operation operation, CudaProducts.Kind kind, PackedMatrix weight, float accumulate) {
    CudaProduct product = prepare(operation, kind, weight, accumulate);
    steps.add(product);
    return product;
  }

  private CudaProduct prepare(
      Operation operation, CudaProducts.Kind kind, PackedMatrix weight, float accumulate) {
    return prepare(operation, products.choose(kind), weight, accumulate);
  }

  /** The product of two layers, or null if no algorithm does both for all numbers of rows. */
  private CudaStep productFrom(Linear first, CudaProducts.Kind kind) {
    Optional<CudaProducts.Choice> choice = products.chooseForAllRows(kind);
    if (choice.isEmpty()) {
      return null;
    }
    CudaProduct product = prepare(first, choice.get(), first.weight(), first.accumulate());
    product.place(arguments.addresses().of(first.input()), arguments.addresses().of(first.out()));
    return product;
  }

  private CudaProduct prepare(
      Operation operation, CudaProducts.Choice choice, PackedMatrix weight, float accumulate) {
    steps.scratch().needWork(choice.workspace());
    return new CudaProduct(
        device,
        choice,
        steps.scratch(),
        operation,
        arguments.addresses().of(weight),
        arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, accumulate));
  }

  /** Two linear layers in one step, or null if they have to be two. */
  CudaStep joint(Linear a, Linear b) {
    return isContinued(a, b) ? continued(a, b) : twins(a, b);
  }

  /**
   * The product of two linear layers of one input whose weights and outputs lie side by side, as
   * those of a layer's parts do.
   */
  private CudaStep continued(Linear a, Linear b) {
    MemorySegment bias = arguments.addresses().of(a.bias());
    CudaProducts.Kind kind =
        kind(a.input(), a.weight(), a.weight().columns() + b.weight().columns(), a.out(), bias);
    return productFrom(a, kind);
  }

  private static boolean isContinued(Linear a, Linear b) {
    boolean isAlike =
        a.input().equals(b.input())
            && a.accumulate() == b.accumulate()
            && a.weight().dtype() == b.weight().dtype()
            // Parts of one size are packed one behind the other; others lie so by chance.
            && a.weight().columns() == b.weight().columns()
            && a.out().tensor() == b.out().tensor();
    boolean isProduct =
        a.activation() == Linear.Activation.NONE
            && b.activation() == Linear.Activation.NONE
            && (a.bias() == null || a.out().tensor().dtype() == DType.F32);
    return isAlike
        && isProduct
        && a.out().first() + a.out().count() == b.out().first()
        && isBehind(Memory.of(a.weight()), Memory.of(b.weight()))
        && (a.bias() == null
            ? b.bias() == null
            : b.bias() != null && isBehind(Memory.of(a.bias()), Memory.of(b.bias())));
  }

  /**
   * Two products of the same sizes as one of two matrices each, such as both directions of a layer
   * have: weights, inputs and outputs of the second lie behind those of the first. Null if not.
   */
  private CudaStep twins(Linear a, Linear b) {
    if (!areAlike(a, b)) {
      return null;
    }
    CudaProducts.Twin twin =
        new CudaProducts.Twin(
            Memory.of(a.weight()).byteSize() / a.weight().dtype().bytes(),
            a.input().tensor().shape().elements(),
            a.out().tensor().shape().elements());
    CudaProducts.Kind kind = kind(a.input(), a.weight(), a.weight().columns(), a.out(), twin);
    return productFrom(a, kind);
  }

  private static boolean areAlike(Linear a, Linear b) {
    return isPlain(a)
        && isPlain(b)
        && a.weight().columns() == b.weight().columns()
        && a.weight().depth() == b.weight().depth()
        && a.weight().dtype() == b.weight().dtype()
        && isBehind(Memory.of(a.weight()), Memory.of(b.weight()))
        && areBehind(a.input(), b.input())
        && areBehind(a.out(), b.out())
        && isApart(a.out(), a, b)
        && isApart(b.out(), a, b);
  }

  /** Whether two products, at the same time, leave each other's inputs alone. */
  private static boolean isApart(Columns out, Linear a, Linear b) {
    return !Operand.overlap(out, a.input()) && !Operand.overlap(out, b.input());
  }

  private static boolean isPlain(Linear op) {
    return op.bias() == null && op.accumulate() == 0 && op.activation() == Linear.Activation.NONE;
  }

  /** Whether the same columns of one tensor and of another, which lies behind it, are meant. */
  private static boolean areBehind(Columns first, Columns second) {
    return first.first() == second.first()
        && first.count() == second.count()
        && first.tensor().dtype() == second.tensor().dtype()
        && first.tensor().shape().equals(second.tensor().shape())
        && isBehind(Memory.of(first.tensor()), Memory.of(second.tensor()));
  }

  private static boolean isBehind(MemorySegment first, MemorySegment second) {
    return first.address() + first.byteSize() == second.address();
  }

  private CudaProducts.Kind kind(
      Columns input, PackedMatrix weight, long columns, Columns out, MemorySegment bias) {
    return new CudaProducts.Kind(
        input.rows(),
        columns,
        weight.depth(),
        weightStride(weight),
        input.rowStride(),
        out.rowStride(),
        weight.dtype(),
        out.tensor().dtype(),
        alignment(input, arguments.addresses().of(input)),
        alignment(out, arguments.addresses().of(out)),
        bias.address(),
        null);
  }

  /** Of two products at a time, whose matrices are aligned alike. */
  private CudaProducts.Kind kind(
      Columns input, PackedMatrix weight, long columns, Columns out, CudaProducts.Twin twin) {
    CudaProducts.Kind one = kind(input, weight, columns, out, MemorySegment.NULL);
    return new CudaProducts.Kind(
        one.rows(),
        one.columns(),
        one.depth(),
        one.weightStride(),
        one.inputStride(),
        one.outStride(),
        one.dtype(),
        one.outType(),
        Math.min(one.inputAlignment(), Long.lowestOneBit(twin.input() * one.dtype().bytes())),
        Math.min(one.outAlignment(), Long.lowestOneBit(twin.out() * one.outType().bytes())),
        0,
        twin);
  }
}

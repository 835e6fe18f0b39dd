package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.panamba_cuda_embedding_args;
import io.panamba.bindings.cuda.panamba_cuda_epilogue_args;
import io.panamba.bindings.cuda.panamba_cuda_gather_args;
import io.panamba.bindings.cuda.panamba_cuda_h;
import io.panamba.bindings.cuda.panamba_cuda_scan_args;
import io.panamba.bindings.panamba_h;
import io.panamba.bindings.panamba_pack_args;
import io.panamba.bindings.panamba_patch_embedding_args;
import io.panamba.bindings.panamba_step;
import io.panamba.runtime.internal.cpu.CpuDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.util.Locale;

/**
 * The kernels of {@link FakeCuda}. Those that panamba.h has too are run by the processor's library
 * on the very structs that a GPU would be given.
 */
final class FakeKernels {
  private static final long SCAN_WORKSPACE = 512;
  private static final CpuDevice PROCESSOR = new CpuDevice(1);

  private final FakeCuda fake;
  private final FakeRuntime runtime;

  FakeKernels(FakeCuda fake, FakeRuntime runtime) {
    this.fake = fake;
    this.runtime = runtime;
  }

  int load() {
    return 0;
  }

  int deviceName(int ordinal, MemorySegment name, long bytes) {
    name.setString(0, "a GPU that is none");
    return 0;
  }

  long workspace(MemorySegment step) {
    return panamba_step.operation(step) == panamba_cuda_h.PANAMBA_CUDA_SCAN() ? SCAN_WORKSPACE : 0;
  }

  long scanChunk(MemorySegment args) {
    return 0;
  }

  int run(MemorySegment step, MemorySegment workspace, MemorySegment stream) {
    int operation = panamba_step.operation(step);
    MemorySegment args = panamba_step.args(step);
    if (operation == panamba_cuda_h.PANAMBA_CUDA_SCAN()) {
      fake.require(workspace.address() != 0, "a scan without its workspace");
      MemorySegment scan = panamba_cuda_scan_args.scan(copy(args, panamba_cuda_scan_args.sizeof()));
      return onProcessor(panamba_h.PANAMBA_SELECTIVE_SCAN(), scan, stream);
    }
    if (operation == panamba_cuda_h.PANAMBA_CUDA_EPILOGUE()) {
      MemorySegment copy = copy(args, panamba_cuda_epilogue_args.sizeof());
      return runtime.on(stream, () -> epilogue(copy));
    }
    if (operation == panamba_cuda_h.PANAMBA_CUDA_GATHER()) {
      MemorySegment copy = copy(args, panamba_cuda_gather_args.sizeof());
      return runtime.on(stream, () -> new FakeGather(copy).run());
    }
    if (operation == panamba_cuda_h.PANAMBA_CUDA_PLACE_TOKENS()) {
      MemorySegment copy = copy(args, panamba_cuda_embedding_args.sizeof());
      MemorySegment product = panamba_cuda_embedding_args.product(copy);
      return runtime.on(stream, () -> place(panamba_cuda_embedding_args.embedding(copy), product));
    }
    return onProcessor(operation, copy(args, sizeOfStruct(operation)), stream);
  }

  private int onProcessor(int operation, MemorySegment args, MemorySegment stream) {
    MemorySegment step = panamba_step.allocate(Arena.ofAuto());
    panamba_step.operation(step, operation);
    panamba_step.args(step, args);
    MemorySegment none = MemorySegment.NULL;
    return runtime.on(
        stream,
        () ->
            fake.require(
                panamba_h.panamba_run(
                        PROCESSOR.executor(), step, 1, args, none, none, none, none, none)
                    == 0,
                "operation %d: %s",
                operation,
                panamba_h.panamba_message().getString(0)));
  }

  /** CUDA copies arguments when a kernel is launched. */
  private static MemorySegment copy(MemorySegment args, long bytes) {
    return Arena.ofAuto().allocate(bytes, Long.BYTES).copyFrom(args.reinterpret(bytes));
  }

  /** The struct of PANAMBA_NAME is panamba_name_args. */
  private static long sizeOfStruct(int operation) {
    for (Method code : panamba_h.class.getMethods()) {
      String struct = "io.panamba.bindings." + code.getName().toLowerCase(Locale.ROOT) + "_args";
      try {
        if (code.getName().startsWith("PANAMBA_") && (int) code.invoke(null) == operation) {
          return (long) Class.forName(struct).getMethod("sizeof").invoke(null);
        }
      } catch (ClassNotFoundException _) {
        // A constant, but no code of an operation.
      } catch (ReflectiveOperationException e) {
        throw new LinkageError(e.getMessage(), e);
      }
    }
    throw new AssertionError("there is no operation " + operation);
  }

  static long packedDepth(long depth, int dtype) {
    int elements = dtype == panamba_h.PANAMBA_F32() ? 4 : 8;
    return Math.ceilDiv(depth, elements) * elements;
  }

  static long packedSize(long columns, long depth, int dtype) {
    int bytes = dtype == panamba_h.PANAMBA_F32() ? Float.BYTES : Short.BYTES;
    return columns * packedDepth(depth, dtype) * bytes;
  }

  /** Packs float32 and bfloat16 alone. */
  int pack(MemorySegment args, MemorySegment held, MemorySegment heldScale) {
    requireOpen(held);
    requireOpen(heldScale);
    FakeNumbers source =
        FakeNumbers.of(panamba_pack_args.source(args), panamba_pack_args.source_dtype(args));
    FakeNumbers packed =
        FakeNumbers.of(panamba_pack_args.packed(args), panamba_pack_args.dtype(args));
    MemorySegment scale = panamba_pack_args.row_scale(args);
    long depth = panamba_pack_args.depth(args);
    long row = packedDepth(depth, panamba_pack_args.dtype(args));
    for (long n = 0; n < panamba_pack_args.columns(args); n++) {
      float factor = scale.address() == 0 ? 1 : new FakeNumbers(scale, false).get(n);
      for (long k = 0; k < row; k++) {
        long at =
            n * panamba_pack_args.column_stride(args) + k * panamba_pack_args.depth_stride(args);
        packed.set(n * row + k, k < depth ? factor * source.get(at) : 0);
      }
    }
    return 0;
  }

  /** Throws what the linker does to a segment that is closed, or another thread's. */
  private static void requireOpen(MemorySegment segment) {
    if (!segment.scope().isAlive()) {
      throw new IllegalStateException("closed");
    }
    if (!segment.isAccessibleBy(Thread.currentThread())) {
      throw new WrongThreadException();
    }
  }

  private static void epilogue(MemorySegment args) {
    FakeNumbers input =
        FakeNumbers.of(
            panamba_cuda_epilogue_args.input(args), panamba_cuda_epilogue_args.input_dtype(args));
    FakeNumbers out =
        FakeNumbers.of(
            panamba_cuda_epilogue_args.out(args), panamba_cuda_epilogue_args.out_dtype(args));
    MemorySegment bias = panamba_cuda_epilogue_args.bias(args);
    MemorySegment gates = panamba_cuda_epilogue_args.gate(args);
    FakeNumbers gate =
        gates.address() == 0
            ? null
            : FakeNumbers.of(gates, panamba_cuda_epilogue_args.out_dtype(args));
    int activation = panamba_cuda_epilogue_args.activation(args);
    for (long row = 0; row < panamba_cuda_epilogue_args.rows(args); row++) {
      for (long column = 0; column < panamba_cuda_epilogue_args.columns(args); column++) {
        double value = input.get(row * panamba_cuda_epilogue_args.input_row_stride(args) + column);
        if (bias.address() != 0) {
          value += new FakeNumbers(bias, false).get(column);
        }
        double factor =
            gate == null
                ? 1
                : gate.get(row * panamba_cuda_epilogue_args.gate_row_stride(args) + column);
        out.set(
            row * panamba_cuda_epilogue_args.out_row_stride(args) + column,
            (float) (factor * activated(activation, value)));
      }
    }
  }

  private static double activated(int activation, double value) {
    if (activation == panamba_h.PANAMBA_ACTIVATION_SILU()) {
      return value / (1 + Math.exp(-value));
    }
    if (activation == panamba_h.PANAMBA_ACTIVATION_RELU()) {
      return value < 0 ? 0 : value;
    }
    return activation == panamba_h.PANAMBA_ACTIVATION_GELU()
        ? value * (0.5 + centre(value))
        : value;
  }

  /** What the normal law has between 0 and a number, by a series that is right to 1e-16. */
  private static double centre(double value) {
    double term = value;
    double sum = value;
    for (int i = 3; Math.abs(term) > 1e-17 * Math.abs(sum); i += 2) {
      term *= value * value / i;
      sum += term;
    }
    return Math.abs(value) > 9
        ? Math.copySign(0.5, value)
        : sum * Math.exp(-value * value / 2) / Math.sqrt(2 * Math.PI);
  }

  /** The grid of an embedding's patches. */
  private record Grid(MemorySegment args, long rows, long columns) {
    static Grid of(MemorySegment args) {
      return new Grid(
          args,
          (panamba_patch_embedding_args.height(args)
                      - panamba_patch_embedding_args.patch_height(args))
                  / panamba_patch_embedding_args.stride_height(args)
              + 1,
          (panamba_patch_embedding_args.width(args)
                      - panamba_patch_embedding_args.patch_width(args))
                  / panamba_patch_embedding_args.stride_width(args)
              + 1);
    }

    long patches() {
      return rows * columns;
    }
  }

  private static void place(MemorySegment args, MemorySegment product) {
    long dim = panamba_patch_embedding_args.dim(args);
    long tokens = panamba_patch_embedding_args.class_tokens(args);
    long patches = Grid.of(args).patches();
    long length = patches + tokens;
    FakeNumbers out = new FakeNumbers(panamba_patch_embedding_args.out(args), false);
    FakeNumbers from = new FakeNumbers(product, false);
    MemorySegment bias = panamba_patch_embedding_args.bias(args);
    MemorySegment position = panamba_patch_embedding_args.position(args);
    for (long b = 0; b < panamba_patch_embedding_args.batch(args); b++) {
      long token = 0;
      for (long j = 0; j < length; j++) {
        boolean isClass =
            token < tokens && panamba_patch_embedding_args.class_index(args, token) == j;
        for (long i = 0; i < dim; i++) {
          float value =
              isClass
                  ? at(panamba_patch_embedding_args.class_token(args), token * dim + i)
                  : from.get((b * patches + j - token) * dim + i) + at(bias, i);
          out.set((b * length + j) * dim + i, value + at(position, j * dim + i));
        }
        token += isClass ? 1 : 0;
      }
    }
  }

  private static float at(MemorySegment pointer, long index) {
    return pointer.address() == 0 ? 0 : new FakeNumbers(pointer, false).get(index);
  }
}

package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cublasLtMatmulHeuristicResult_t;
import io.panamba.bindings.cuda.cublasLt_h;
import io.panamba.runtime.DType;
import io.panamba.runtime.ShapeException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Chooses cuBLASLt's algorithms for a plan, one for each kind of product.
 *
 * <p>An algorithm decides in which order an element's sum is taken. So that the bits of an image do
 * not depend on the batch that it is in, the choice does not look at the number of rows: of those
 * that suit {@link #ROWS} of them it is the first that takes few and many rows too, and algorithms
 * that cut sums in pieces are left out. The depths of a Vim network are small, so that a tile that
 * suits many rows costs few rows little. Only where there is none is one taken for the product's
 * own rows, with a warning.
 */
final class CudaProducts {
  private static final System.Logger LOG = System.getLogger("io.panamba.runtime");

  private static final long ROWS = 4096;

  /** One token, a few, an image's, a batch's, and more than any. */
  private static final long[] ROWS_TAKEN = {1, 33, 197, ROWS, 1 << 20};

  /** Algorithms that are asked for. */
  private static final int CANDIDATES = 16;

  /** What NVIDIA recommends for its largest GPUs. */
  private static final long MOST_WORKSPACE = 32L << 20;

  private static final String NAME = "choosing an algorithm for a product";

  /**
   * A kind of product. Sums are float32, whatever the types; nothing is rounded to TF32.
   *
   * @param weightStride elements from row to row
   * @param inputStride elements from row to row
   * @param inputAlignment of every row, in bytes
   * @param bias address, or 0
   * @param twin how far from each matrix that of a second product lies, or null if there is one
   */
  record Kind(
      long rows,
      long columns,
      long depth,
      long weightStride,
      long inputStride,
      long outStride,
      DType dtype,
      DType outType,
      long inputAlignment,
      long outAlignment,
      long bias,
      Twin twin) {}

  /** Elements from the matrices of a product to those of a second one that is done with it. */
  record Twin(long weight, long input, long out) {}

  /**
   * What the product's calls are handed.
   *
   * @param workspace bytes
   */
  record Choice(
      MemorySegment descriptor,
      MemorySegment weight,
      MemorySegment input,
      MemorySegment out,
      MemorySegment algorithm,
      long workspace) {}

  private final CudaContext context;
  private final ProductApi api;
  private final MemorySegment handle;
  private final Arena arena;
  private final Cleanups cleanups;
  private final Map<Kind, Optional<Choice>> forAllRows = new HashMap<>();
  private final Map<Kind, Choice> choices = new HashMap<>();

  CudaProducts(CudaDevice device, Arena arena, Cleanups cleanups) {
    this.context = device.context();
    this.api = context.products();
    this.handle = device.products();
    this.arena = arena;
    this.cleanups = cleanups;
  }

  /** The most that every row of some memory is aligned to. */
  static long alignment(MemorySegment memory, long strideBytes) {
    long bits = memory.address() | strideBytes | CudaMemory.ALIGNMENT;
    return Long.lowestOneBit(bits);
  }

  Choice choose(Kind kind) {
    return chooseForAllRows(kind)
        .orElseGet(() -> choices.computeIfAbsent(kind, this::chooseForItsRows));
  }

  /** The choice that takes any number of rows, if there is one. */
  Optional<Choice> chooseForAllRows(Kind kind) {
    return forAllRows.computeIfAbsent(kind, this::searchForAllRows);
  }

  private Optional<Choice> searchForAllRows(Kind kind) {
    Layouts layouts = layouts(kind);
    MemorySegment found = cublasLtMatmulHeuristicResult_t.allocateArray(CANDIDATES, arena);
    int count = find(kind, ROWS, layouts, found);
    for (int i = 0; i < count; i++) {
      MemorySegment algorithm = algorithm(found, i);
      long workspace = isFit(found, i) ? workspace(kind, layouts, algorithm) : -1;
      if (workspace >= 0) {
        log(System.Logger.Level.DEBUG, "algorithm %d of %d".formatted(i, count), kind);
        return Optional.of(layouts.choice(algorithm, workspace));
      }
    }
    return Optional.empty();
  }

  private Choice chooseForItsRows(Kind kind) {
    Layouts layouts = layouts(kind);
    MemorySegment found = cublasLtMatmulHeuristicResult_t.allocateArray(CANDIDATES, arena);
    int count = find(kind, kind.rows, layouts, found);
    if (count == 0 || !isFit(found, 0)) {
      context.checkProduct(cublasLt_h.CUBLAS_STATUS_NOT_SUPPORTED(), NAME + " " + kind);
    }
    log(
        System.Logger.Level.WARNING,
        "no algorithm for all numbers of rows, so that the bits of an image may depend on its"
            + " batch",
        kind);
    return layouts.choice(
        algorithm(found, 0), cublasLtMatmulHeuristicResult_t.workspaceSize(found));
  }

  /** What describes the matrices of a product. */
  private record Layouts(
      MemorySegment descriptor, MemorySegment weight, MemorySegment input, MemorySegment out) {
    Choice choice(MemorySegment algorithm, long workspace) {
      return new Choice(descriptor, weight, input, out, algorithm, workspace);
    }
  }

  private Layouts layouts(Kind kind) {
    MemorySegment descriptor = descriptor(kind, cleanups);
    MemorySegment weight =
        twin(
            layout(type(kind.dtype), kind.depth, kind.columns, kind.weightStride, cleanups),
            kind.twin == null ? 0 : kind.twin.weight);
    return new Layouts(
        descriptor, weight, input(kind, kind.rows, cleanups), out(kind, kind.rows, cleanups));
  }

  private void log(System.Logger.Level level, String what, Kind kind) {
    LOG.log(level, () -> "%s: %s of cuBLASLt: %s".formatted(context, kind, what));
  }

  private static MemorySegment algorithm(MemorySegment found, int index) {
    return cublasLtMatmulHeuristicResult_t.algo(
        cublasLtMatmulHeuristicResult_t.asSlice(found, index));
  }

  private static boolean isFit(MemorySegment found, int index) {
    return cublasLtMatmulHeuristicResult_t.state(
            cublasLtMatmulHeuristicResult_t.asSlice(found, index))
        == cublasLt_h.CUBLAS_STATUS_SUCCESS();
  }

  /**
   * The most that an algorithm needs for any number of rows, in bytes; -1 if it does not take all.
   */
  private long workspace(Kind kind, Layouts layouts, MemorySegment algorithm) {
    long most = workspace(kind, kind.rows, layouts, algorithm);
    for (long rows : ROWS_TAKEN) {
      long needed = most < 0 ? -1 : workspace(kind, rows, layouts, algorithm);
      most = needed < 0 ? -1 : Math.max(most, needed);
    }
    return most;
  }

  private long workspace(Kind kind, long rows, Layouts layouts, MemorySegment algorithm) {
    Cleanups local = new Cleanups();
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment input = input(kind, rows, local);
      MemorySegment out = out(kind, rows, local);
      MemorySegment checked = cublasLtMatmulHeuristicResult_t.allocate(memory);
      return api.checkAlgorithm(
                  handle, layouts.descriptor, layouts.weight, input, out, algorithm, checked)
              == cublasLt_h.CUBLAS_STATUS_SUCCESS()
          ? cublasLtMatmulHeuristicResult_t.workspaceSize(checked)
          : -1;
    } finally {
      local.run();
    }
  }

  private MemorySegment descriptor(Kind kind, Cleanups owner) {
    MemorySegment descriptor =
        context.productHandle(
            NAME,
            handle ->
                api.createDescriptor(
                    handle, cublasLt_h.CUBLAS_COMPUTE_32F(), cublasLt_h.CUDA_R_32F()));
    owner.add(
        () ->
            context.released(
                api.destroyDescriptor(descriptor), "releasing a product's descriptor"));
    set(descriptor, cublasLt_h.CUBLASLT_MATMUL_DESC_TRANSA(), cublasLt_h.CUBLAS_OP_T());
    if (kind.bias != 0) {
      set(
          descriptor,
          cublasLt_h.CUBLASLT_MATMUL_DESC_EPILOGUE(),
          cublasLt_h.CUBLASLT_EPILOGUE_BIAS());
      try (Arena local = Arena.ofConfined()) {
        MemorySegment pointer = local.allocateFrom(ValueLayout.JAVA_LONG, kind.bias);
        context.checkProduct(
            api.setDescriptor(
                descriptor,
                cublasLt_h.CUBLASLT_MATMUL_DESC_BIAS_POINTER(),
                pointer,
                pointer.byteSize()),
            NAME);
      }
    }
    return descriptor;
  }

  private void set(MemorySegment descriptor, int attribute, int value) {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment number = local.allocateFrom(ValueLayout.JAVA_INT, value);
      context.checkProduct(
          api.setDescriptor(descriptor, attribute, number, number.byteSize()), NAME);
    }
  }

  private MemorySegment input(Kind kind, long rows, Cleanups owner) {
    MemorySegment layout = layout(type(kind.dtype), kind.depth, rows, kind.inputStride, owner);
    return twin(
        layout, kind.twin == null ? 0 : distance(kind.twin.input, kind, rows, kind.inputStride));
  }

  private MemorySegment out(Kind kind, long rows, Cleanups owner) {
    MemorySegment layout = layout(type(kind.outType), kind.columns, rows, kind.outStride, owner);
    return twin(
        layout, kind.twin == null ? 0 : distance(kind.twin.out, kind, rows, kind.outStride));
  }

  /** Of more rows than there are, which are only asked about, the second matrix lies farther. */
  private static long distance(long own, Kind kind, long rows, long stride) {
    return rows <= kind.rows ? own : Math.max(own, rows * stride);
  }

  /** A layout of one matrix, or, if there is a distance, of two. */
  private MemorySegment twin(MemorySegment layout, long distance) {
    if (distance > 0) {
      try (Arena local = Arena.ofConfined()) {
        set(
            layout,
            cublasLt_h.CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT(),
            local.allocateFrom(ValueLayout.JAVA_INT, 2));
        set(
            layout,
            cublasLt_h.CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET(),
            local.allocateFrom(ValueLayout.JAVA_LONG, distance));
      }
    }
    return layout;
  }

  private void set(MemorySegment layout, int attribute, MemorySegment value) {
    context.checkProduct(api.setLayout(layout, attribute, value, value.byteSize()), NAME);
  }

  private MemorySegment layout(int type, long height, long width, long leading, Cleanups owner) {
    MemorySegment layout =
        context.productHandle(
            NAME, handle -> api.createLayout(handle, type, height, width, leading));
    owner.add(() -> context.released(api.destroyLayout(layout), "releasing a product's layout"));
    return layout;
  }

  /** Asks for the best algorithms for a number of rows; returns how many there are. */
  private int find(Kind kind, long rows, Layouts layouts, MemorySegment results) {
    Cleanups local = new Cleanups();
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment input = input(kind, rows, local);
      MemorySegment out = out(kind, rows, local);
      MemorySegment preference = preference(kind, local);
      MemorySegment count = memory.allocate(ValueLayout.JAVA_INT);
      int status =
          api.findAlgorithms(
              handle,
              layouts.descriptor,
              layouts.weight,
              input,
              out,
              preference,
              CANDIDATES,
              results,
              count);
      if (status == cublasLt_h.CUBLAS_STATUS_NOT_SUPPORTED()) {
        return 0;
      }
      context.checkProduct(status, NAME);
      return count.get(ValueLayout.JAVA_INT, 0);
    } finally {
      local.run();
    }
  }

  private MemorySegment preference(Kind kind, Cleanups owner) {
    MemorySegment preference = context.productHandle(NAME, api::createPreference);
    owner.add(
        () ->
            context.released(
                api.destroyPreference(preference), "releasing a product's preference"));
    try (Arena local = Arena.ofConfined()) {
      MemorySegment most = local.allocateFrom(ValueLayout.JAVA_LONG, MOST_WORKSPACE);
      context.checkProduct(
          api.setPreference(
              preference,
              cublasLt_h.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES(),
              most,
              most.byteSize()),
          NAME);
    }
    prefer(
        preference,
        cublasLt_h.CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK(),
        cublasLt_h.CUBLASLT_REDUCTION_SCHEME_NONE());
    long apart = kind.twin == null ? 0 : kind.twin.weight;
    long weightAlignment =
        Long.lowestOneBit((kind.weightStride | apart) * kind.dtype.bytes() | CudaMemory.ALIGNMENT);
    prefer(
        preference, cublasLt_h.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES(), (int) weightAlignment);
    prefer(
        preference,
        cublasLt_h.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES(),
        (int) kind.inputAlignment);
    prefer(
        preference,
        cublasLt_h.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES(),
        (int) kind.outAlignment);
    prefer(
        preference,
        cublasLt_h.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES(),
        (int) kind.outAlignment);
    return preference;
  }

  private void prefer(MemorySegment preference, int attribute, int value) {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment number = local.allocateFrom(ValueLayout.JAVA_INT, value);
      context.checkProduct(
          api.setPreference(preference, attribute, number, number.byteSize()), NAME);
    }
  }

  private static int type(DType dtype) {
    return switch (dtype) {
      case F32 -> cublasLt_h.CUDA_R_32F();
      case BF16 -> cublasLt_h.CUDA_R_16BF();
      default -> throw new ShapeException("%s elements are not multiplied".formatted(dtype));
    };
  }
}

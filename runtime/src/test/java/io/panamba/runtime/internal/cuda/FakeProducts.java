package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cublasLtMatmulHeuristicResult_t;
import io.panamba.bindings.cuda.cublasLt_h;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The cuBLASLt of {@link FakeCuda}: products element by element, in double precision. */
final class FakeProducts {
  private static final long WORKSPACE = 4096;
  private static final int ALGORITHMS = 3;

  private record Layout(
      int type, long rows, long columns, long leading, int count, long distance) {}

  private final FakeCuda fake;
  private final FakeRuntime runtime;
  private final Map<Long, Layout> layouts = new HashMap<>();
  private final Map<Long, Map<Integer, Long>> attributes = new HashMap<>();
  private final long[] mostRows = {Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE};
  private final Set<Integer> used = new TreeSet<>();
  private int asked;

  FakeProducts(FakeCuda fake, FakeRuntime runtime) {
    this.fake = fake;
    this.runtime = runtime;
  }

  private static long handle(MemorySegment result) {
    return result.get(ValueLayout.ADDRESS, 0).address();
  }

  int createHandle(MemorySegment handle) {
    return runtime.create(handle, "cuBLASLt");
  }

  int destroyHandle(MemorySegment handle) {
    return runtime.destroy(handle, "cuBLASLt");
  }

  int createDescriptor(MemorySegment descriptor, int computeType, int scaleType) {
    fake.require(computeType == cublasLt_h.CUBLAS_COMPUTE_32F(), "sums are not float32");
    runtime.create(descriptor, "product");
    attributes.put(handle(descriptor), new HashMap<>());
    return 0;
  }

  int setDescriptor(MemorySegment descriptor, int attribute, MemorySegment value, long bytes) {
    long number =
        bytes == Integer.BYTES
            ? value.get(ValueLayout.JAVA_INT, 0)
            : value.get(ValueLayout.JAVA_LONG, 0);
    attributes.get(descriptor.address()).put(attribute, number);
    return 0;
  }

  int destroyDescriptor(MemorySegment descriptor) {
    return runtime.destroy(descriptor, "product");
  }

  int createLayout(MemorySegment layout, int type, long rows, long columns, long leading) {
    fake.require(leading >= rows, "columns of %d elements lie %d apart", rows, leading);
    runtime.create(layout, "layout");
    layouts.put(handle(layout), new Layout(type, rows, columns, leading, 1, 0));
    return 0;
  }

  int setLayout(MemorySegment layout, int attribute, MemorySegment value, long bytes) {
    Layout old = layouts.get(layout.address());
    boolean counts = attribute == cublasLt_h.CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT();
    int count = counts ? value.get(ValueLayout.JAVA_INT, 0) : old.count;
    long distance = counts ? old.distance : value.get(ValueLayout.JAVA_LONG, 0);
    fake.require(count > 0 && distance >= 0, "%d matrices, %d apart", count, distance);
    layouts.put(
        layout.address(),
        new Layout(old.type, old.rows, old.columns, old.leading, count, distance));
    return 0;
  }

  int destroyLayout(MemorySegment layout) {
    return runtime.destroy(layout, "layout");
  }

  int createPreference(MemorySegment preference) {
    return runtime.create(preference, "preference");
  }

  int setPreference(MemorySegment preference, int attribute, MemorySegment value, long bytes) {
    return 0;
  }

  int destroyPreference(MemorySegment preference) {
    return runtime.destroy(preference, "preference");
  }

  int findAlgorithms(
      MemorySegment handle,
      MemorySegment descriptor,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment preference,
      int most,
      MemorySegment results,
      MemorySegment count) {
    requireFit(a, b, c);
    int found = Math.min(most, ALGORITHMS);
    for (int i = 0; i < found; i++) {
      MemorySegment result = cublasLtMatmulHeuristicResult_t.asSlice(results, i);
      setNumber(cublasLtMatmulHeuristicResult_t.algo(result), i);
      cublasLtMatmulHeuristicResult_t.workspaceSize(result, WORKSPACE);
      cublasLtMatmulHeuristicResult_t.state(result, 0);
    }
    count.set(ValueLayout.JAVA_INT, 0, found);
    return 0;
  }

  private static void setNumber(MemorySegment algorithm, int number) {
    algorithm.set(ValueLayout.JAVA_INT, 0, number);
  }

  private static int number(MemorySegment algorithm) {
    return algorithm.get(ValueLayout.JAVA_INT, 0);
  }

  /** An algorithm takes that many rows from now on, at most. */
  void limitRows(int algorithm, long most) {
    mostRows[algorithm] = most;
  }

  /** How often it has been asked to multiply: a graph asks once. */
  int asked() {
    return asked;
  }

  /** Algorithms that have multiplied. */
  Set<Integer> used() {
    return used;
  }

  int checkAlgorithm(
      MemorySegment handle,
      MemorySegment descriptor,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment algorithm,
      MemorySegment result) {
    requireFit(a, b, c);
    if (layouts.get(c.address()).columns > mostRows[number(algorithm)]) {
      return cublasLt_h.CUBLAS_STATUS_NOT_SUPPORTED();
    }
    cublasLtMatmulHeuristicResult_t.workspaceSize(result, WORKSPACE);
    return 0;
  }

  private void requireFit(MemorySegment a, MemorySegment b, MemorySegment c) {
    Layout left = layouts.get(a.address());
    Layout right = layouts.get(b.address());
    Layout out = layouts.get(c.address());
    fake.require(
        left.rows == right.rows && left.columns == out.rows && right.columns == out.columns,
        "%s times %s is not %s",
        left,
        right,
        out);
    fake.require(
        left.type == right.type && left.count == right.count && left.count == out.count,
        "%s and %s are not multiplied to %s",
        left,
        right,
        out);
  }

  int multiply(
      MemorySegment handle,
      MemorySegment descriptor,
      MemorySegment alpha,
      MemorySegment a,
      MemorySegment aLayout,
      MemorySegment b,
      MemorySegment bLayout,
      MemorySegment beta,
      MemorySegment c,
      MemorySegment cLayout,
      MemorySegment algorithm,
      MemorySegment workspace,
      long workspaceBytes,
      MemorySegment stream) {
    used.add(number(algorithm));
    asked++;
    fake.require(workspaceBytes == WORKSPACE && workspace.byteSize() >= WORKSPACE, "no workspace");
    Map<Integer, Long> options = Map.copyOf(attributes.get(descriptor.address()));
    fake.require(
        options.getOrDefault(cublasLt_h.CUBLASLT_MATMUL_DESC_TRANSA(), 0L)
            == cublasLt_h.CUBLAS_OP_T(),
        "the weight is not transposed");
    float factor = alpha.get(ValueLayout.JAVA_FLOAT, 0);
    float kept = beta.get(ValueLayout.JAVA_FLOAT, 0);
    long bias = options.getOrDefault(cublasLt_h.CUBLASLT_MATMUL_DESC_BIAS_POINTER(), 0L);
    fake.require(
        (bias != 0)
            == (options.getOrDefault(cublasLt_h.CUBLASLT_MATMUL_DESC_EPILOGUE(), 1L)
                == cublasLt_h.CUBLASLT_EPILOGUE_BIAS()),
        "a bias without its epilogue");
    Layout left = layouts.get(aLayout.address());
    Layout right = layouts.get(bLayout.address());
    Layout out = layouts.get(cLayout.address());
    return runtime.on(
        stream,
        () -> {
          for (int i = 0; i < out.count; i++) {
            multiply(
                numbers(a, left, i),
                numbers(b, right, i),
                numbers(c, out, i),
                left,
                right,
                out,
                factor,
                kept,
                bias);
          }
        });
  }

  /** The numbers of one of a layout's matrices. */
  private static FakeNumbers numbers(MemorySegment pointer, Layout layout, int matrix) {
    boolean narrow = layout.type == cublasLt_h.CUDA_R_16BF();
    long bytes = matrix * layout.distance * (narrow ? Short.BYTES : Float.BYTES);
    return new FakeNumbers(MemorySegment.ofAddress(pointer.address() + bytes), narrow);
  }

  private static void multiply(
      FakeNumbers a,
      FakeNumbers b,
      FakeNumbers c,
      Layout left,
      Layout right,
      Layout out,
      float alpha,
      float beta,
      long bias) {
    FakeNumbers added = new FakeNumbers(MemorySegment.ofAddress(bias), false);
    for (long column = 0; column < out.columns; column++) {
      for (long row = 0; row < out.rows; row++) {
        double sum = 0;
        for (long k = 0; k < left.rows; k++) {
          sum += (double) a.get(row * left.leading + k) * b.get(column * right.leading + k);
        }
        long at = column * out.leading + row;
        double old = beta == 0 ? 0 : (double) beta * c.get(at);
        c.set(at, (float) (alpha * sum + old + (bias == 0 ? 0 : added.get(row))));
      }
    }
  }
}

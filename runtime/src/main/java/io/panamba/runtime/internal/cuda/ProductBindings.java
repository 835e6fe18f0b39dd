package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cublasLt_h;
import java.lang.foreign.MemorySegment;

/** cuBLASLt, called through its bindings. */
final class ProductBindings implements ProductApi {
  @Override
  public int createHandle(MemorySegment handle) {
    return cublasLt_h.cublasLtCreate(handle);
  }

  @Override
  public int destroyHandle(MemorySegment handle) {
    return cublasLt_h.cublasLtDestroy(handle);
  }

  @Override
  public int createDescriptor(MemorySegment descriptor, int computeType, int scaleType) {
    return cublasLt_h.cublasLtMatmulDescCreate(descriptor, computeType, scaleType);
  }

  @Override
  public int setDescriptor(
      MemorySegment descriptor, int attribute, MemorySegment value, long bytes) {
    return cublasLt_h.cublasLtMatmulDescSetAttribute(descriptor, attribute, value, bytes);
  }

  @Override
  public int destroyDescriptor(MemorySegment descriptor) {
    return cublasLt_h.cublasLtMatmulDescDestroy(descriptor);
  }

  @Override
  public int createLayout(MemorySegment layout, int type, long rows, long columns, long leading) {
    return cublasLt_h.cublasLtMatrixLayoutCreate(layout, type, rows, columns, leading);
  }

  @Override
  public int setLayout(MemorySegment layout, int attribute, MemorySegment value, long bytes) {
    return cublasLt_h.cublasLtMatrixLayoutSetAttribute(layout, attribute, value, bytes);
  }

  @Override
  public int destroyLayout(MemorySegment layout) {
    return cublasLt_h.cublasLtMatrixLayoutDestroy(layout);
  }

  @Override
  public int createPreference(MemorySegment preference) {
    return cublasLt_h.cublasLtMatmulPreferenceCreate(preference);
  }

  @Override
  public int setPreference(
      MemorySegment preference, int attribute, MemorySegment value, long bytes) {
    return cublasLt_h.cublasLtMatmulPreferenceSetAttribute(preference, attribute, value, bytes);
  }

  @Override
  public int destroyPreference(MemorySegment preference) {
    return cublasLt_h.cublasLtMatmulPreferenceDestroy(preference);
  }

  @Override
  public int findAlgorithms(
      MemorySegment handle,
      MemorySegment descriptor,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment preference,
      int most,
      MemorySegment results,
      MemorySegment count) {
    return cublasLt_h.cublasLtMatmulAlgoGetHeuristic(
        handle, descriptor, a, b, c, c, preference, most, results, count);
  }

  @Override
  public int checkAlgorithm(
      MemorySegment handle,
      MemorySegment descriptor,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment algorithm,
      MemorySegment result) {
    return cublasLt_h.cublasLtMatmulAlgoCheck(handle, descriptor, a, b, c, c, algorithm, result);
  }

  @Override
  public int multiply(
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
    return cublasLt_h.cublasLtMatmul(
        handle,
        descriptor,
        alpha,
        a,
        aLayout,
        b,
        bLayout,
        beta,
        c,
        cLayout,
        c,
        cLayout,
        algorithm,
        workspace,
        workspaceBytes,
        stream);
  }

  @Override
  public String errorName(int status) {
    return cublasLt_h.cublasLtGetStatusName(status).getString(0);
  }

  @Override
  public String errorText(int status) {
    return cublasLt_h.cublasLtGetStatusString(status).getString(0);
  }
}

package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cublasLt_h;
import io.panamba.bindings.cuda.cuda_runtime_h;
import io.panamba.bindings.cuda.panamba_cuda_h;
import java.lang.foreign.MemorySegment;

/** The real thing: libraries that {@link CudaLoader} has loaded. */
final class CudaBindings implements CudaApi {
  @Override
  public int deviceCount(MemorySegment count) {
    return cuda_runtime_h.cudaGetDeviceCount(count);
  }

  @Override
  public int setDevice(int ordinal) {
    return cuda_runtime_h.cudaSetDevice(ordinal);
  }

  @Override
  public int deviceAttribute(MemorySegment value, int attribute, int ordinal) {
    return cuda_runtime_h.cudaDeviceGetAttribute(value, attribute, ordinal);
  }

  @Override
  public int deviceProperties(MemorySegment properties, int ordinal) {
    return cuda_runtime_h.cudaGetDeviceProperties(properties, ordinal);
  }

  @Override
  public int memoryInfo(MemorySegment free, MemorySegment total) {
    return cuda_runtime_h.cudaMemGetInfo(free, total);
  }

  @Override
  public int createPool(MemorySegment pool, MemorySegment properties) {
    return cuda_runtime_h.cudaMemPoolCreate(pool, properties);
  }

  @Override
  public int setPoolAttribute(MemorySegment pool, int attribute, MemorySegment value) {
    return cuda_runtime_h.cudaMemPoolSetAttribute(pool, attribute, value);
  }

  @Override
  public int destroyPool(MemorySegment pool) {
    return cuda_runtime_h.cudaMemPoolDestroy(pool);
  }

  @Override
  public int allocate(MemorySegment pointer, long bytes, MemorySegment pool, MemorySegment stream) {
    return cuda_runtime_h.cudaMallocFromPoolAsync(pointer, bytes, pool, stream);
  }

  @Override
  public int free(MemorySegment pointer, MemorySegment stream) {
    return cuda_runtime_h.cudaFreeAsync(pointer, stream);
  }

  @Override
  public int allocateHost(MemorySegment pointer, long bytes) {
    return cuda_runtime_h.cudaHostAlloc(pointer, bytes, cuda_runtime_h.cudaHostAllocDefault());
  }

  @Override
  public int freeHost(MemorySegment pointer) {
    return cuda_runtime_h.cudaFreeHost(pointer);
  }

  @Override
  public int copy(
      MemorySegment to, MemorySegment from, long bytes, int kind, MemorySegment stream) {
    return cuda_runtime_h.cudaMemcpyAsync(to, from, bytes, kind, stream);
  }

  @Override
  public int fill(MemorySegment pointer, int value, long bytes, MemorySegment stream) {
    return cuda_runtime_h.cudaMemsetAsync(pointer, value, bytes, stream);
  }

  @Override
  public int createStream(MemorySegment stream) {
    return cuda_runtime_h.cudaStreamCreateWithFlags(stream, cuda_runtime_h.cudaStreamNonBlocking());
  }

  @Override
  public int synchronize(MemorySegment stream) {
    return cuda_runtime_h.cudaStreamSynchronize(stream);
  }

  @Override
  public int destroyStream(MemorySegment stream) {
    return cuda_runtime_h.cudaStreamDestroy(stream);
  }

  @Override
  public int beginCapture(MemorySegment stream) {
    return cuda_runtime_h.cudaStreamBeginCapture(
        stream, cuda_runtime_h.cudaStreamCaptureModeThreadLocal());
  }

  @Override
  public int endCapture(MemorySegment stream, MemorySegment graph) {
    return cuda_runtime_h.cudaStreamEndCapture(stream, graph);
  }

  @Override
  public int instantiateGraph(MemorySegment executable, MemorySegment graph) {
    return cuda_runtime_h.cudaGraphInstantiate(executable, graph, 0);
  }

  @Override
  public int destroyGraph(MemorySegment graph) {
    return cuda_runtime_h.cudaGraphDestroy(graph);
  }

  @Override
  public int launchGraph(MemorySegment executable, MemorySegment stream) {
    return cuda_runtime_h.cudaGraphLaunch(executable, stream);
  }

  @Override
  public int destroyExecutable(MemorySegment executable) {
    return cuda_runtime_h.cudaGraphExecDestroy(executable);
  }

  @Override
  public int createEvent(MemorySegment event) {
    return cuda_runtime_h.cudaEventCreate(event);
  }

  @Override
  public int recordEvent(MemorySegment event, MemorySegment stream) {
    return cuda_runtime_h.cudaEventRecord(event, stream);
  }

  @Override
  public int elapsedMillis(MemorySegment millis, MemorySegment start, MemorySegment end) {
    return cuda_runtime_h.cudaEventElapsedTime(millis, start, end);
  }

  @Override
  public int destroyEvent(MemorySegment event) {
    return cuda_runtime_h.cudaEventDestroy(event);
  }

  @Override
  public int clearError() {
    return cuda_runtime_h.cudaGetLastError();
  }

  @Override
  public String errorName(int status) {
    return cuda_runtime_h.cudaGetErrorName(status).getString(0);
  }

  @Override
  public String errorText(int status) {
    return cuda_runtime_h.cudaGetErrorString(status).getString(0);
  }

  @Override
  public int createProducts(MemorySegment handle) {
    return cublasLt_h.cublasLtCreate(handle);
  }

  @Override
  public int destroyProducts(MemorySegment handle) {
    return cublasLt_h.cublasLtDestroy(handle);
  }

  @Override
  public int createProduct(MemorySegment descriptor, int computeType, int scaleType) {
    return cublasLt_h.cublasLtMatmulDescCreate(descriptor, computeType, scaleType);
  }

  @Override
  public int setProductAttribute(
      MemorySegment descriptor, int attribute, MemorySegment value, long bytes) {
    return cublasLt_h.cublasLtMatmulDescSetAttribute(descriptor, attribute, value, bytes);
  }

  @Override
  public int destroyProduct(MemorySegment descriptor) {
    return cublasLt_h.cublasLtMatmulDescDestroy(descriptor);
  }

  @Override
  public int createLayout(MemorySegment layout, int type, long rows, long columns, long leading) {
    return cublasLt_h.cublasLtMatrixLayoutCreate(layout, type, rows, columns, leading);
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
  public int findAlgorithm(
      MemorySegment handle,
      MemorySegment descriptor,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment preference,
      MemorySegment result,
      MemorySegment count) {
    return cublasLt_h.cublasLtMatmulAlgoGetHeuristic(
        handle, descriptor, a, b, c, c, preference, 1, result, count);
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
  public String productErrorName(int status) {
    return cublasLt_h.cublasLtGetStatusName(status).getString(0);
  }

  @Override
  public String productErrorText(int status) {
    return cublasLt_h.cublasLtGetStatusString(status).getString(0);
  }

  @Override
  public int loadKernels() {
    return panamba_cuda_h.panamba_cuda_load();
  }

  @Override
  public String kernelMessage() {
    return panamba_cuda_h.panamba_cuda_message().getString(0);
  }

  @Override
  public int kernelError() {
    return panamba_cuda_h.panamba_cuda_last_error();
  }

  @Override
  public long packedSize(long columns, long depth, int dtype) {
    return panamba_cuda_h.panamba_cuda_packed_size(columns, depth, dtype);
  }

  @Override
  public int pack(MemorySegment args, MemorySegment source, MemorySegment rowScale) {
    return panamba_cuda_h.panamba_cuda_pack(args, source, rowScale);
  }

  @Override
  public int gatherPatches(MemorySegment args, MemorySegment patches, MemorySegment stream) {
    return panamba_cuda_h.panamba_cuda_gather_patches(args, patches, stream);
  }

  @Override
  public int placeTokens(MemorySegment args, MemorySegment product, MemorySegment stream) {
    return panamba_cuda_h.panamba_cuda_place_tokens(args, product, stream);
  }

  @Override
  public int norm(MemorySegment args, MemorySegment stream) {
    return panamba_cuda_h.panamba_cuda_norm(args, stream);
  }

  @Override
  public int causalConv(MemorySegment args, MemorySegment stream) {
    return panamba_cuda_h.panamba_cuda_causal_conv(args, stream);
  }

  @Override
  public int rotary(MemorySegment args, MemorySegment stream) {
    return panamba_cuda_h.panamba_cuda_rotary(args, stream);
  }

  @Override
  public int pool(MemorySegment args, MemorySegment stream) {
    return panamba_cuda_h.panamba_cuda_pool(args, stream);
  }

  @Override
  public int attention(MemorySegment args, MemorySegment stream) {
    return panamba_cuda_h.panamba_cuda_attention(args, stream);
  }

  @Override
  public int epilogue(MemorySegment args, MemorySegment stream) {
    return panamba_cuda_h.panamba_cuda_epilogue(args, stream);
  }

  @Override
  public long scanWorkspace(MemorySegment args) {
    return panamba_cuda_h.panamba_cuda_scan_workspace(args);
  }

  @Override
  public long scanChunk(MemorySegment args) {
    return panamba_cuda_h.panamba_cuda_scan_chunk(args);
  }

  @Override
  public int selectiveScan(MemorySegment args, MemorySegment stream) {
    return panamba_cuda_h.panamba_cuda_selective_scan(args, stream);
  }
}

package io.panamba.cli;

import io.panamba.runtime.CudaInfo;
import io.panamba.runtime.PanambaException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Describes GPUs and the libraries that they need, or why they can't be used. */
final class CudaReport {
  private CudaReport() {}

  static Map<String, Object> of() {
    Map<String, Object> object = new LinkedHashMap<>();
    try {
      CudaInfo info = CudaInfo.current();
      object.put("runtime", info.runtime());
      object.put("runtime_version", info.runtimeVersion());
      object.put("cublaslt", info.products());
      object.put("cublaslt_version", info.productsVersion());
      object.put("driver_version", info.driverVersion());
      object.put("kernels", info.kernels());
      object.put("build", info.build());
      object.put("devices", CudaInfo.devices());
    } catch (PanambaException e) {
      object.put("not_usable", e.getMessage());
    }
    Map<String, Object> tried = new LinkedHashMap<>();
    CudaInfo.tried().forEach(attempt -> tried.put(attempt.candidate(), attempt.outcome()));
    object.put("tried", tried);
    return object;
  }
}

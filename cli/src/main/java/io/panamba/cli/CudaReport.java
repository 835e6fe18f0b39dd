package io.panamba.cli;

import io.panamba.runtime.CudaInfo;
import io.panamba.runtime.LibraryException;
import io.panamba.runtime.LibraryInfo;
import io.panamba.runtime.PanambaException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Describes GPUs and the libraries that they need, or why they can't be used. */
final class CudaReport {
  private CudaReport() {}

  static Map<String, Object> of() {
    Map<String, Object> object = new LinkedHashMap<>();
    Map<String, Object> tried = new LinkedHashMap<>();
    try {
      CudaInfo info = CudaInfo.current();
      object.put("runtime", info.runtime());
      object.put("runtime_version", info.runtimeVersion());
      object.put("cublaslt", info.products());
      object.put("cublaslt_version", info.productsVersion());
      object.put("driver_version", info.driverVersion());
      object.put("kernels", info.kernels());
      object.put("build", info.build());
      note(CudaInfo.tried(), tried);
      cudnn(object, tried);
      object.put("devices", CudaInfo.devices());
    } catch (PanambaException e) {
      object.put("not_usable", e.getMessage());
      note(CudaInfo.tried(), tried);
    }
    object.put("tried", tried);
    return object;
  }

  /** Without it GPUs are used all the same. */
  private static void cudnn(Map<String, Object> object, Map<String, Object> tried) {
    try {
      CudaInfo.Cudnn cudnn = CudaInfo.cudnn();
      object.put("cudnn", cudnn.library());
      object.put("cudnn_version", cudnn.version());
    } catch (LibraryException e) {
      object.put("cudnn_not_usable", e.getMessage());
    }
    note(CudaInfo.triedForCudnn(), tried);
  }

  private static void note(List<LibraryInfo.Attempt> attempts, Map<String, Object> tried) {
    attempts.forEach(attempt -> tried.put(attempt.candidate(), attempt.outcome()));
  }
}

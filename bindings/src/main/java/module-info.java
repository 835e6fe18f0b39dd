/**
 * Generated access to the C interfaces of Panamba, the CUDA runtime, cuBLASLt and cuDNN, for the
 * runtime alone.
 */
module io.panamba.bindings {
  exports io.panamba.bindings to
      io.panamba.runtime;
  exports io.panamba.bindings.cuda to
      io.panamba.runtime;
}

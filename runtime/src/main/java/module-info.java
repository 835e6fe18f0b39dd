/** Devices, tensors, operations and plans over the native library. */
module io.panamba.runtime {
  requires io.panamba.bindings;
  requires io.panamba.natives;

  exports io.panamba.runtime;
  exports io.panamba.runtime.operation;
}

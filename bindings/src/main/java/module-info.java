/** Generated access to the C interface of Panamba, for the runtime alone. */
module io.panamba.bindings {
  exports io.panamba.bindings to
      io.panamba.runtime;
}

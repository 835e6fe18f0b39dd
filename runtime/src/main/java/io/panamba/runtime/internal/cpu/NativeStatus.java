package io.panamba.runtime.internal.cpu;

import io.panamba.bindings.panamba_h;
import io.panamba.runtime.PanambaException;

/** Turns the native library's status codes into exceptions. */
final class NativeStatus {
  private NativeStatus() {}

  static void check(int status) {
    if (status != panamba_h.PANAMBA_OK()) {
      throw failure(status);
    }
  }

  private static RuntimeException failure(int status) {
    String message = panamba_h.panamba_message().getString(0);
    return status == panamba_h.PANAMBA_INVALID_ARGUMENT()
        ? new IllegalArgumentException(message)
        : new PanambaException(message);
  }
}

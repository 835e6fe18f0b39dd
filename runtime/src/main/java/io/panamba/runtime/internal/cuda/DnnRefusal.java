package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cudnn_h;

/** What cuDNN says where it does not do something. */
final class DnnRefusal extends Exception {
  private static final long serialVersionUID = 1L;

  /** The statuses of a kind are a thousand numbers. */
  private static final int KIND = 1000;

  private final int status;
  private final String name;
  private final String text;

  /**
   * Makes one.
   *
   * @param name of the status
   * @param text the reason
   */
  DnnRefusal(int status, String name, String text) {
    super(name + ", " + text);
    this.status = status;
    this.name = name;
    this.text = text;
  }

  /** A limit of Panamba's own. */
  static DnnRefusal limit(String text) {
    return new DnnRefusal(cudnn_h.CUDNN_STATUS_NOT_SUPPORTED(), "not wanted", text);
  }

  /** Whether a status says that cuDNN can't do something, and not that something went wrong. */
  static boolean isLimit(int status) {
    return status / KIND == cudnn_h.CUDNN_STATUS_NOT_SUPPORTED() / KIND;
  }

  boolean isLimit() {
    return isLimit(status);
  }

  int status() {
    return status;
  }

  String name() {
    return name;
  }

  String text() {
    return text;
  }
}

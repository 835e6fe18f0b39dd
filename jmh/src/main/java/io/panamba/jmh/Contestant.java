package io.panamba.jmh;

import io.panamba.model.architecture.Precision;
import java.util.Locale;

/**
 * Who runs in a comparison.
 *
 * @param onnx whether it runs in ONNX Runtime
 * @param preset of the network, such as {@code deit-tiny}
 * @param precision of weights and activations; ONNX Runtime's graphs are in float32
 */
record Contestant(boolean onnx, String preset, Precision precision) {
  private static final String ONNX = "onnx-";

  /**
   * Reads a name.
   *
   * @param name such as {@code deit-tiny-bf16} or {@code onnx-deit-tiny-fp32}
   */
  static Contestant of(String name) {
    boolean onnx = name.startsWith(ONNX);
    int end = name.lastIndexOf('-');
    Precision precision = Precision.valueOf(name.substring(end + 1).toUpperCase(Locale.ROOT));
    if (onnx && precision != Precision.FP32) {
      throw new IllegalArgumentException("there are graphs in float32 alone, not " + name);
    }
    return new Contestant(onnx, name.substring(onnx ? ONNX.length() : 0, end), precision);
  }
}

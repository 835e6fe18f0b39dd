package io.panamba.jmh;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Map;

/**
 * A network in ONNX Runtime, in float32 with random weights: DeiT-Ti (arXiv 2012.12877), the
 * transformer that a network of Vim-Ti's size replaces, for images of 224, 512 or 1248 pixels, and
 * MambaOut (arXiv 2405.07992), Femto and Tiny, for 224. The graphs were exported by PyTorch for one
 * image; its size is fixed in them. Input and output are allocated once.
 */
final class OnnxSession implements AutoCloseable {
  static final int CLASSES = 1000;

  private final OrtSession session;
  private final OnnxTensor image;
  private final OnnxTensor logits;
  private final FloatBuffer results;
  private final Map<String, OnnxTensor> inputs;
  private final Map<String, OnnxTensor> outputs;

  /**
   * Opens a session.
   *
   * @param preset such as {@code deit-tiny}
   * @param imageSize pixels
   * @param threads of an operator
   * @param pixels (3, imageSize, imageSize), normalised
   */
  OnnxSession(String preset, int imageSize, int threads, float[] pixels)
      throws OrtException, IOException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (SessionOptions options = new SessionOptions()) {
      options.setOptimizationLevel(SessionOptions.OptLevel.ALL_OPT);
      options.setExecutionMode(SessionOptions.ExecutionMode.SEQUENTIAL);
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      session = environment.createSession(graph(preset, imageSize), options);
    }
    image =
        OnnxTensor.createTensor(
            environment, floats(pixels.length).put(pixels).flip(), shape(imageSize));
    results = floats(CLASSES);
    logits = OnnxTensor.createTensor(environment, results, new long[] {1, CLASSES});
    inputs = Map.of(session.getInputNames().iterator().next(), image);
    outputs = Map.of(session.getOutputNames().iterator().next(), logits);
  }

  private static long[] shape(int imageSize) {
    return new long[] {1, 3, imageSize, imageSize};
  }

  private static FloatBuffer floats(int count) {
    return ByteBuffer.allocateDirect(count * Float.BYTES)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }

  private static byte[] graph(String preset, int imageSize) throws IOException {
    String name = preset.replace('-', '_') + "_" + imageSize + ".onnx";
    try (InputStream stream = OnnxSession.class.getResourceAsStream(name)) {
      if (stream == null) {
        throw new IllegalArgumentException("there is no graph " + name);
      }
      return stream.readAllBytes();
    }
  }

  void run() throws OrtException {
    session.run(inputs, outputs).close();
  }

  float[] logits() {
    float[] copy = new float[CLASSES];
    results.get(0, copy);
    return copy;
  }

  @Override
  public void close() throws OrtException {
    image.close();
    logits.close();
    session.close();
  }
}

package io.panamba.jmh;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.NoopTranslator;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import io.panamba.model.Network;
import io.panamba.model.architecture.Settings;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.task.Classifier;
import io.panamba.runtime.Device;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Map;
import javax.imageio.ImageIO;

/** Programs that start, name the digit of a picture, and end. */
final class StartChild {
  static final int THREADS = 2;
  static final int SIZE = 32;

  private StartChild() {}

  /** Says something and does nothing. */
  static final class Hello {
    private Hello() {}

    public static void main(String[] args) {
      System.out.println("hello world");
    }
  }

  /** Panamba with the network that comes with it. */
  static final class Panamba {
    private Panamba() {}

    public static void main(String[] args) {
      try (Device device = Device.cpu(THREADS);
          Network network = Network.openDefault(device, Settings.none());
          Classifier classifier = new Classifier(network, network.labels(), 1)) {
        System.out.println(
            classifier.classify(new ImageDecoder().decode(Path.of(args[0])), 1).getFirst().label());
      }
    }
  }

  /** ONNX Runtime with a {@link DigitGraph}. */
  static final class OnnxRuntime {
    private OnnxRuntime() {}

    public static void main(String[] args) throws Exception {
      float[] pixels = pixels(Path.of(args[0]));
      OrtEnvironment environment = OrtEnvironment.getEnvironment();
      try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
        options.setIntraOpNumThreads(THREADS);
        options.setInterOpNumThreads(1);
        try (OrtSession session = environment.createSession(args[1], options);
            OnnxTensor image =
                OnnxTensor.createTensor(
                    environment, FloatBuffer.wrap(pixels), new long[] {1, pixels.length});
            OrtSession.Result result = session.run(Map.of("image", image))) {
          System.out.println(largest(((float[][]) result.get(0).getValue())[0]));
        }
      }
    }
  }

  /** DJL on ONNX Runtime, with a {@link DigitGraph}. */
  static final class Djl {
    private Djl() {}

    public static void main(String[] args) throws Exception {
      float[] pixels = pixels(Path.of(args[0]));
      Path graph = Path.of(args[1]);
      try (Model model = Model.newInstance("digits", "OnnxRuntime")) {
        model.load(
            graph.toAbsolutePath().getParent(),
            graph.getFileName().toString(),
            Map.of("intraOpNumThreads", String.valueOf(THREADS), "interOpNumThreads", "1"));
        try (Predictor<NDList, NDList> predictor = model.newPredictor(new NoopTranslator());
            NDManager manager = model.getNDManager().newSubManager()) {
          NDList result =
              predictor.predict(new NDList(manager.create(pixels, new Shape(1, pixels.length))));
          System.out.println(largest(result.singletonOrThrow().toFloatArray()));
        }
      }
    }
  }

  /** A picture's pixels as (3, 32, 32) in -1 to 1, by the means of the JDK. */
  static float[] pixels(Path picture) throws IOException {
    BufferedImage small = new BufferedImage(SIZE, SIZE, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = small.createGraphics();
    graphics.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
    graphics.drawImage(ImageIO.read(picture.toFile()), 0, 0, SIZE, SIZE, null);
    graphics.dispose();
    float[] pixels = new float[3 * SIZE * SIZE];
    for (int i = 0; i < SIZE * SIZE; i++) {
      int rgb = small.getRGB(i % SIZE, i / SIZE);
      for (int channel = 0; channel < 3; channel++) {
        int sample = (rgb >> (8 * (2 - channel))) & 0xff;
        pixels[channel * SIZE * SIZE + i] = sample / 127.5f - 1;
      }
    }
    return pixels;
  }

  private static int largest(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }
}

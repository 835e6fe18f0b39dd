package sample;

import io.panamba.model.Network;
import io.panamba.model.architecture.Settings;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.ImageException;
import io.panamba.model.task.Classifier;
import io.panamba.runtime.Device;
import java.nio.file.Path;

/** Says which digits are on the pictures that it is given. */
final class Digits {
  private Digits() {}

  public static void main(String[] pictures) {
    ImageDecoder decoder = new ImageDecoder();
    try (Device device = Device.cpu(Runtime.getRuntime().availableProcessors());
        Network network = Network.openDefault(device, Settings.none());
        Classifier classifier = new Classifier(network, network.labels(), 1)) {
      for (String picture : pictures) {
        try {
          var best = classifier.classify(decoder.decode(Path.of(picture)), 1).getFirst();
          System.out.printf("%s: %s (%.0f %%)%n", picture, best.label(), 100 * best.probability());
        } catch (ImageException e) {
          System.err.println(e.getMessage());
        }
      }
    }
  }
}

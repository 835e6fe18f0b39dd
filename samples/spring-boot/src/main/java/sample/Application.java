package sample;

import io.panamba.model.Network;
import io.panamba.model.architecture.Settings;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.ImageLimits;
import io.panamba.model.task.Classifier;
import io.panamba.runtime.Device;
import java.time.Duration;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** Names what is on pictures. Spring closes the beans, the last one first. */
@SpringBootApplication
public class Application {
  public static void main(String[] args) {
    SpringApplication.run(Application.class, args);
  }

  @Bean
  Device device() {
    return Device.cpu(1);
  }

  @Bean
  Network network(Device device) {
    return Network.openDefault(device, Settings.none());
  }

  @Bean
  Classifier classifier(Network network) {
    Classifier classifier =
        new Classifier(network, network.labels(), Runtime.getRuntime().availableProcessors());
    // The server reports ready after this.
    classifier.warmUp();
    return classifier;
  }

  @Bean
  ImageDecoder decoder() {
    return new ImageDecoder(
        ImageLimits.DEFAULT.withPixels(50_000_000).withTime(Duration.ofSeconds(5)));
  }
}

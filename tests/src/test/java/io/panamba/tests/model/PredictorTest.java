package io.panamba.tests.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.panamba.model.Network;
import io.panamba.model.PoolTimeoutException;
import io.panamba.model.architecture.Settings;
import io.panamba.model.image.RgbImage;
import io.panamba.model.task.Classification;
import io.panamba.model.task.Classifier;
import io.panamba.model.task.FeatureExtractor;
import io.panamba.model.task.Predictor;
import io.panamba.runtime.Device;
import io.panamba.tests.kit.GoldenFiles;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tasks behind their one face. */
class PredictorTest {
  private static final RgbImage IMAGE = RgbImage.of(1, 1, new byte[] {1, 100, -1});

  private final Device device = Device.cpu(1);
  private Network vim;

  @BeforeEach
  void open() {
    vim = Network.open(GoldenFiles.path("vim_nano.safetensors"), device, Settings.none());
  }

  @AfterEach
  void close() {
    vim.close();
    device.close();
  }

  @Test
  void aClassifierPredictsAllClasses() {
    try (Classifier classifier = new Classifier(vim, vim.labels(), 1)) {
      Predictor<RgbImage, List<Classification>> predictor = classifier;
      predictor.warmUp();
      List<Classification> classes = predictor.predict(IMAGE);
      assertThat(classes).hasSize(10).isEqualTo(classifier.classify(IMAGE, 10));
      assertThat(classes)
          .isSortedAccordingTo(Comparator.comparingDouble(Classification::logit).reversed());
      assertThat(classes.stream().mapToDouble(Classification::probability).sum())
          .isCloseTo(1, within(1e-6));
    }
  }

  @Test
  void orAsManyAsItIsTold() {
    try (Classifier three = new Classifier(vim, vim.labels(), 1, 3)) {
      assertThat(three.predict(IMAGE)).isEqualTo(three.classify(IMAGE, 10).subList(0, 3));
      assertThat(three.predict(IMAGE, Duration.ZERO)).hasSize(3);
    }
    assertThatThrownBy(() -> new Classifier(vim, vim.labels(), 1, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a classifier predicts at least one class, not 0");
  }

  @Test
  void anExtractorPredictsFeatures() {
    try (FeatureExtractor extractor = new FeatureExtractor(vim, 1)) {
      Predictor<RgbImage, float[]> predictor = extractor;
      assertThat(predictor.predict(IMAGE)).isEqualTo(extractor.features(IMAGE));
      assertThat(predictor.predict(IMAGE, Duration.ZERO)).isEqualTo(extractor.features(IMAGE));
    }
  }

  @Test
  void waitsAreBoundedAndAClosedOnePredictsNothing() {
    FeatureExtractor extractor = new FeatureExtractor(vim, 1);
    extractor.<Void>extract(
        IMAGE,
        _ -> {
          assertThatThrownBy(() -> extractor.predict(IMAGE, Duration.ofMillis(1)))
              .isInstanceOf(PoolTimeoutException.class);
          return null;
        });
    extractor.close();
    assertThatThrownBy(() -> extractor.predict(IMAGE)).isInstanceOf(IllegalStateException.class);
    extractor.close();
  }

  /** What a test of an application writes, or one that counts, caches or logs. */
  @Test
  void aLambdaIsAPredictor() {
    List<Duration> waits = new ArrayList<>();
    try (Predictor<String, Integer> lengths =
        (text, wait) -> {
          waits.add(wait);
          return text.length();
        }) {
      lengths.warmUp();
      assertThat(lengths.predict("four")).isEqualTo(4);
      assertThat(lengths.predict("six...", Duration.ZERO)).isEqualTo(6);
    }
    assertThat(waits.get(0)).isGreaterThan(Duration.ofNanos(Long.MAX_VALUE));
    assertThat(waits.get(1)).isZero();
  }

  @Test
  void aProxyStandsBeforeIt() {
    List<String> calls = new ArrayList<>();
    try (FeatureExtractor extractor = new FeatureExtractor(vim, 1)) {
      @SuppressWarnings("unchecked")
      Predictor<RgbImage, float[]> proxy =
          (Predictor<RgbImage, float[]>)
              Proxy.newProxyInstance(
                  Predictor.class.getClassLoader(),
                  new Class<?>[] {Predictor.class},
                  (_, method, arguments) -> {
                    calls.add(method.getName());
                    try {
                      return method.invoke(extractor, arguments);
                    } catch (InvocationTargetException e) {
                      throw e.getCause();
                    }
                  });
      proxy.warmUp();
      assertThat(proxy.predict(IMAGE)).isEqualTo(extractor.features(IMAGE));
      proxy.close();
      assertThatThrownBy(() -> proxy.predict(IMAGE)).isInstanceOf(IllegalStateException.class);
    }
    assertThat(calls).containsExactly("warmUp", "predict", "close", "predict");
  }
}

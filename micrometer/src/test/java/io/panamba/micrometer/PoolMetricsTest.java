package io.panamba.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.panamba.model.Network;
import io.panamba.model.PoolCounts;
import io.panamba.model.PoolListener;
import io.panamba.model.PoolListener.Outcome;
import io.panamba.model.PoolTimeoutException;
import io.panamba.model.Pooled;
import io.panamba.model.architecture.Settings;
import io.panamba.model.image.RgbImage;
import io.panamba.model.task.Classifier;
import io.panamba.model.task.FeatureExtractor;
import io.panamba.runtime.Device;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a registry says of pools. */
class PoolMetricsTest {
  private static final RgbImage IMAGE = RgbImage.of(1, 1, new byte[3]);

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  @AfterEach
  void close() {
    registry.close();
  }

  /** A pool that says what it is told to. */
  private static final class Told implements Pooled {
    private PoolCounts counts;
    private PoolListener listener;

    @Override
    public PoolCounts counts() {
      return counts;
    }

    @Override
    public void addListener(PoolListener added) {
      assertThat(listener).isNull();
      listener = added;
    }
  }

  private double gauge(String name, String pool) {
    return registry.get("panamba.pool." + name).tag("pool", pool).gauge().value();
  }

  private double counter(String name, String pool) {
    return registry.get("panamba.pool." + name).tag("pool", pool).functionCounter().count();
  }

  private Timer waits(String outcome, String pool) {
    return registry.get("panamba.pool.wait").tags("pool", pool, "outcome", outcome).timer();
  }

  private Timer uses(String pool) {
    return registry.get("panamba.pool.use").tag("pool", pool).timer();
  }

  @Test
  void everyMeterHasItsCount() {
    Told pool = new Told();
    pool.counts = new PoolCounts(5, 4, 1, 0, 6, 7);
    new PoolMetrics(pool, Tags.of("pool", "a")).bindTo(registry);
    assertThat(gauge("size", "a")).isEqualTo(5);
    assertThat(gauge("used", "a")).isEqualTo(4);
    assertThat(gauge("idle", "a")).isEqualTo(1);
    assertThat(gauge("waiting", "a")).isZero();
    assertThat(counter("lent", "a")).isEqualTo(6);
    assertThat(counter("timeouts", "a")).isEqualTo(7);
    pool.counts = new PoolCounts(5, 5, 0, 9, 10, 11);
    assertThat(gauge("used", "a")).isEqualTo(5);
    assertThat(gauge("idle", "a")).isZero();
    assertThat(gauge("waiting", "a")).isEqualTo(9);
    assertThat(counter("lent", "a")).isEqualTo(10);
    assertThat(counter("timeouts", "a")).isEqualTo(11);
  }

  @Test
  void timersTellOutcomesApart() {
    Told pool = new Told();
    new PoolMetrics(pool, Tags.of("pool", "a")).bindTo(registry);
    pool.listener.waited(Outcome.LENT, 1000);
    pool.listener.waited(Outcome.TIMED_OUT, 2000);
    pool.listener.waited(Outcome.INTERRUPTED, 3000);
    pool.listener.waited(Outcome.CLOSED, 4000);
    pool.listener.used(70);
    pool.listener.used(80);
    assertThat(waits("lent", "a").totalTime(TimeUnit.NANOSECONDS)).isEqualTo(1000);
    assertThat(waits("timed_out", "a").totalTime(TimeUnit.NANOSECONDS)).isEqualTo(2000);
    assertThat(waits("interrupted", "a").totalTime(TimeUnit.NANOSECONDS)).isEqualTo(3000);
    assertThat(waits("closed", "a").totalTime(TimeUnit.NANOSECONDS)).isEqualTo(4000);
    assertThat(uses("a").count()).isEqualTo(2);
    assertThat(uses("a").totalTime(TimeUnit.NANOSECONDS)).isEqualTo(150);
  }

  @Test
  void twoPoolsInUse() {
    try (Device device = Device.cpu(1);
        Network network = Network.openDefault(device, Settings.none());
        Classifier classifier = new Classifier(network, network.labels(), 2, 1);
        FeatureExtractor extractor = new FeatureExtractor(network, 1)) {
      new PoolMetrics(classifier, Tags.of("pool", "classes")).bindTo(registry);
      new PoolMetrics(extractor, Tags.of("pool", "features")).bindTo(registry);
      assertThat(gauge("size", "classes")).isEqualTo(2);
      assertThat(gauge("idle", "classes")).isZero();
      classifier.warmUp();
      assertThat(gauge("idle", "classes")).isEqualTo(2);
      assertThat(waits("lent", "classes").count()).isZero();
      for (int i = 0; i < 3; i++) {
        classifier.predict(IMAGE);
      }
      extractor.<Void>extract(
          IMAGE,
          _ -> {
            assertThat(gauge("used", "features")).isEqualTo(1);
            assertThatThrownBy(() -> extractor.predict(IMAGE, Duration.ZERO))
                .isInstanceOf(PoolTimeoutException.class);
            return null;
          });
      assertThat(waits("lent", "classes").count()).isEqualTo(3);
      assertThat(uses("classes").count()).isEqualTo(3);
      assertThat(uses("classes").totalTime(TimeUnit.NANOSECONDS)).isPositive();
      assertThat(counter("lent", "classes")).isEqualTo(3);
      assertThat(waits("timed_out", "classes").count()).isZero();
      assertThat(waits("lent", "features").count()).isEqualTo(1);
      assertThat(waits("timed_out", "features").count()).isEqualTo(1);
      assertThat(counter("timeouts", "features")).isEqualTo(1);
      assertThat(gauge("used", "features")).isZero();
    }
  }
}

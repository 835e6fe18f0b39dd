package io.panamba.micrometer;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.panamba.model.PoolCounts;
import io.panamba.model.PoolListener;
import io.panamba.model.Pooled;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * Meters of a pool, or of a classifier or extractor by its pool:
 *
 * <ul>
 *   <li>gauges {@code panamba.pool.size}, {@code .used}, {@code .idle} and {@code .waiting}, as in
 *       {@link PoolCounts};
 *   <li>counters {@code panamba.pool.lent} and {@code panamba.pool.timeouts}, from the pool's
 *       beginning on;
 *   <li>a timer {@code panamba.pool.wait} of callers' waits, by the tag {@code outcome}: {@code
 *       lent}, {@code timed_out}, {@code interrupted} or {@code closed};
 *   <li>a timer {@code panamba.pool.use} of what callers do with an inference, preparation and
 *       reading included.
 * </ul>
 *
 * <p>The timers count from the binding on. As with Micrometer's other binders, the registry does
 * not keep the pool: it has to be held by whoever uses it.
 */
public final class PoolMetrics implements MeterBinder {
  private static final String PREFIX = "panamba.pool.";

  private final Pooled pool;
  private final Tags tags;

  /**
   * Prepares meters.
   *
   * @param pool what to measure
   * @param tags of all its meters; they have to tell the pools of a registry apart
   */
  public PoolMetrics(Pooled pool, Iterable<Tag> tags) {
    this.pool = pool;
    this.tags = Tags.of(tags);
  }

  /**
   * Registers the meters. Of several registries, bind to a composite one: each binding adds a
   * listener to the pool.
   *
   * @param registry that will have them
   */
  @Override
  public void bindTo(MeterRegistry registry) {
    gauge(registry, "size", "inferences", "Most inferences at a time", PoolCounts::size);
    gauge(registry, "used", "inferences", "Inferences that callers have", PoolCounts::used);
    gauge(registry, "idle", "inferences", "Inferences planned that nobody has", PoolCounts::idle);
    gauge(registry, "waiting", "threads", "Callers that wait", PoolCounts::waiting);
    counter(registry, "lent", "How often an inference was lent", PoolCounts::lent);
    counter(registry, "timeouts", "Callers that waited in vain", PoolCounts::timedOut);
    pool.addListener(new Timers(registry, tags));
  }

  private void gauge(
      MeterRegistry registry,
      String name,
      String unit,
      String description,
      ToDoubleFunction<PoolCounts> count) {
    Gauge.builder(PREFIX + name, pool, of -> count.applyAsDouble(of.counts()))
        .tags(tags)
        .baseUnit(unit)
        .description(description)
        .register(registry);
  }

  private void counter(
      MeterRegistry registry, String name, String description, ToDoubleFunction<PoolCounts> count) {
    FunctionCounter.builder(PREFIX + name, pool, of -> count.applyAsDouble(of.counts()))
        .tags(tags)
        .description(description)
        .register(registry);
  }

  /** Timers are found once: looking one up for every request would allocate. */
  private static final class Timers implements PoolListener {
    private final Map<Outcome, Timer> waits = new EnumMap<>(Outcome.class);
    private final Timer uses;

    Timers(MeterRegistry registry, Tags tags) {
      for (Outcome outcome : Outcome.values()) {
        waits.put(
            outcome,
            Timer.builder(PREFIX + "wait")
                .tags(tags)
                .tag("outcome", outcome.name().toLowerCase(Locale.ROOT))
                .description("How long callers waited for an inference")
                .register(registry));
      }
      uses =
          Timer.builder(PREFIX + "use")
              .tags(tags)
              .description("How long callers had an inference")
              .register(registry);
    }

    @Override
    public void waited(Outcome outcome, long nanos) {
      waits.get(outcome).record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void used(long nanos) {
      uses.record(nanos, TimeUnit.NANOSECONDS);
    }
  }
}

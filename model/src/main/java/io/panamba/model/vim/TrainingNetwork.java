package io.panamba.model.vim;

import io.panamba.model.architecture.TrainingProgram;
import io.panamba.model.architecture.TrainingStep;
import io.panamba.model.weights.TrainedWeights;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.CrossEntropy;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.PatchEmbedding;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.operation.Patches;
import io.panamba.runtime.operation.Pool;
import io.panamba.runtime.operation.PoolGradient;
import io.panamba.runtime.operation.Product;
import io.panamba.runtime.operation.Sum;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/** Writes the forward and the backward pass of a network as operations. */
final class TrainingNetwork {
  private final VimConfig config;
  private final VimWeights keys;
  private final TrainingMemory memory;
  private final TrainedWeights store;
  private final long batch;
  private final float smoothing;
  private final List<Operation> operations = new ArrayList<>();
  private final List<LayerSteps> layers = new ArrayList<>();

  /** The residual stream before every layer, and after the last. */
  private final List<Tensor> streams = new ArrayList<>();

  private final Tensor images;
  private final Tensor labels;
  private final Tensor losses;
  private final Tensor logits;

  /** (depth, batch), or null. */
  private final Tensor imageScales;

  TrainingNetwork(
      VimConfig config, TrainedWeights store, TrainingStep step, Device device, Arena arena) {
    this.config = config;
    this.keys = VimWeights.of(config);
    this.memory = new TrainingMemory(config, step.batch(), device, arena);
    this.store = store;
    this.batch = step.batch();
    this.smoothing = step.smoothing();
    images =
        memory.tensor(batch, config.colours(), config.image().height(), config.image().width());
    labels = Tensor.allocate(arena, DType.I32, Shape.of(batch));
    losses = memory.tensor(batch);
    logits = memory.tensor(batch, config.classes());
    imageScales = step.drops() ? memory.tensor(config.sizes().depth(), batch) : null;
    streams.add(memory.saved(config.sizes().dim()));
    for (int i = 0; i < config.sizes().depth(); i++) {
      Tensor scale = imageScales == null ? null : imageScales.slice(i, 1).reshape(Shape.of(batch));
      layers.add(new LayerSteps(keys.layers().get(i), memory, store, scale));
      streams.add(memory.saved(config.sizes().dim()));
    }
    write();
  }

  private void write() {
    layers.forEach(layer -> layer.prepare(operations));
    embed();
    for (int i = 0; i < layers.size(); i++) {
      Tensor before = i == 0 ? null : streams.get(i - 1);
      layers.get(i).forward(streams.get(i), before, streams.get(i + 1), operations);
    }
    Tensor last = streams.getLast();
    Tensor before = layers.isEmpty() ? null : streams.get(layers.size() - 1);
    NormSteps norm = new NormSteps(keys.finalNorm(), memory, store);
    Tensor tokens = memory.normed();
    operations.add(norm.forward(last, before, tokens));
    Tensor features = memory.tensor(batch, config.sizes().dim());
    Pool pool = VimNetwork.pool(config, tokens, features);
    operations.add(pool);
    Tensor featureGradient = head(features);
    Tensor tokenGradient = memory.normedGradient();
    operations.add(
        new PoolGradient(
            Pool.Kind.MEAN,
            null,
            pool.first(),
            pool.count(),
            pool.step(),
            featureGradient,
            tokenGradient));
    Tensor gradient = memory.row(config.sizes().dim());
    norm.backward(last, tokenGradient, 0, gradient, operations);
    for (int i = layers.size() - 1; i >= 0; i--) {
      layers.get(i).backward(streams.get(i), gradient, operations);
    }
    embedGradient(gradient);
  }

  private void embed() {
    Tensor weight = store.value(keys.projection());
    PackedMatrix packed = memory.packed(weight);
    operations.add(TrainingMemory.pack(weight, packed));
    operations.add(
        new PatchEmbedding(
            images,
            packed,
            store.value(keys.projectionBias()),
            keys.positions() != null ? rows(store.value(keys.positions())) : null,
            classTokens(store.values()),
            LoadedVim.classIndex(config),
            config.sizes().patch(),
            config.sizes().stride(),
            streams.getFirst()));
  }

  /** The class tokens or their gradients, (count, dim), or null. */
  private Tensor classTokens(Tensor flat) {
    return keys.classTokens().isEmpty() ? null : store.joined(flat, keys.classTokens());
  }

  /** A position embedding as (length, dim). */
  private Tensor rows(Tensor positions) {
    return positions.reshape(Shape.of(config.length(), config.sizes().dim()));
  }

  /** Head and loss; returns the gradient of the features. */
  private Tensor head(Tensor features) {
    Tensor weight = store.value(keys.head());
    PackedMatrix packed = memory.packed(weight);
    operations.add(TrainingMemory.pack(weight, packed));
    operations.add(Linear.of(features, packed, store.value(keys.headBias()), 0, logits));
    Tensor logitsGradient = memory.tensor(batch, config.classes());
    operations.add(new CrossEntropy(logits, labels, smoothing, 1f / batch, losses, logitsGradient));
    Columns gradient = Columns.of(logitsGradient);
    operations.add(
        Product.ofWeight(gradient, Columns.of(features), 0, store.gradient(keys.head())));
    operations.add(Sum.ofRows(gradient, store.gradient(keys.headBias())));
    Tensor featureGradient = memory.tensor(batch, config.sizes().dim());
    operations.add(Product.ofInput(gradient, weight, 0, Columns.of(featureGradient)));
    return featureGradient;
  }

  private void embedGradient(Tensor gradient) {
    long dim = config.sizes().dim();
    // The sum over images is the position embedding's gradient. Of its rows those of class tokens
    // are the tokens' gradients, and the sum of the others is the bias's.
    Tensor positions =
        keys.positions() != null
            ? rows(store.gradient(keys.positions()))
            : memory.tensor(config.length(), dim);
    operations.add(Sum.of(gradient, positions));
    Tensor bias = store.gradient(keys.projectionBias());
    Tensor tokens = classTokens(store.gradients());
    ClassIndex index = LoadedVim.classIndex(config);
    long next = 0;
    float accumulate = 0;
    for (int i = 0; i <= index.count(); i++) {
      long end = i < index.count() ? index.place(i) : config.length();
      if (end > next) {
        operations.add(new Sum(positions, next * dim, end - next, dim, accumulate, 1, bias));
        accumulate = 1;
      }
      if (i < index.count()) {
        operations.add(new Sum(positions, end * dim, 1, dim, 0, 1, tokens.slice(i, 1)));
      }
      next = end + 1;
    }
    Tensor weight = TrainingMemory.matrix(store.gradient(keys.projection()));
    Tensor patches = memory.row(weight.shape().size(1));
    operations.add(
        new Patches(images, index, config.sizes().patch(), config.sizes().stride(), patches));
    operations.add(Product.ofWeight(Columns.of(gradient), Columns.of(patches), 0, weight));
  }

  TrainingProgram program() {
    return new TrainingProgram(
        operations,
        images,
        labels,
        losses,
        logits,
        imageScales,
        memory.bytes(),
        memory.savedBytes());
  }
}

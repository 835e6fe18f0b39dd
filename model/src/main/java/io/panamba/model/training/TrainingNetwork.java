package io.panamba.model.training;

import io.panamba.model.block.ClassToken;
import io.panamba.model.block.Pooling;
import io.panamba.model.VimConfig;
import io.panamba.runtime.DType;
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
  /** The tokens that features are the mean of: {@code first, first + step, ...}. */
  private record Pooled(long first, long count, long step) {
    static Pooled of(VimConfig config) {
      long length = config.length();
      return switch (config.classToken()) {
        case HEAD, MIDDLE -> new Pooled(config.classToken().places(config.patches())[0], 1, 1);
        case DOUBLE -> new Pooled(0, 2, length - 1);
        case NONE ->
            config.pooling() == Pooling.LAST
                ? new Pooled(length - 1, 1, 1)
                : new Pooled(0, length, 1);
      };
    }
  }

  private final VimConfig config;
  private final TrainingMemory memory;
  private final ParameterStore store;
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
      TrainingMemory memory, ParameterStore store, TrainingOptions options, Arena arena) {
    this.config = memory.config();
    this.memory = memory;
    this.store = store;
    this.batch = options.batch();
    this.smoothing = options.smoothing();
    images = memory.tensor(batch, config.colours(), config.imageHeight(), config.imageWidth());
    labels = Tensor.allocate(arena, DType.I32, Shape.of(batch));
    losses = memory.tensor(batch);
    logits = memory.tensor(batch, config.classes());
    imageScales = options.dropPath() > 0 ? memory.tensor(config.depth(), batch) : null;
    streams.add(memory.saved(config.dim()));
    for (int i = 0; i < config.depth(); i++) {
      Tensor scale = imageScales == null ? null : imageScales.slice(i, 1).reshape(Shape.of(batch));
      layers.add(new LayerSteps(i, memory, store, scale));
      streams.add(memory.saved(config.dim()));
    }
    write();
  }

  private ClassIndex classIndex() {
    return config.classToken() == ClassToken.NONE
        ? ClassIndex.NONE
        : ClassIndex.of(config.classToken().places(config.patches()));
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
    NormSteps norm = new NormSteps("norm_f.", memory, store);
    Tensor tokens = memory.normed();
    operations.add(norm.forward(last, before, tokens));
    Pooled pooled = Pooled.of(config);
    Tensor features = memory.tensor(batch, config.dim());
    operations.add(
        new Pool(Pool.Kind.MEAN, tokens, pooled.first, pooled.count, pooled.step, features));
    Tensor featureGradient = head(features);
    Tensor tokenGradient = memory.normedGradient();
    operations.add(
        new PoolGradient(
            Pool.Kind.MEAN,
            null,
            pooled.first,
            pooled.count,
            pooled.step,
            featureGradient,
            tokenGradient));
    Tensor gradient = memory.row(config.dim());
    norm.backward(last, tokenGradient, 0, gradient, operations);
    for (int i = layers.size() - 1; i >= 0; i--) {
      layers.get(i).backward(streams.get(i), gradient, operations);
    }
    embedGradient(gradient);
  }

  private void embed() {
    Tensor weight = store.value("patch_embed.proj.weight");
    PackedMatrix packed = memory.packed(weight);
    operations.add(TrainingMemory.pack(weight, packed));
    operations.add(
        new PatchEmbedding(
            images,
            packed,
            store.value("patch_embed.proj.bias"),
            config.positions() ? rows(store.value("pos_embed")) : null,
            store.classTokens(config, store.values()),
            classIndex(),
            config.patch(),
            config.stride(),
            streams.getFirst()));
  }

  /** A position embedding as (length, dim). */
  private Tensor rows(Tensor positions) {
    return positions.reshape(Shape.of(config.length(), config.dim()));
  }

  /** Head and loss; returns the gradient of the features. */
  private Tensor head(Tensor features) {
    Tensor weight = store.value("head.weight");
    PackedMatrix packed = memory.packed(weight);
    operations.add(TrainingMemory.pack(weight, packed));
    operations.add(Linear.of(features, packed, store.value("head.bias"), 0, logits));
    Tensor logitsGradient = memory.tensor(batch, config.classes());
    operations.add(new CrossEntropy(logits, labels, smoothing, 1f / batch, losses, logitsGradient));
    Columns gradient = Columns.of(logitsGradient);
    operations.add(
        Product.ofWeight(gradient, Columns.of(features), 0, store.gradient("head.weight")));
    operations.add(Sum.ofRows(gradient, store.gradient("head.bias")));
    Tensor featureGradient = memory.tensor(batch, config.dim());
    operations.add(Product.ofInput(gradient, weight, 0, Columns.of(featureGradient)));
    return featureGradient;
  }

  private void embedGradient(Tensor gradient) {
    long dim = config.dim();
    // The sum over images is the position embedding's gradient. Of its rows those of class tokens
    // are the tokens' gradients, and the sum of the others is the bias's.
    Tensor positions =
        config.positions()
            ? rows(store.gradient("pos_embed"))
            : memory.tensor(config.length(), dim);
    operations.add(Sum.of(gradient, positions));
    Tensor bias = store.gradient("patch_embed.proj.bias");
    Tensor tokens = store.classTokens(config, store.gradients());
    ClassIndex index = classIndex();
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
    Tensor weight = TrainingMemory.matrix(store.gradient("patch_embed.proj.weight"));
    Tensor patches = memory.row(weight.shape().size(1));
    operations.add(new Patches(images, index, config.patch(), config.stride(), patches));
    operations.add(Product.ofWeight(Columns.of(gradient), Columns.of(patches), 0, weight));
  }

  List<Operation> operations() {
    return operations;
  }

  Tensor images() {
    return images;
  }

  Tensor labels() {
    return labels;
  }

  Tensor losses() {
    return losses;
  }

  Tensor logits() {
    return logits;
  }

  Tensor imageScales() {
    return imageScales;
  }
}

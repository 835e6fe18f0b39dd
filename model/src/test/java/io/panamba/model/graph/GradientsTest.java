package io.panamba.model.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.panamba.model.memory.CountingArena;
import io.panamba.model.memory.DeviceMemory;
import io.panamba.model.weights.Affine;
import io.panamba.model.weights.Draw;
import io.panamba.model.weights.Form;
import io.panamba.model.weights.RandomWeights;
import io.panamba.model.weights.TrainedWeights;
import io.panamba.model.weights.Weight;
import io.panamba.model.weights.Weight.Learning;
import io.panamba.runtime.Arenas;
import io.panamba.runtime.Device;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.operation.Norm;
import io.panamba.runtime.operation.PatchEmbedding.ClassIndex;
import io.panamba.runtime.operation.Pool;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Gradients of graphs that no network has, by central differences. */
class GradientsTest {
  private static final int BATCH = 2;
  private static final int DIM = 8;
  private static final int CLASSES = 3;
  private static final int LENGTH = 4;

  private final List<Weight> weights = new ArrayList<>();

  private Weight weight(String key, Form form, long... shape) {
    Weight weight = new Weight(key, Shape.of(shape), form, Learning.DECAYS, Draw.normal(0.5));
    weights.add(weight);
    return weight;
  }

  private final Weight projection = weight("projection", Form.MATRIX, DIM, 1, 2, 2);
  private final Weight norm1 = weight("norm1", Form.PLAIN, DIM);
  private final Weight norm2 = weight("norm2", Form.PLAIN, DIM);
  private final Weight first = weight("first", Form.MATRIX, DIM, DIM);
  private final Weight second = weight("second", Form.MATRIX, DIM, DIM);
  private final Weight factors = weight("factors", Form.PLAIN, DIM);
  private final Weight head = weight("head", Form.EXACT, CLASSES, DIM);

  private Value norm(Graph graph, Value x, Weight weight) {
    return graph.norm(Norm.Kind.RMS, x, Affine.unbiased(weight), 1e-5f);
  }

  private Graph graph(UnaryOperator<Value> body) {
    Graph graph = Graph.training(BATCH, weight -> new float[0], false);
    Value image = graph.image(1, 4, 4);
    Value stream =
        graph.embed(image, projection, null, null, List.of(), ClassIndex.NONE, 2, LENGTH);
    this.graph = graph;
    Value out = body.apply(stream);
    Value features = graph.pool(Pool.Kind.MEAN, out, 0, LENGTH, 1);
    graph.results(out, features, graph.linear(features, Affine.unbiased(head)));
    return graph.finish(true);
  }

  private Graph graph;

  /** Two branches read one value before either is added to it. */
  @Test
  void branchesBesideEachOther() {
    check(
        a -> {
          Value b = graph.linear(norm(graph, a, norm1), Affine.unbiased(first));
          Value c = graph.linear(norm(graph, a, norm2), Affine.unbiased(second));
          return graph.add(1, graph.add(1, a, b), c);
        });
  }

  /** A value is added to itself, times a factor, and one weight is used twice. */
  @Test
  void oneWeightTwice() {
    check(
        a -> {
          Value b = graph.linear(norm(graph, a, norm1), Affine.unbiased(first));
          Value c =
              graph.linear(
                  graph.gelu(graph.linear(b, Affine.unbiased(second))), Affine.unbiased(first));
          return graph.add(2, graph.add(0.5f, a, b), graph.add(1, b, c));
        });
  }

  /** Factors of channels between a product and a sum. */
  @Test
  void scaled() {
    check(
        a -> {
          Value b =
              graph.scale(graph.linear(norm(graph, a, norm1), Affine.unbiased(first)), factors, -1);
          return graph.add(1, a, graph.scale(b, factors, -1));
        });
  }

  private void check(UnaryOperator<Value> body) {
    try (Device device = Device.cpu(2);
        CountingArena arena = new CountingArena(Arenas.shared())) {
      Map<String, Tensor> values = new LinkedHashMap<>(RandomWeights.draw(weights, 3, arena));
      Map<String, Tensor> gradients = new LinkedHashMap<>();
      run(body, values, device, arena, gradients);
      for (Weight weight : weights) {
        float[] gradient = gradients.get(weight.key()).toFloats();
        double length = 0;
        for (float number : gradient) {
          length += (double) number * number;
        }
        length = Math.sqrt(length);
        if (length == 0) {
          continue;
        }
        double step = 5e-3;
        double difference =
            (moved(body, values, weight, gradient, step / length, device)
                    - moved(body, values, weight, gradient, -step / length, device))
                / (2 * step);
        assertThat(difference)
            .as("%s along its gradient", weight.key())
            .isCloseTo(length, within(0.01 * length + 1e-4));
      }
    }
  }

  private double moved(
      UnaryOperator<Value> body,
      Map<String, Tensor> values,
      Weight weight,
      float[] direction,
      double step,
      Device device) {
    try (CountingArena arena = new CountingArena(Arenas.shared())) {
      float[] numbers = values.get(weight.key()).toFloats();
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] += (float) (step * direction[i]);
      }
      Map<String, Tensor> other = new LinkedHashMap<>(values);
      other.put(weight.key(), Tensor.of(arena, weight.shape(), numbers));
      return run(body, other, device, arena, new LinkedHashMap<>());
    }
  }

  private double run(
      UnaryOperator<Value> body,
      Map<String, Tensor> values,
      Device device,
      CountingArena arena,
      Map<String, Tensor> gradients) {
    TrainedWeights store = new TrainedWeights(weights, Set.of(), Set.of(), false, arena);
    store.load(values);
    TrainingProgram program =
        TrainingProgram.of(graph(body), store, 0, true, new DeviceMemory(device, arena));
    SplittableRandom random = new SplittableRandom(1);
    float[] pixels = new float[BATCH * 16];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextDouble(-1, 1);
    }
    program.images().copyFrom(pixels);
    for (int i = 0; i < BATCH; i++) {
      program.labels().segment().setAtIndex(ValueLayout.JAVA_INT, i, i);
    }
    try (Plan plan = device.plan(program.operations())) {
      plan.run();
    }
    gradients.putAll(store.export(store.gradients(), arena));
    double sum = 0;
    for (float loss : program.losses().toFloats()) {
      sum += loss;
    }
    return sum / BATCH;
  }
}

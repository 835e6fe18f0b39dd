package io.panamba.model.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.KeyMap;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.memory.CountingArena;
import io.panamba.model.memory.DeviceMemory;
import io.panamba.runtime.DType;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Loading weights that the file calls otherwise: errors say what the file says. */
class ForeignNamesTest {
  private static final KeyMap NAMES =
      KeyMap.builder().join("qkv", "query", "key", "value").rename("layernorm", "norm").build();

  private static final List<Weight> WEIGHTS =
      List.of(weight("qkv.bias", Shape.of(6)), weight("norm.bias", Shape.of(2)));

  private static Weight weight(String key, Shape shape) {
    return new Weight(key, shape, Form.NUMBERS, Weight.Learning.PLAIN, Draw.constant(0));
  }

  private static LoadedWeights load(String... keys) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (String key : keys) {
      tensors.put(key, Tensor.of(Arena.ofAuto(), Shape.of(2), key.length(), 0));
    }
    try (Device device = Device.cpu(1);
        Checkpoint checkpoint = Checkpoint.of(tensors);
        CountingArena arena = new CountingArena(Arena.ofConfined())) {
      return LoadedWeights.load(
          checkpoint.under(NAMES), WEIGHTS, DType.F32, new DeviceMemory(device, arena));
    }
  }

  @Test
  void joinedTensorsLoadAsOne() {
    LoadedWeights loaded = load("query.bias", "key.bias", "value.bias", "layernorm.bias");
    assertThat(loaded.numbers(WEIGHTS.getFirst())).containsExactly(10, 0, 8, 0, 10, 0);
  }

  @Test
  void whatIsMissingIsCalledAsTheFileWould() {
    assertThatThrownBy(() -> load("query.bias", "key.bias", "value.bias"))
        .isInstanceOf(WeightsException.class)
        .hasMessageStartingWith("layernorm.bias is missing; expected ");
    assertThatThrownBy(() -> load("layernorm.bias"))
        .isInstanceOf(WeightsException.class)
        .hasMessageStartingWith("query.bias + key.bias + value.bias is missing");
  }

  @Test
  void whatIsUnknownIsCalledAsInTheFile() {
    assertThatThrownBy(
            () ->
                load("query.bias", "key.bias", "value.bias", "layernorm.bias", "layernorm.weight"))
        .isInstanceOf(WeightsException.class)
        .hasMessage("1 keys are not of this network: layernorm.weight");
  }
}

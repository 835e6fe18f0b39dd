package io.panamba.tests.lists;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Architectures;
import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.training.Trainer;
import io.panamba.model.training.TrainingOptions;
import io.panamba.model.vim.Vim;
import io.panamba.runtime.Device;
import io.panamba.runtime.MatrixSource;
import io.panamba.runtime.PackedMatrix;
import io.panamba.runtime.Plan;
import io.panamba.runtime.Tensor;
import io.panamba.runtime.internal.Memory;
import io.panamba.runtime.operation.Columns;
import io.panamba.runtime.operation.Operand;
import io.panamba.runtime.operation.Operation;
import io.panamba.tests.golden.NetworkGolden;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Operations of networks say all that they read and write, and write nothing else. */
class OperandTest {
  static List<String> names() {
    return NetworkGolden.names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void ofInference(String name) throws Exception {
    try (Device device = Device.cpu(1);
        Network network =
            Network.open(NetworkGolden.weights(name), device, NetworkGolden.options(name))) {
      InferenceOptions logits = InferenceOptions.logits(2, network.config());
      for (InferenceOptions options :
          List.of(logits, logits.withTokens().withTaps(), logits.withTile(8))) {
        try (Inference inference = network.plan(options)) {
          check(inference.operations(), i -> inference.run(i, 1));
        }
      }
    }
  }

  @Test
  void ofTraining() throws Exception {
    try (Checkpoint weights = Checkpoint.open(NetworkGolden.weights("vim_nano"));
        Device device = Device.cpu(1);
        Arena arena = Arena.ofConfined()) {
      var recognised = Architectures.recognise(Vim.FAMILY, weights);
      var config = recognised.read(NetworkGolden.options("vim_nano"));
      try (Trainer trainer =
              new Trainer(
                  Vim.FAMILY,
                  config,
                  Network.fit(recognised, config, 0, arena),
                  TrainingOptions.defaults().withBatch(2),
                  device);
          Plan plan = device.plan(trainer.operations())) {
        check(trainer.operations(), i -> plan.run(i, 1));
      }
    }
  }

  private static void check(List<Operation> operations, IntConsumer run) throws Exception {
    for (int i = 0; i < operations.size(); i++) {
      Operation operation = operations.get(i);
      List<Operand> writes = operation.writes();
      List<Operand> known = new ArrayList<>(operation.reads());
      known.addAll(writes);
      List<Operand> named = new ArrayList<>();
      collect((Record) operation, named);
      assertThat(named)
          .as("operands of %s", operation)
          .allMatch(operand -> known.stream().anyMatch(other -> Operand.overlap(operand, other)));
      List<Operand> kept =
          named.stream()
              .filter(operand -> writes.stream().noneMatch(w -> Operand.overlap(operand, w)))
              .toList();
      List<byte[]> before = kept.stream().map(OperandTest::bytes).toList();
      run.accept(i);
      for (int k = 0; k < kept.size(); k++) {
        assertThat(bytes(kept.get(k)))
            .as("%s of %s", kept.get(k), operation)
            .isEqualTo(before.get(k));
      }
    }
  }

  /** Collects the operands of a record and of the records in it. */
  private static void collect(Record record, List<Operand> operands) throws Exception {
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      Object value = component.getAccessor().invoke(record);
      if (value instanceof Operand operand) {
        operands.add(operand);
      } else if (value instanceof Record inner) {
        collect(inner, operands);
      }
    }
  }

  private static byte[] bytes(Operand operand) {
    MemorySegment memory =
        switch (operand) {
          case Tensor tensor -> tensor.segment();
          case PackedMatrix matrix -> Memory.of(matrix);
          case MatrixSource source -> source.data();
          case Columns columns -> {
            // Other columns of the rows may be written.
            Tensor tensor = columns.tensor();
            long element = tensor.dtype().bytes();
            byte[] all = new byte[Math.toIntExact(columns.rows() * columns.count() * element)];
            for (int row = 0; row < columns.rows(); row++) {
              MemorySegment.copy(
                  tensor.segment(),
                  ValueLayout.JAVA_BYTE,
                  (row * columns.rowStride() + columns.first()) * element,
                  all,
                  Math.toIntExact(row * columns.count() * element),
                  Math.toIntExact(columns.count() * element));
            }
            yield MemorySegment.ofArray(all);
          }
        };
    return memory.toArray(ValueLayout.JAVA_BYTE);
  }
}

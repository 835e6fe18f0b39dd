package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.cli.Main;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.SafetensorsWriter;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The command, run in this process. */
final class Cli {
  private Cli() {}

  /** What a run left. */
  record Result(int code, String out, String err) {
    /** Requires success, with nothing on standard error. */
    Result ok() {
      assertThat(err).isEmpty();
      assertThat(code).as("%s", this).isZero();
      return this;
    }

    /** Requires exit code 1 and one line on standard error, and returns the line. */
    String error() {
      assertThat(code).as("%s", this).isEqualTo(1);
      return line();
    }

    /** Requires exit code 2 and one line on standard error, and returns the line. */
    String misuse() {
      assertThat(code).as("%s", this).isEqualTo(2);
      assertThat(out).isEmpty();
      return line();
    }

    private String line() {
      assertThat(err.lines()).as("%s", this).hasSize(1);
      return err.strip();
    }

    JsonNode json() {
      return JsonMapper.shared().readTree(out);
    }
  }

  static Result run(Object... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    String[] words = Arrays.stream(args).map(Object::toString).toArray(String[]::new);
    int code = Main.run(new PrintWriter(out), new PrintWriter(err), words);
    return new Result(code, out.toString(), err.toString());
  }

  static Path golden(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(Cli.class.getResource("/golden/" + name), name).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  static float[] read(Path file, String key) {
    try (Checkpoint checkpoint = Checkpoint.open(file)) {
      return checkpoint.find(key).orElseThrow(() -> new AssertionError(key)).toFloats();
    }
  }

  static Shape shape(Path file, String key) {
    try (Checkpoint checkpoint = Checkpoint.open(file)) {
      return checkpoint.find(key).orElseThrow(() -> new AssertionError(key)).shape();
    }
  }

  /** Writes a file with one tensor. */
  static Path write(Path file, String key, Shape shape, float... values) {
    try (Arena arena = Arena.ofConfined()) {
      SafetensorsWriter.write(file, Map.of(key, Tensor.of(arena, shape, values)), Map.of());
    }
    return file;
  }

  /** Requires the largest difference to be within 1e-5 of the largest expected value. */
  static void assertClose(float[] actual, float[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    double largest = 0;
    double difference = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      difference = Math.max(difference, Math.abs((double) actual[i] - expected[i]));
    }
    assertThat(difference).isLessThanOrEqualTo(1e-5 * largest);
  }
}

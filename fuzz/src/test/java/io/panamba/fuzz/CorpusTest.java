package io.panamba.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds every parser to its promises for every input that is kept. */
class CorpusTest {
  static final Path CORPUS = Path.of("src/test/resources/corpus");
  static final Path REGRESSIONS = Path.of("src/test/resources/regressions");

  private static final long CORPUS_BYTES = 1_500_000;

  private static List<Target> targets() {
    return Targets.all();
  }

  @ParameterizedTest
  @MethodSource("targets")
  @Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void theCorpusIsReadOrRefusedWithinItsBudget(Target target) throws IOException {
    int read = 0;
    int refused = 0;
    for (Path file : files(target)) {
      try {
        if (Trial.run(target, Files.readAllBytes(file))) {
          read++;
        } else {
          refused++;
        }
      } catch (Exception | Error e) {
        throw new AssertionError("%s: %s".formatted(file, e.getMessage()), e);
      }
    }
    // A corpus that is only refused, or only read, tries little.
    assertThat(read).as("inputs that are read").isPositive();
    assertThat(refused).as("inputs that are refused").isPositive();
  }

  private static List<Path> files(Target target) throws IOException {
    List<Path> files = new ArrayList<>();
    for (Path folder : List.of(CORPUS, REGRESSIONS)) {
      Path own = folder.resolve(target.name());
      if (Files.exists(own)) {
        try (Stream<Path> inputs = Files.list(own)) {
          inputs.sorted().forEach(files::add);
        }
      }
    }
    return files;
  }

  @Test
  void theCorpusIsSmall() throws IOException {
    long bytes = 0;
    for (Target target : Targets.all()) {
      for (Path file : files(target)) {
        bytes += Files.size(file);
      }
    }
    assertThat(bytes).isLessThan(CORPUS_BYTES);
  }
}

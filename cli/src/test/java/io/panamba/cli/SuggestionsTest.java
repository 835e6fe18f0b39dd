package io.panamba.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SuggestionsTest {
  /** What the command says of wrong arguments, in one line, and that it ends with 2. */
  private static String misuse(String line) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Main.run(new PrintWriter(out), new PrintWriter(err), line.split(" "));
    assertThat(code).as(err.toString()).isEqualTo(2);
    assertThat(out.toString()).isEmpty();
    assertThat(err.toString().lines()).hasSize(1);
    return err.toString().strip();
  }

  @ParameterizedTest
  @CsvSource({
    "clasify,classify",
    "Classify,classify",
    "calssify,classify",
    "class,classify",
    "ifno,info",
    "generate,generate-completion",
    "trian,train",
    "--verson,--version",
    "classify --wieghts w.pth 7.png,--weights",
    "classify 7.png --wieghts=w.pth,--weights",
    "classify 7.png --thread 2,--threads",
    "classify 7.png --crop-rato 1,--crop-ratio",
    "classify 7.png --no-divide-ot,--no-divide-out",
  })
  void aMistypedWord(String line, String meant) {
    assertThat(misuse(line)).contains("; did you mean " + meant + "? (");
  }

  @Test
  void theWholeLine() {
    assertThat(misuse("clasify"))
        .isEqualTo(
            "panamba: Unmatched argument at index 0: 'clasify'; did you mean classify?"
                + " (panamba --help explains)");
  }

  @Test
  void aRequiredOption() {
    assertThat(misuse("embed photos --otuput=f.safetensors"))
        .contains("Missing required options: '--weights=FILE', '--output=FILE'")
        .contains("; '--otuput' is unknown, did you mean --output? (");
  }

  @ParameterizedTest
  @ValueSource(strings = {"sing", "x", "classify 7.png --sing", "classify 7.png -x", "info 7.png"})
  void nothingAlike(String line) {
    assertThat(misuse(line)).doesNotContain("did you mean");
  }

  @Test
  void theNearest() {
    assertThat(Suggestions.nearest("--no-", Stream.of("--no-a", "--no-b", "--yes", "--no-c", "x")))
        .containsExactly("--no-a", "--no-b", "--no-c");
    assertThat(Suggestions.nearest("--std", Stream.of("--mean", "--stride"))).isEmpty();
    assertThat(Suggestions.nearest("--sdt", Stream.of("--std", "--sat")))
        .containsExactly("--std", "--sat");
    assertThat(Suggestions.nearest("--std", Stream.empty())).isEmpty();
  }

  @Test
  void hiddenLettersAreEscaped() {
    assertThat(misuse("clasify\u001b")).contains("did you mean classify?").doesNotContain("\u001b");
  }
}

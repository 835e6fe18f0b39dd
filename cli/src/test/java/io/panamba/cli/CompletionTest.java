package io.panamba.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompletionTest {
  private static final Path BASH = Path.of("/bin/bash");

  @TempDir private Path folder;

  private static String script() {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    assertThat(Main.run(new PrintWriter(out), new PrintWriter(err), "generate-completion"))
        .isZero();
    assertThat(err.toString()).isEmpty();
    return out.toString();
  }

  /** What Bash would offer for the last of some words. */
  private List<String> offered(String... words) throws IOException, InterruptedException {
    Path script = Files.writeString(folder.resolve("completion"), script());
    String command =
        """
        # It speaks to a shell in the middle of a completion alone.
        compopt() { :; }
        . "$1"
        shift
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        _complete_panamba
        printf '%s\\n' "${COMPREPLY[@]}"
        """;
    List<String> call =
        new ArrayList<>(List.of(BASH.toString(), "--norc", "-c", command, "-", script.toString()));
    call.addAll(List.of(words));
    Process bash = new ProcessBuilder(call).redirectErrorStream(true).start();
    String output = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(bash.waitFor()).as(output).isZero();
    return output.lines().map(String::strip).toList();
  }

  @Test
  void ofCommandsAndOptions() throws Exception {
    assumeTrue(Files.isExecutable(BASH), "needs Bash");
    assertThat(offered("panamba", "cl")).containsExactly("classify");
    assertThat(offered("panamba", "classify", "--we")).containsExactly("--weights");
    // An option of a network's settings, which no annotation declares.
    assertThat(offered("panamba", "classify", "--crop-")).contains("--crop-mode", "--crop-ratio");
  }

  @Test
  void isListed() {
    StringWriter out = new StringWriter();
    assertThat(Main.run(new PrintWriter(out), new PrintWriter(new StringWriter()), "--help"))
        .isZero();
    assertThat(out.toString()).contains("generate-completion");
  }
}

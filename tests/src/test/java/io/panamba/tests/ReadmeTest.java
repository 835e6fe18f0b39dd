package io.panamba.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java snippets of the README and of docs/ compile as they stand and do what they say. */
class ReadmeTest {
  private static final Path ROOT = Path.of("..");

  @TempDir Path folder;

  private static Path golden(String name) throws Exception {
    return Path.of(ReadmeTest.class.getResource("/golden/" + name).toURI());
  }

  @Test
  void readmeClassifies() throws Exception {
    assertThat(output("README.md").lines())
        .hasSize(5)
        .allMatch(line -> line.matches(" *[0-9.]+ %  class [0-9]"));
  }

  @Test
  void embeddingUsesAPool() throws Exception {
    assertThat(output("docs/embedding.md")).isEqualTo("10 logits\n");
  }

  @Test
  void longSequencesStream() throws Exception {
    assertThat(output("docs/long-sequences.md")).isEqualTo("32 features\n");
  }

  private String output(String page) throws Exception {
    String text = Files.readString(ROOT.resolve(page));
    int start = text.indexOf("```java\n") + "```java\n".length();
    List<String> snippet = text.substring(start, text.indexOf("```", start)).lines().toList();
    String source =
        lines(snippet, true)
            + "\n"
            + "public class Snippet {\n"
            + "  public static void main(String[] args) throws Exception {\n"
            + lines(snippet, false)
            + "\n  }\n}\n";
    assertThat(source).contains("\"vim_t_midclstok_76p1acc.pth\"");
    source = source.replace("vim_t_midclstok_76p1acc.pth", golden("vim_nano.pth").toString());
    source = source.replace("cat.jpg", golden("images/chelsea.png").toString());
    Path file = Files.writeString(folder.resolve("Snippet.java"), source);
    ByteArrayOutputStream diagnostics = new ByteArrayOutputStream();
    int failed =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                diagnostics,
                diagnostics,
                "-Xlint:all,-path",
                "-Werror",
                "-proc:none",
                "-d",
                folder.toString(),
                file.toString());
    assertThat(failed).as(diagnostics.toString(StandardCharsets.UTF_8)).isZero();

    PrintStream out = System.out;
    ByteArrayOutputStream captured = new ByteArrayOutputStream();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
      System.setOut(new PrintStream(captured, true, StandardCharsets.UTF_8));
      loader
          .loadClass("Snippet")
          .getMethod("main", String[].class)
          .invoke(null, (Object) new String[0]);
    } finally {
      System.setOut(out);
    }
    return captured.toString(StandardCharsets.UTF_8);
  }

  private static String lines(List<String> snippet, boolean imports) {
    return snippet.stream()
        .filter(line -> line.startsWith("import ") == imports)
        .collect(Collectors.joining("\n"));
  }
}

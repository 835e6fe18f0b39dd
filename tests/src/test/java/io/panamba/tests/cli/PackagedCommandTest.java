package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** The command as it is shipped, in processes of its own: no warning may appear. */
class PackagedCommandTest {
  private static final Path JAR = Path.of("..", "cli", "target", "panamba.jar");
  private static final Path CAT = Cli.golden("images/chelsea.png");
  private static final Path NANO = Cli.golden("vim_nano.pth");

  @TempDir private Path folder;

  private Cli.Result java(Object... args) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    Arrays.stream(args).map(Object::toString).forEach(command::add);
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
    Process process = builder.start();
    if (!process.waitFor(120, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("no end: " + command);
    }
    return new Cli.Result(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  /** The entries of this process's class path that the command needs, as modules. */
  private static String modulePath() {
    List<String> entries =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(PackagedCommandTest::isNeeded)
            .toList();
    assertThat(entries).hasSizeGreaterThanOrEqualTo(6);
    return String.join(File.pathSeparator, entries);
  }

  private static boolean isNeeded(String entry) {
    String name = Path.of(entry).getFileName().toString();
    return name.equals("classes")
        || name.matches("(panamba-|picocli-|imageio-|common-(lang|io|image)-).*(?<!-tests)\\.jar");
  }

  private Cli.Result module(Object... args) throws IOException, InterruptedException {
    List<Object> all =
        new ArrayList<>(
            List.of(
                "-p",
                modulePath(),
                "--enable-native-access=io.panamba.runtime,io.panamba.bindings",
                "--illegal-native-access=deny",
                "-m",
                "io.panamba.cli/io.panamba.cli.Main"));
    all.addAll(Arrays.asList(args));
    return java(all.toArray());
  }

  @Test
  void onTheModulePath() throws Exception {
    Cli.Result result = module("classify", CAT, "--weights", NANO, "--json").ok();
    assertThat(result.json())
        .isEqualTo(Cli.run("classify", CAT, "--weights", NANO, "--json").ok().json());
    assertThat(module("bench", "--model", "nano", "--seconds", "0.05").ok().out())
        .contains("time over floor");
    assertThat(module("sing").misuse()).contains("'sing'");
  }

  @Test
  void asOneJar() throws Exception {
    assumeTrue(Files.exists(JAR), "the jar is built by mvn package");
    Cli.Result result =
        java(
                "--illegal-native-access=deny",
                "-jar",
                JAR,
                "classify",
                CAT,
                "--weights",
                NANO,
                "--json")
            .ok();
    assertThat(result.json())
        .isEqualTo(Cli.run("classify", CAT, "--weights", NANO, "--json").ok().json());
    assertThat(java("-jar", JAR, "--version").ok().out()).startsWith("panamba ");
  }

  @Test
  void aMissingLibraryIsExplained() throws Exception {
    Path nowhere = folder.resolve("nowhere");
    List<Object> start = List.of("-cp", System.getProperty("java.class.path"));
    List<Object> all = new ArrayList<>(start);
    all.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-Dpanamba.library.path=" + nowhere,
            "io.panamba.cli.Main",
            "info",
            "--json"));
    Cli.Result result = java(all.toArray());
    assertThat(result.error()).startsWith("panamba info: ").contains(nowhere.toString());
    var report = JsonMapper.shared().readTree(result.out());
    assertThat(report.get("library").isNull()).isTrue();
    assertThat(report.get("library_error").asString()).contains(nowhere.toString());
    assertThat(report.get("jdk").asString()).contains("25");
  }
}

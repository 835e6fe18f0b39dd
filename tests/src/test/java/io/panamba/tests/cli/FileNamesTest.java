package io.panamba.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.panamba.cli.Main;
import io.panamba.model.Labels;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.files.PathText;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Names that the locale has no characters for, in processes with that locale. */
class FileNamesTest {
  private static final Path NANO = Cli.golden("vim_nano.pth");
  private static final Path CAT = Cli.golden("images/chelsea.png");
  private static final Path ROCKET = Cli.golden("images/rocket.jpg");
  private static final Path SCRIPT = Path.of("..", "panamba");
  private static final Path JAR = Path.of("..", "cli", "target", "panamba.jar");

  /** 日.png, 月.png, and ä.png in Latin-1, which is no UTF-8. */
  private static final String SUN = "E697A52E706E67";

  private static final String MOON = "E69C882E706E67";
  private static final String LATIN = "E42E706E67";

  /** The ways to start the command: by its script or from a class path, with a locale. */
  enum Way {
    SCRIPT("LC_ALL", "C"),
    SCRIPT_UNKNOWN("LANG", "xx_XX.ISO-8859-1"),
    JAVA("LC_ALL", "C"),
    JAVA_UTF8("LC_ALL", "C.UTF-8");

    private final String variable;
    private final String locale;

    Way(String variable, String locale) {
      this.variable = variable;
      this.locale = locale;
    }

    private boolean isScript() {
      return name().startsWith("SCRIPT");
    }
  }

  @TempDir private Path folder;
  private Path images;

  /** A path of bytes, whatever the locale of this process. */
  private static Path path(Path folder, String hex) {
    StringBuilder uri = new StringBuilder(folder.toUri().toString().replaceAll("/$", "") + "/");
    for (byte value : HexFormat.of().parseHex(hex)) {
      uri.append('%').append(HexFormat.of().toHexDigits(value));
    }
    return Path.of(URI.create(uri.toString()));
  }

  @BeforeEach
  void collect() throws IOException {
    images = Files.createDirectory(folder.resolve("in"));
    Files.copy(CAT, path(images, SUN));
    Files.copy(ROCKET, path(images, MOON));
    Files.copy(CAT, path(images, LATIN));
  }

  /**
   * Runs a command line by a shell, whose script is bytes: {@code printf} makes the names, so that
   * this process's locale does not matter. $1 and on are the words to start the command with.
   */
  private Cli.Result run(Way way, String arguments) throws IOException, InterruptedException {
    return runIn(".", way, arguments);
  }

  private Cli.Result runIn(String place, Way way, String arguments)
      throws IOException, InterruptedException {
    List<String> start = new ArrayList<>();
    if (way.isScript()) {
      assumeTrue(Files.exists(JAR), "the jar is built by mvn package");
      start.add(SCRIPT.toRealPath().toString());
    } else {
      start.addAll(
          List.of(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "--enable-native-access=ALL-UNNAMED",
              "-XX:+UseSerialGC",
              "-XX:TieredStopAtLevel=1",
              "-cp",
              Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                  .map(entry -> Path.of(entry).toAbsolutePath().toString())
                  .reduce((a, b) -> a + File.pathSeparator + b)
                  .orElseThrow(),
              Main.class.getName()));
    }
    List<String> command =
        new ArrayList<>(
            List.of("sh", "-c", "cd %s && \"$@\" %s".formatted(place, arguments), "sh"));
    command.addAll(start);
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(images.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    Map<String, String> environment = builder.environment();
    environment
        .keySet()
        .removeIf(
            name ->
                name.startsWith("LC_")
                    || List.of("LANG", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS").contains(name));
    environment.put(way.variable, way.locale);
    environment.put("JAVA_HOME", System.getProperty("java.home"));
    Process process = builder.start();
    if (!process.waitFor(120, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("no end: " + command);
    }
    return new Cli.Result(
        process.exitValue(),
        Files.readString(out, StandardCharsets.UTF_8),
        Files.readString(err, StandardCharsets.UTF_8));
  }

  private static List<String> texts(JsonNode list, String pointer) {
    return StreamSupport.stream(list.spliterator(), false)
        .map(node -> node.at(pointer).asString())
        .toList();
  }

  @ParameterizedTest
  @EnumSource
  void everyPictureKeepsItsRow(Way way) throws Exception {
    Path output = folder.resolve("o.safetensors");
    run(way, "embed . --batch 2 --weights %s --output %s".formatted(NANO, output)).ok();
    try (Checkpoint checkpoint = Checkpoint.open(output)) {
      JsonNode paths = JsonMapper.shared().readTree(checkpoint.metadata().get("paths"));
      // By bytes; the one that is no UTF-8 as Python's os.fsencode wants it.
      assertThat(texts(paths, "")).containsExactly("./\udce4.png", "./日.png", "./月.png");
      assertThat(checkpoint.find("features").orElseThrow().shape().size(0)).isEqualTo(3);
    }
  }

  @ParameterizedTest
  @EnumSource
  void namesAreArguments(Way way) throws Exception {
    String names = "\"$(printf '\\346\\227\\245').png\" \"$(printf '\\344').png\"";
    Cli.Result json = run(way, "classify %s --json --weights %s".formatted(names, NANO)).ok();
    assertThat(texts(json.json(), "/image")).containsExactly("日.png", "\udce4.png");
    assertThat(json.json().at("/0/classes")).isEqualTo(json.json().at("/1/classes"));
    String sun = way == Way.JAVA ? "\\u65e5.png" : "日.png";
    Cli.Result text =
        run(way, "classify %s \"$(printf '\\344')\" --top 1 --weights %s".formatted(names, NANO));
    assertThat(text.error()).isEqualTo("panamba classify: \\xe4: there is no such file");
    assertThat(text.out().lines()).hasSize(4).contains(sun, "\\xe4.png");
  }

  @ParameterizedTest
  @EnumSource
  void classesKeepTheirNames(Way way) throws Exception {
    Path data = Files.createDirectory(folder.resolve("data"));
    // Käse and 日本.
    for (String hex : List.of("4BC3A47365", "E697A5E69CAC")) {
      Path of = Files.createDirectory(path(data, hex));
      Files.copy(CAT, of.resolve("1.png"));
      Files.copy(ROCKET, path(of, SUN));
    }
    Path output = folder.resolve("t.safetensors");
    String train =
        "train --data ../data --output %s --model nano --image-size 16 --epochs 1 --batch-size 2"
            + " --augment none --held-out 0 --no-progress";
    assertThat(run(way, train.formatted(output)).code()).isZero();
    try (Checkpoint checkpoint = Checkpoint.open(output)) {
      assertThat(checkpoint.metadata().get(Labels.METADATA)).isEqualTo("Käse\n日本");
    }
    // K, ä in Latin-1, se: refused before anything is trained.
    Files.createDirectory(path(data, "4BE47365"));
    Files.copy(CAT, path(data, "4BE47365").resolve("1.png"));
    assertThat(run(way, train.formatted(folder.resolve("u.safetensors"))).error())
        .contains("../data/K\\xe4se' can't be a class's: it is not UTF-8");
    assertThat(folder.resolve("u.safetensors")).doesNotExist();
  }

  @ParameterizedTest
  @EnumSource(names = {"SCRIPT", "JAVA"})
  void theWorkingFolderHasAnyName(Way way) throws Exception {
    Path umlaut = Files.createDirectory(path(images, "C3BC"));
    Files.copy(CAT, umlaut.resolve("cat.png"));
    Cli.Result result =
        runIn(
            "\"$(printf '\\303\\274')\"",
            way,
            "classify cat.png --json --weights %s".formatted(NANO));
    assertThat(texts(result.ok().json(), "/image")).first().asString().endsWith("cat.png");
  }

  @Test
  void largePicturesToo() throws Exception {
    Path output = folder.resolve("f.safetensors");
    run(
            Way.JAVA,
            "embed --full-size \"$(printf '\\344').png\" --weights %s --output %s"
                .formatted(NANO, output))
        .ok();
    assertThat(Cli.shape(output, "features").size(0)).isEqualTo(1);
  }

  @Test
  void namesShowInOneLine() throws IOException {
    Path odd = Files.copy(CAT, folder.resolve(PathText.path("a\n\t\u001b[31m\u202eb.png")));
    Cli.Result result = Cli.run("classify", PathText.of(odd), "--top", 1, "--weights", NANO).ok();
    assertThat(result.out().lines())
        .hasSize(2)
        .first()
        .asString()
        .endsWith("a\\n\\t\\x1b[31m\\u202eb.png");
    Path gone = folder.resolve("c\n\u001bd.png");
    assertThat(Cli.run("classify", gone, "--weights", NANO).error())
        .endsWith("c\\n\\x1bd.png: there is no such file");
  }
}

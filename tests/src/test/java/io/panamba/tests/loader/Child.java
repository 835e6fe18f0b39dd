package io.panamba.tests.loader;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A Java process that runs {@link LoaderChild} with caches below a scratch folder and, unless told
 * otherwise, native access granted and anything else denied.
 */
final class Child {
  private static final long TIMEOUT_SECONDS = 120;

  private final Path scratch;
  private final List<String> prefix = new ArrayList<>();
  private final List<String> options = new ArrayList<>();
  private final Map<String, String> environment = new HashMap<>();
  private List<Path> modulePath = List.of();
  private List<Path> classPath =
      List.of(Entries.RUNTIME, Entries.BINDINGS, Entries.NATIVES, Entries.TESTS);
  private List<String> grants =
      List.of("--illegal-native-access=deny", "--enable-native-access=ALL-UNNAMED");
  private Path java = Path.of(System.getProperty("java.home"), "bin", "java");

  private Child(Path scratch) {
    this.scratch = scratch;
  }

  /** What a process left. */
  record Result(int exitCode, String output, String errors) {

    /** The values of the lines {@code name=value}. */
    List<String> all(String name) {
      return output
          .lines()
          .filter(line -> line.startsWith(name + "="))
          .map(line -> line.substring(name.length() + 1))
          .toList();
    }

    String get(String name) {
      return all(name).stream().findFirst().orElseThrow(() -> new AssertionError(toString()));
    }

    Result loaded() {
      assertThat(exitCode).as("%s", this).isZero();
      return this;
    }

    /** The message of a refusal, which is one line. */
    String refused() {
      assertThat(exitCode).as("%s", this).isEqualTo(LoaderChild.REFUSED);
      assertThat(output.lines()).as("%s", this).hasSize(1);
      return get("message");
    }
  }

  /** A child with {@code home} and {@code tmp} below the scratch folder. */
  static Child in(Path scratch) {
    return new Child(scratch)
        .property("user.home", home(scratch))
        .property("user.name", "tester")
        .property("java.io.tmpdir", temporary(scratch));
  }

  static Path home(Path scratch) {
    return scratch.resolve("home");
  }

  static Path temporary(Path scratch) {
    return scratch.resolve("tmp");
  }

  /** The cache in the child's home. */
  static Path cache(Path scratch) {
    return home(scratch).resolve(".cache/panamba");
  }

  Child property(String name, Object value) {
    return option("-D" + name + "=" + value);
  }

  Child option(String option) {
    options.add(option);
    return this;
  }

  Child environment(String name, Object value) {
    environment.put(name, value.toString());
    return this;
  }

  Child grants(String... grants) {
    this.grants = List.of(grants);
    return this;
  }

  Child classPath(Path... entries) {
    classPath = List.of(entries);
    return this;
  }

  Child modulePath(Path... entries) {
    modulePath = List.of(entries);
    return this;
  }

  Child java(Path java) {
    this.java = java;
    return this;
  }

  /** Runs the process by another command, which takes its command line as arguments. */
  Child through(List<String> command) {
    prefix.addAll(command);
    return this;
  }

  Result run(String mode) throws IOException, InterruptedException {
    return start(mode).await();
  }

  /** A process under way. */
  record Running(Process process, Path output, Path errors) {
    Result await() throws IOException, InterruptedException {
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError("no end after " + TIMEOUT_SECONDS + " s");
      }
      return new Result(process.exitValue(), Files.readString(output), Files.readString(errors));
    }
  }

  Running start(String mode) throws IOException {
    Files.createDirectories(home(scratch));
    Files.createDirectories(temporary(scratch));
    List<String> command = new ArrayList<>(prefix);
    command.add(java.toString());
    command.add("-XX:+UseSerialGC");
    command.add("-XX:TieredStopAtLevel=1");
    command.addAll(grants);
    command.addAll(options);
    if (!modulePath.isEmpty()) {
      command.addAll(List.of("-p", join(modulePath), "--add-modules", "io.panamba.runtime"));
    }
    command.addAll(List.of("-cp", join(classPath), LoaderChild.class.getName(), mode));
    Path output = Files.createTempFile(scratch, "child-", ".out");
    Path errors = Files.createTempFile(scratch, "child-", ".err");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(output.toFile()).redirectError(errors.toFile());
    Stream.of("XDG_CACHE_HOME", "CUDA_HOME", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH")
        .forEach(builder.environment()::remove);
    builder.environment().putAll(environment);
    return new Running(builder.start(), output, errors);
  }

  private static String join(List<Path> entries) {
    return entries.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
  }
}

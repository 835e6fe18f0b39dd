package io.panamba.jmh;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * What it costs to start, name the digit of a picture, and end: processor time (user and system, of
 * all threads), wall time, peak memory and classes, of processes that run in turn. Panamba as a
 * library with and without an ahead-of-time cache, the command, ONNX Runtime and DJL; beside them a
 * virtual machine that says hello. Linux only, from a checkout.
 */
public final class StartBenchmark {
  private static final String DIGIT = "7";
  private static final int ROUNDS = 15;

  /** What shortens a short run: they are the same for all that are marked with them. */
  private static final List<String> TUNED =
      List.of("-XX:+UseSerialGC", "-XX:CompileThresholdScaling=10");

  private static final List<String> SILENT = List.of("-Xlog:aot*=off", "-Xlog:cds*=off");

  /** From include/bits/resource.h: RUSAGE_CHILDREN, two times of two longs, and fourteen longs. */
  private static final int RUSAGE_CHILDREN = -1;

  private static final int RUSAGE_LONGS = 18;

  private StartBenchmark() {}

  /** A command, and the variables of its environment. */
  private record Runner(List<String> command, Map<String, String> variables, String answer) {
    Runner withOption(String option) {
      if (!variables.isEmpty()) {
        return new Runner(command, Map.of("PANAMBA_JAVA_OPTS", option), answer);
      }
      List<String> longer = new ArrayList<>(command);
      longer.add(1, option);
      return new Runner(longer, variables, answer);
    }
  }

  private record Cost(double cpuMillis, double wallMillis, double peakMebibytes) {}

  /** What the processes that have ended took together. */
  private static final class Children {
    private static final MethodHandle GETRUSAGE;

    static {
      Linker linker = Linker.nativeLinker();
      GETRUSAGE =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("getrusage"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
    }

    static double cpuMillis() {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment usage = arena.allocate(ValueLayout.JAVA_LONG, RUSAGE_LONGS);
        int status = (int) GETRUSAGE.invokeExact(RUSAGE_CHILDREN, usage);
        if (status != 0) {
          throw new IllegalStateException("getrusage failed");
        }
        long seconds =
            usage.getAtIndex(ValueLayout.JAVA_LONG, 0) + usage.getAtIndex(ValueLayout.JAVA_LONG, 2);
        long micros =
            usage.getAtIndex(ValueLayout.JAVA_LONG, 1) + usage.getAtIndex(ValueLayout.JAVA_LONG, 3);
        return seconds * 1e3 + micros / 1e3;
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /**
   * Measures and writes a file of results.
   *
   * @param args the file, and the number of rounds if it is not 15
   * @throws Exception if a process fails or answers wrongly
   */
  public static void main(String[] args) throws Exception {
    int rounds = args.length > 1 ? Integer.parseInt(args[1]) : ROUNDS;
    Path scratch = Files.createTempDirectory("panamba-start-");
    Map<String, Runner> runners = runners(scratch);
    Map<String, List<Cost>> costs = new LinkedHashMap<>();
    for (int round = -1; round < rounds; round++) {
      for (Map.Entry<String, Runner> runner : runners.entrySet()) {
        Cost cost = run(runner.getValue());
        // The first round brings files into memory.
        if (round >= 0) {
          costs.computeIfAbsent(runner.getKey(), _ -> new ArrayList<>()).add(cost);
        }
      }
    }
    List<String> rows = new ArrayList<>();
    for (Map.Entry<String, Runner> runner : runners.entrySet()) {
      String row =
          row(runner.getKey(), costs.get(runner.getKey()), classes(runner.getValue(), scratch));
      System.out.println(row);
      rows.add(row);
    }
    Provenance.write(Path.of(args[0]), StartBenchmark.class, args, "start", rows);
    try (Stream<Path> files = Files.list(scratch)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(scratch);
  }

  private static Map<String, Runner> runners(Path scratch) throws Exception {
    Path pictures = Path.of("docs", "images").toAbsolutePath();
    String picture = pictures.resolve("digit-" + DIGIT + ".png").toString();
    float[][] known = new float[8 + 1][];
    for (int digit : List.of(3, 5, 7, 8)) {
      known[digit] = StartChild.pixels(pictures.resolve("digit-" + digit + ".png"));
    }
    String graph = Files.write(scratch.resolve("digits.onnx"), DigitGraph.of(known)).toString();
    Map<String, Runner> runners = new LinkedHashMap<>();
    cached(runners, "hello", scratch, StartChild.Hello.class, "hello world");
    cached(runners, "panamba", scratch, StartChild.Panamba.class, DIGIT, picture);
    cached(runners, "onnxruntime", scratch, StartChild.OnnxRuntime.class, DIGIT, picture, graph);
    cached(runners, "djl", scratch, StartChild.Djl.class, DIGIT, picture, graph);
    if (!Files.exists(Path.of("cli", "target", "panamba.jar"))) {
      System.out.println("without the command, which has not been built");
      return runners;
    }
    runners.put(
        "command",
        new Runner(
            List.of(
                Path.of("panamba").toAbsolutePath().toString(),
                "classify",
                picture,
                "--top",
                "1",
                "--threads",
                String.valueOf(StartChild.THREADS)),
            Map.of("JAVA_HOME", System.getProperty("java.home")),
            DIGIT));
    return runners;
  }

  /** A main class as Java runs it by itself, with the options, and with a cache too. */
  private static void cached(
      Map<String, Runner> runners,
      String name,
      Path scratch,
      Class<?> main,
      String answer,
      String... args)
      throws Exception {
    Path cache = scratch.resolve(name + ".aot");
    run(java(TUNED, List.of("-XX:AOTCacheOutput=" + cache), main, answer, args));
    runners.put(name + ", as Java comes", java(List.of(), List.of(), main, answer, args));
    runners.put(name + ", options", java(TUNED, List.of(), main, answer, args));
    runners.put(
        name + ", options and cache",
        java(TUNED, List.of("-XX:AOTCache=" + cache), main, answer, args));
  }

  private static Runner java(
      List<String> options, List<String> more, Class<?> main, String answer, String... args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(SILENT);
    command.addAll(options);
    command.addAll(more);
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(Arrays.asList(args));
    return new Runner(command, Map.of(), answer);
  }

  private static Cost run(Runner runner) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(runner.command()).redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().putAll(runner.variables());
    double cpu = Children.cpuMillis();
    long start = System.nanoTime();
    Process process = builder.start();
    AtomicLong peak = new AtomicLong();
    Thread watch = Thread.ofPlatform().start(() -> watch(process, peak));
    String output;
    try (InputStream in = process.getInputStream()) {
      output = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    int status = process.waitFor();
    double wall = (System.nanoTime() - start) / 1e6;
    watch.join();
    if (status != 0 || !names(output, runner.answer())) {
      throw new IllegalStateException(runner.command() + " answered " + output);
    }
    return new Cost(Children.cpuMillis() - cpu, wall, peak.get() / 1024.0);
  }

  /** Whether a line, or the last word of one, is the answer. */
  private static boolean names(String output, String answer) {
    return output
        .lines()
        .map(String::strip)
        .anyMatch(line -> line.equals(answer) || line.endsWith(" " + answer));
  }

  /** Looks at the largest resident set until the process has ended; what it misses is its end. */
  private static void watch(Process process, AtomicLong peak) {
    Path status = Path.of("/proc", String.valueOf(process.pid()), "status");
    while (process.isAlive()) {
      try {
        Files.readString(status)
            .lines()
            .filter(line -> line.startsWith("VmHWM:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
            .forEach(peak::set);
        Thread.sleep(5);
      } catch (NoSuchFileException e) {
        return;
      } catch (IOException e) {
        // It ended while its status was read.
        return;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /** Classes loaded, and how many of them from no cache. */
  private static long[] classes(Runner runner, Path scratch) throws Exception {
    Path log = scratch.resolve("classes.log");
    run(runner.withOption("-Xlog:class+load:file=" + log));
    List<String> lines = Files.readAllLines(log);
    Files.delete(log);
    long cached = lines.stream().filter(line -> line.contains("shared objects file")).count();
    return new long[] {lines.size(), lines.size() - cached};
  }

  private static String row(String name, List<Cost> costs, long[] classes) {
    double[] cpu = costs.stream().mapToDouble(Cost::cpuMillis).sorted().toArray();
    double[] wall = costs.stream().mapToDouble(Cost::wallMillis).sorted().toArray();
    double[] peak = costs.stream().mapToDouble(Cost::peakMebibytes).sorted().toArray();
    return String.format(
        Locale.ROOT,
        "  {\"start\": \"%s\", \"cpuMillis\": %s, \"wallMillis\": %s, \"peakMebibytes\": %.0f,"
            + " \"classes\": %d, \"classesNotCached\": %d}",
        name,
        spread(cpu),
        spread(wall),
        peak[peak.length / 2],
        classes[0],
        classes[1]);
  }

  /** Least, median and most. */
  private static String spread(double[] sorted) {
    return String.format(
        Locale.ROOT,
        "[%.0f, %.0f, %.0f]",
        sorted[0],
        sorted[sorted.length / 2],
        sorted[sorted.length - 1]);
  }
}

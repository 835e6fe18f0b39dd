package io.panamba.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/**
 * Runs Jazzer on the parsers, a process each, and prints a line for each: {@code FuzzRun MODULE
 * SECONDS JOBS SEED PARSERS}. What breaks a promise is kept under target/fuzz, and ends this with a
 * failure. No seconds at all add to the kept corpus what earlier runs have found.
 */
final class FuzzRun {
  private static final String ALL = "all";

  private final Path module;
  private final long seconds;
  private final long seed;

  private FuzzRun(Path module, long seconds, long seed) {
    this.module = module;
    this.seconds = seconds;
    this.seed = seed;
  }

  /**
   * Runs the parsers.
   *
   * @param args the module's folder, seconds a parser, processes at a time, the random seed or 0
   *     for any, and the parsers' names with commas between them or {@code all}
   */
  public static void main(String[] args) throws InterruptedException {
    FuzzRun run = new FuzzRun(Path.of(args[0]), Long.parseLong(args[1]), Long.parseLong(args[3]));
    List<Target> targets =
        args[4].equals(ALL)
            ? Targets.all()
            : Stream.of(args[4].split(",", -1)).map(Targets::of).toList();
    if (!run.all(targets, Integer.parseInt(args[2]))) {
      System.exit(1);
    }
  }

  private boolean all(List<Target> targets, int jobs) throws InterruptedException {
    boolean good = true;
    try (ExecutorService pool = Executors.newFixedThreadPool(jobs)) {
      List<Callable<Boolean>> tasks = new ArrayList<>();
      for (Target target : targets) {
        FuzzCommand command = FuzzCommand.of(module, target);
        tasks.add(seconds == 0 ? () -> keep(command) : () -> fuzz(command));
      }
      for (Future<Boolean> task : pool.invokeAll(tasks)) {
        good &= task.get();
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
    return good;
  }

  private boolean fuzz(FuzzCommand command) throws IOException, InterruptedException {
    int status = run(command, command.fuzz(seconds, seed));
    FuzzReport report =
        FuzzReport.of(command.target().name(), Files.readAllLines(command.log()), status);
    System.out.println(report.line());
    if (!report.good()) {
      report.reasons().forEach(reason -> System.out.println("  " + reason));
      System.out.println("  inputs: " + command.finds() + ", log: " + command.log());
    }
    return report.good();
  }

  private static boolean keep(FuzzCommand command) throws IOException, InterruptedException {
    int status = run(command, command.keep());
    System.out.printf("%s: %s%n", command.target(), Files.readAllLines(command.log()).getLast());
    return status == 0;
  }

  private static int run(FuzzCommand command, List<String> arguments)
      throws IOException, InterruptedException {
    Files.createDirectories(command.found());
    Files.createDirectories(command.finds());
    return new ProcessBuilder(arguments)
        .redirectErrorStream(true)
        .redirectOutput(command.log().toFile())
        .start()
        .waitFor();
  }
}

package io.panamba.fuzz;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The command that runs Jazzer on a parser, and the folders it works in.
 *
 * @param target the parser
 * @param resources the kept inputs and dictionaries
 * @param folder what the runs find and say
 */
record FuzzCommand(Target target, Path resources, Path folder) {
  private static final String INSTRUMENTED =
      "io.panamba.model.**:io.panamba.runtime.**"
          + ":com.twelvemonkeys.imageio.**:com.sun.imageio.plugins.**";

  private static final int MAX_FINDS = 20;

  static FuzzCommand of(Path module, Target target) {
    return new FuzzCommand(
        target,
        module.resolve("src", "test", "resources"),
        module.resolve("target", "fuzz", target.name()));
  }

  /** Inputs that take different branches. */
  Path found() {
    return folder.resolve("corpus");
  }

  /** Inputs that break a promise. */
  Path finds() {
    return folder.resolve("finds");
  }

  Path log() {
    return folder.resolve("log.txt");
  }

  private Path kept() {
    return resources.resolve("corpus", target.name());
  }

  /** Makes up inputs for some time; a seed of 0 is any. */
  List<String> fuzz(long seconds, long seed) {
    List<String> command = jazzer();
    command.add("--keep_going=" + MAX_FINDS);
    command.add("-max_total_time=" + seconds);
    command.add("-print_final_stats=1");
    if (seed != 0) {
      command.add("-seed=" + seed);
    }
    Path dictionary = resources.resolve("dictionaries", target.name() + ".dict");
    if (Files.exists(dictionary)) {
      command.add("-dict=" + dictionary);
    }
    command.add(found().toString());
    command.add(kept().toString());
    Path regressions = resources.resolve("regressions", target.name());
    if (Files.exists(regressions)) {
      command.add(regressions.toString());
    }
    return command;
  }

  /** Keeps what was found and takes branches that no kept input takes. */
  List<String> keep() {
    List<String> command = jazzer();
    command.add("-merge=1");
    // Branches alone count, not how often they are taken.
    command.add("-use_counters=0");
    command.add(kept().toString());
    command.add(found().toString());
    return command;
  }

  private List<String> jazzer() {
    return new ArrayList<>(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+EnableDynamicAgentLoading",
            // A heap that is resident from the start: see PeakMemory.
            "-Xms512m",
            "-Xmx512m",
            "-XX:+AlwaysPreTouch",
            "-XX:+UseSerialGC",
            "-Dpanamba.fuzz.leaks.every=32",
            "-D" + JazzerEntry.TARGET + "=" + target.name(),
            "com.code_intelligence.jazzer.Jazzer",
            "--target_class=" + JazzerEntry.class.getName(),
            "--instrumentation_includes=" + INSTRUMENTED,
            "--custom_hook_includes=" + INSTRUMENTED,
            "--reproducer_path=" + finds(),
            "-artifact_prefix=" + finds() + "/",
            "-max_len=" + target.maxLength(),
            "-timeout=60",
            "-rss_limit_mb=2048"));
  }
}

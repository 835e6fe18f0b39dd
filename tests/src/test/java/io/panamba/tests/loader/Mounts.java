package io.panamba.tests.loader;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Commands that run others under a mounted file system that nobody else sees. */
final class Mounts {
  private Mounts() {}

  /**
   * A command that mounts an empty file system at a folder, with the options, and then runs its
   * arguments. The test is skipped where this is not permitted.
   *
   * @param prepare a shell command that runs in the folder after it is mounted
   */
  static List<String> at(Path folder, String options, String prepare)
      throws IOException, InterruptedException {
    Files.createDirectories(folder);
    for (List<String> unshare : List.of(List.of("unshare", "-m"), List.of("unshare", "-rm"))) {
      List<String> command =
          List.of(
              "sh",
              "-c",
              "mount -t tmpfs -o \"$1\" tmpfs \"$0\" && (cd \"$0\" && %s) && shift && exec \"$@\""
                  .formatted(prepare),
              folder.toString(),
              options);
      List<String> whole = new ArrayList<>(unshare);
      whole.addAll(command);
      if (works(whole)) {
        return whole;
      }
    }
    assumeTrue(false, "file systems can't be mounted here");
    throw new AssertionError();
  }

  private static boolean works(List<String> command) throws IOException, InterruptedException {
    List<String> trial = new ArrayList<>(command);
    trial.add("true");
    try {
      return new ProcessBuilder(trial)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException _) {
      return false;
    }
  }
}

package io.panamba.tests.kit;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** Runs the tests of GPUs where there is no Maven. */
public final class GpuTests {
  private GpuTests() {}

  /**
   * Writes every test's name and what came of it, and a summary. The exit status is 0 if tests ran
   * on a GPU and none failed.
   *
   * @param args the file to write to
   * @throws IOException if it can't be written
   */
  public static void main(String[] args) throws IOException {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(selectPackage("io.panamba.tests"))
            .filters(TagFilter.includeTags("gpu"))
            .build();
    SummaryGeneratingListener summary = new SummaryGeneratingListener();
    List<String> lines = new ArrayList<>();
    boolean[] ranOnAGpu = new boolean[1];
    TestExecutionListener names =
        new TestExecutionListener() {
          @Override
          public void executionSkipped(TestIdentifier test, String reason) {
            lines.add("skipped %s: %s".formatted(test.getDisplayName(), reason));
          }

          @Override
          public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            if (test.isTest()) {
              lines.add("%s %s".formatted(result, test.getUniqueId()));
              ranOnAGpu[0] |=
                  result.getStatus() == TestExecutionResult.Status.SUCCESSFUL
                      && test.getDisplayName().contains(Gpu.REAL.name());
            }
          }
        };
    Launcher launcher = LauncherFactory.create();
    launcher.execute(request, summary, names);
    try (PrintWriter out =
        new PrintWriter(Files.newBufferedWriter(Path.of(args[0]), StandardCharsets.UTF_8))) {
      lines.forEach(out::println);
      summary.getSummary().printTo(out);
      summary.getSummary().printFailuresTo(out);
    }
    summary.getSummary().printTo(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
    if (!ranOnAGpu[0]) {
      System.out.println("no test ran on a GPU");
    }
    System.exit(ranOnAGpu[0] && summary.getSummary().getTotalFailureCount() == 0 ? 0 : 1);
  }
}

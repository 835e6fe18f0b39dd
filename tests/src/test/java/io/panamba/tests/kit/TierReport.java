package io.panamba.tests.kit;

import io.panamba.runtime.LibraryInfo;
import java.util.List;

/** Prints what the native library says of its tiers, a line each. */
final class TierReport {
  private static final String SEPARATOR = "\t";

  private TierReport() {}

  /**
   * Prints the report.
   *
   * @param arguments none
   */
  public static void main(String[] arguments) {
    for (LibraryInfo.Tier tier : LibraryInfo.current().tiers()) {
      System.out.println(
          String.join(SEPARATOR, tier.name(), String.valueOf(tier.usable()), tier.reason()));
    }
  }

  /** Runs the report in a process that has no tier chosen for it. */
  static List<LibraryInfo.Tier> ofThisMachine() {
    ChildJvm.Result result = ChildJvm.run(List.of("-Xshare:auto"), TierReport.class);
    if (result.exitCode() != 0) {
      throw new AssertionError("no report of tiers: " + result.output());
    }
    return result
        .output()
        .lines()
        .map(line -> line.split(SEPARATOR, 3))
        .map(parts -> new LibraryInfo.Tier(parts[0], Boolean.parseBoolean(parts[1]), parts[2]))
        .toList();
  }
}

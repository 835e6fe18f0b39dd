package io.panamba.tests.kit;

import io.panamba.runtime.LibraryInfo;
import java.util.List;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Skips tests of a tier that the machine lacks, and makes sure that the others run on theirs. */
final class TierExtension implements ExecutionCondition, BeforeAllCallback {
  private static final String WANTED = System.getProperty("panamba.tier");

  /** Asked of another process: in this one the library refuses a tier that it can't run. */
  private static final class Report {
    static final List<LibraryInfo.Tier> TIERS = TierReport.ofThisMachine();
  }

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    if (WANTED == null) {
      return ConditionEvaluationResult.enabled("the best tier of this machine");
    }
    return Report.TIERS.stream()
        .filter(tier -> tier.name().equals(WANTED))
        .findFirst()
        .map(
            tier ->
                tier.usable()
                    ? ConditionEvaluationResult.enabled(WANTED)
                    : ConditionEvaluationResult.disabled(WANTED + ": " + tier.reason()))
        .orElseGet(
            () -> ConditionEvaluationResult.disabled(WANTED + ": not compiled for this platform"));
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    String tier = LibraryInfo.current().tier();
    if (WANTED != null && !WANTED.equals(tier)) {
      throw new AssertionError("tests of tier %s run on %s".formatted(WANTED, tier));
    }
  }
}

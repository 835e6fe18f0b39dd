package io.panamba.tests.kit;

import io.panamba.runtime.Plan;

/** A plan that another thread runs again and again. */
public final class BusyPlan implements AutoCloseable {
  private final Plan plan;
  private final Thread thread;
  private volatile boolean stopping;

  /**
   * Starts to run a plan and waits until it runs.
   *
   * @param plan long enough that one moment is hardly ever between two runs
   */
  public BusyPlan(Plan plan) {
    this.plan = plan;
    thread = Thread.ofPlatform().name("busy").start(this::runOn);
    while (!isRunning()) {
      Thread.onSpinWait();
    }
  }

  private void runOn() {
    while (!stopping) {
      try {
        plan.run();
      } catch (IllegalStateException _) {
        // The probe below had the plan at that moment.
        Thread.onSpinWait();
      }
    }
  }

  /** Running no operation is refused while another thread runs the plan. */
  private boolean isRunning() {
    try {
      plan.run(0, 0);
      return false;
    } catch (IllegalStateException _) {
      return true;
    }
  }

  /** Lets the last run end. */
  @Override
  public void close() {
    stopping = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

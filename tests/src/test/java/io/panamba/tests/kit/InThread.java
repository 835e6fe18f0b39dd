package io.panamba.tests.kit;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Calls from another thread. */
public final class InThread {
  private InThread() {}

  /**
   * Runs an action in a thread of its own.
   *
   * @param action what to run
   * @throws Throwable what the action threw
   */
  public static void run(Runnable action) throws Throwable {
    Callable<Void> call =
        () -> {
          action.run();
          return null;
        };
    FutureTask<Void> task = new FutureTask<>(call);
    Thread thread = Thread.ofPlatform().start(task);
    thread.join();
    try {
      task.get();
    } catch (ExecutionException e) {
      throw e.getCause();
    }
  }
}

package io.panamba.runtime.internal.cuda;

import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/** Work that needs a thread of the operating system for itself. */
final class OwnThread {
  private OwnThread() {}

  /**
   * Runs something, and waits for it whatever interrupts.
   *
   * @param stackBytes of its stack, or 0 for as much as any thread has
   */
  static void run(String name, long stackBytes, FutureTask<?> task) {
    Thread thread = new Thread(null, task, name, stackBytes);
    thread.setDaemon(true);
    thread.start();
    boolean interrupted = false;
    while (!task.isDone()) {
      try {
        thread.join();
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Computes something, and throws what it throws. */
  static <T> T get(String name, Supplier<T> work) {
    FutureTask<T> task = new FutureTask<>(work::get);
    run(name, 0, task);
    if (task.state() == Future.State.SUCCESS) {
      return task.resultNow();
    }
    switch (task.exceptionNow()) {
      case RuntimeException failure -> throw failure;
      case Error failure -> throw failure;
      case Throwable other -> throw new AssertionError("a supplier throws nothing else", other);
    }
  }
}

package io.panamba.runtime.internal.cuda;

import java.util.ArrayDeque;
import java.util.Deque;

/** What has been acquired and is to be released, the last first. */
final class Cleanups {
  private final Deque<Runnable> stack = new ArrayDeque<>();

  void add(Runnable release) {
    stack.push(release);
  }

  /** Releases everything, once. */
  void run() {
    while (!stack.isEmpty()) {
      stack.pop().run();
    }
  }
}

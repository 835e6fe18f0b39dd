package io.panamba.fuzz;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Objects;

/**
 * Reads one input and holds the parser to its promises:
 *
 * <ul>
 *   <li>only the exceptions of its {@link Target} leave it, with a message of one printable line;
 *   <li>processor time, heap and memory off the heap stay within its {@link Budget};
 *   <li>what is read is the same when it is read again.
 * </ul>
 */
final class Trial {
  private static final int MAX_MESSAGE = 1000;

  /** The first readings run in the interpreter and load classes: a budget is broken three times. */
  private static final int ATTEMPTS = 3;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Trial() {}

  /**
   * What came of a reading.
   *
   * @param result or null where the input was refused
   * @param breach of the budget, or null
   */
  private record Reading(Object result, String breach) {}

  /** Returns whether the input was read, not refused; fails if a promise is broken. */
  static boolean run(Target target, byte[] input) {
    Reading first = read(target, input);
    for (int i = 1; i < ATTEMPTS && first.breach != null; i++) {
      first = read(target, input);
    }
    if (first.breach != null) {
      throw new AssertionError(first.breach);
    }
    if (first.result == null) {
      return false;
    }
    if (!Objects.equals(first.result, read(target, input).result)) {
      throw new AssertionError("a second reading gives something else");
    }
    return true;
  }

  private static Reading read(Target target, byte[] input) {
    long peak = PeakMemory.bytes();
    long heap = THREADS.getCurrentThreadAllocatedBytes();
    long cpu = THREADS.getCurrentThreadCpuTime();
    Object result = null;
    try {
      result = Objects.requireNonNull(target.parser().read(input));
    } catch (Exception e) {
      requireRefusal(target, e);
    }
    cpu = THREADS.getCurrentThreadCpuTime() - cpu;
    heap = THREADS.getCurrentThreadAllocatedBytes() - heap;
    peak = PeakMemory.bytes() - peak;
    return new Reading(result, breach(target.budget(), input.length, cpu, heap, peak));
  }

  private static void requireRefusal(Target target, Exception e) {
    if (target.refusals().stream().noneMatch(refusal -> refusal.isInstance(e))) {
      throw new AssertionError(e.getClass().getName() + " left the parser", e);
    }
    String message = e.getMessage();
    if (message == null || message.isBlank()) {
      throw new AssertionError("a refusal says nothing", e);
    }
    if (message.length() > MAX_MESSAGE) {
      throw new AssertionError("a message has %d characters".formatted(message.length()));
    }
    if (!message.codePoints().allMatch(Trial::isPrintable)) {
      throw new AssertionError("a message has characters that don't print", e);
    }
  }

  /** Neither control characters, line breaks, marks of direction, nor halves of a character. */
  private static boolean isPrintable(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          false;
      default -> true;
    };
  }

  private static String breach(Budget budget, int length, long cpu, long heap, long peak) {
    if (heap > budget.heap(length)) {
      return breach("KB of the heap", length, heap, budget.heap(length), 1024);
    }
    if (peak > Budget.OFF_HEAP_BYTES) {
      return breach("KB off the heap", length, peak, Budget.OFF_HEAP_BYTES, 1024);
    }
    // Last: filling memory takes time, too, and how much is the machine's.
    if (cpu > budget.cpuNanos(length)) {
      return breach("ms of the processor", length, cpu, budget.cpuNanos(length), 1_000_000);
    }
    return null;
  }

  private static String breach(String unit, int length, long used, long allowed, long scale) {
    return "%d bytes of input took %d %s; %d are allowed"
        .formatted(length, used / scale, unit, allowed / scale);
  }
}

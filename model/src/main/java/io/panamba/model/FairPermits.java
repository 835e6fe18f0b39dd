package io.panamba.model;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A number of permits that threads take and give back. Who finds none waits in line: a permit that
 * is given back goes to the thread that has waited longest, never to one that has just come. A
 * thread leaves the line without a permit when its time is up, when it is interrupted, or when
 * permits end.
 *
 * <p>As long as there are permits, taking and giving back is one atomic addition each. Nothing
 * allocates, waiting included, for which reason this is no {@link java.util.concurrent.Semaphore}:
 * that one allocates for every thread that waits. Only a line longer than any before does.
 */
final class FairPermits {
  /** What came of asking for a permit. */
  enum Outcome {
    TAKEN,
    LATE,
    INTERRUPTED,
    ENDED
  }

  /** A thread in line. */
  private static final class Place {
    private Thread thread;
    private Place before;
    private Place after;
    private volatile boolean called;
  }

  /**
   * Permits that nobody has, less the threads that wait and that no permit is on its way to. It is
   * counted up before a permit is handed over, so that a thread may leave the line as long as it is
   * negative: permits on their way are then still no more than the threads that are left.
   */
  private final AtomicInteger left;

  private volatile boolean ended;

  // The line, its ends linked by `line`, and places that nobody uses, linked by `after`. A permit
  // can arrive before the thread that is to wait for it has joined: then that one does not wait.
  private final Place line = new Place();
  private Place spare;
  private int early;

  FairPermits(int count) {
    left = new AtomicInteger(count);
    line.before = line;
    line.after = line;
  }

  /**
   * Takes a permit, and waits for it if need be. An interrupted thread stays so, and gets a permit
   * if it needs not wait.
   *
   * @param nanos most time to wait; {@link Long#MAX_VALUE} for any time
   */
  Outcome take(long nanos) {
    if (left.getAndDecrement() > 0) {
      return Outcome.TAKEN;
    }
    long start = nanos == Long.MAX_VALUE ? 0 : System.nanoTime();
    Place place = join();
    Outcome outcome = Outcome.TAKEN;
    while (place != null && !place.called && outcome == Outcome.TAKEN) {
      Outcome end = await(nanos, start);
      if (end != Outcome.TAKEN) {
        if (leave(place)) {
          outcome = end;
        } else {
          // A permit is on its way to everybody in line: whoever brings it has counted, not called.
          Thread.onSpinWait();
        }
      }
    }
    release(place);
    return outcome;
  }

  /** Waits to be woken. Tells why there is nothing more to wait for, or TAKEN if there may be. */
  private Outcome await(long nanos, long start) {
    if (ended) {
      return Outcome.ENDED;
    }
    if (Thread.currentThread().isInterrupted()) {
      return Outcome.INTERRUPTED;
    }
    if (nanos == Long.MAX_VALUE) {
      LockSupport.park(this);
      return Outcome.TAKEN;
    }
    long rest = Math.max(nanos, 0) - (System.nanoTime() - start);
    if (rest <= 0) {
      return Outcome.LATE;
    }
    LockSupport.parkNanos(this, rest);
    return Outcome.TAKEN;
  }

  /** Goes to the end of the line; null if there is a permit already. */
  private synchronized Place join() {
    if (early > 0) {
      early--;
      return null;
    }
    Place place = spare == null ? new Place() : spare;
    spare = place.after;
    place.thread = Thread.currentThread();
    place.called = false;
    place.before = line.before;
    place.after = line;
    place.before.after = place;
    line.before = place;
    return place;
  }

  /** Leaves the line, unless a permit is on its way to everybody in it. */
  private synchronized boolean leave(Place place) {
    for (int seen = left.get(); !place.called && seen < 0; seen = left.get()) {
      if (left.compareAndSet(seen, seen + 1)) {
        unlink(place);
        return true;
      }
    }
    return false;
  }

  private static void unlink(Place place) {
    place.before.after = place.after;
    place.after.before = place.before;
  }

  private synchronized void release(Place place) {
    if (place != null) {
      place.thread = null;
      place.before = null;
      place.after = spare;
      spare = place;
    }
  }

  /** Gives a permit back: to the thread that has waited longest, if one waits. */
  void giveBack() {
    if (left.getAndIncrement() < 0) {
      LockSupport.unpark(next());
    }
  }

  /** Calls the first in line; null if it has not joined yet. */
  private synchronized Thread next() {
    Place first = line.after;
    if (first == line) {
      early++;
      return null;
    }
    unlink(first);
    Thread thread = first.thread;
    first.called = true;
    return thread;
  }

  /** Returns how many permits nobody has; if negative, how many threads wait for one. */
  int left() {
    return left.get();
  }

  /** Lets nobody wait any more. */
  synchronized void end() {
    ended = true;
    for (Place place = line.after; place != line; place = place.after) {
      LockSupport.unpark(place.thread);
    }
  }
}

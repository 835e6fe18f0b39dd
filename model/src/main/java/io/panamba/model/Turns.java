package io.panamba.model;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A number of turns that threads take and give back. Who finds none waits in line: a turn that is
 * given back goes to the thread that has waited longest, never to one that has just come.
 *
 * <p>As long as there are turns, taking and giving back is one atomic addition each. Nothing
 * allocates, waiting included, for which reason this is no {@link java.util.concurrent.Semaphore}:
 * that one allocates for every thread that waits. Only a line longer than any before does.
 */
final class Turns {
  /** Turns that nobody has, less the threads that wait. */
  private final AtomicInteger left;

  // The line: tickets from `called` on wait, the thread with ticket t at line[t % line.length]. A
  // turn can be given back before the thread that is to wait for it has drawn its ticket: then
  // `called` runs ahead of `drawn`, and the thread does not wait.
  private Thread[] line = new Thread[16];
  private long drawn;
  private volatile long called;

  Turns(int count) {
    left = new AtomicInteger(count);
  }

  /** Takes a turn, and waits for it if need be. An interruption is kept for later. */
  void take() {
    if (left.getAndDecrement() > 0) {
      return;
    }
    long ticket = draw();
    boolean interrupted = false;
    while (called <= ticket) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized long draw() {
    long ticket = drawn;
    if (called <= ticket) {
      if (ticket - called == line.length) {
        lengthen();
      }
      line[place(ticket)] = Thread.currentThread();
    }
    drawn = ticket + 1;
    return ticket;
  }

  private int place(long ticket) {
    return (int) (ticket % line.length);
  }

  private void lengthen() {
    Thread[] shorter = line;
    line = new Thread[2 * shorter.length];
    for (long ticket = called; ticket < drawn; ticket++) {
      line[place(ticket)] = shorter[(int) (ticket % shorter.length)];
    }
  }

  /** Gives a turn back: to the thread that has waited longest, if one waits. */
  void giveBack() {
    if (left.getAndIncrement() < 0) {
      LockSupport.unpark(next());
    }
  }

  /** Calls the next ticket; null if it has not been drawn yet. */
  private synchronized Thread next() {
    int place = place(called);
    Thread thread = line[place];
    line[place] = null;
    called++;
    return thread;
  }
}

package io.panamba.fuzz;

import java.util.List;

/**
 * A parser, and what is promised of it.
 *
 * @param name of its corpus and in reports
 * @param parser what is tried
 * @param budget what it may take
 * @param maxLength of inputs that are made up, in bytes
 * @param refusals the only exceptions that may leave it
 */
record Target(
    String name,
    Parser parser,
    Budget budget,
    int maxLength,
    List<Class<? extends Exception>> refusals) {
  @Override
  public String toString() {
    return name;
  }
}

package io.panamba.fuzz;

/** Reads hostile bytes. */
@FunctionalInterface
public interface Parser {
  /**
   * Reads an input to its end and closes whatever it opened.
   *
   * @param input the content of a file or of a part of one; not changed
   * @return what was read, with an {@code equals} that compares it
   * @throws Exception if the input is refused
   */
  Object read(byte[] input) throws Exception;
}

package io.panamba.fuzz;

/** What Jazzer calls. The property {@value #TARGET} names the parser. */
public final class JazzerEntry {
  static final String TARGET = "panamba.fuzz.target";

  private static final Target PARSER = Targets.of(System.getProperty(TARGET));

  private JazzerEntry() {}

  /**
   * Reads an input that Jazzer made.
   *
   * @param input any bytes
   */
  public static void fuzzerTestOneInput(byte[] input) {
    Trial.run(PARSER, input);
  }
}

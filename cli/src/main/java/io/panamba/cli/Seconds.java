package io.panamba.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a duration of at most an hour. */
final class Seconds implements ITypeConverter<Double> {
  private static final double MOST = 3600;

  @Override
  public Double convert(String value) {
    try {
      double seconds = Double.parseDouble(value);
      if (seconds > 0 && seconds <= MOST) {
        return seconds;
      }
    } catch (NumberFormatException _) {
      // Said below.
    }
    throw new TypeConversionException(
        "expected seconds, more than 0 and at most %s, not '%s'".formatted((long) MOST, value));
  }
}

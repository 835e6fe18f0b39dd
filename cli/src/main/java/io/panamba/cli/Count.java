package io.panamba.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads whole numbers from 1. */
class Count implements ITypeConverter<Integer> {
  private final int most;

  Count() {
    this(Integer.MAX_VALUE);
  }

  private Count(int most) {
    this.most = most;
  }

  /** Reads whole numbers from 1 to 1024: threads, or images of a batch. */
  static final class UpTo1024 extends Count {
    UpTo1024() {
      super(1024);
    }
  }

  @Override
  public Integer convert(String value) {
    try {
      int number = Integer.parseInt(value);
      if (number >= 1 && number <= most) {
        return number;
      }
    } catch (NumberFormatException _) {
      // Said below.
    }
    String range = most == Integer.MAX_VALUE ? "from 1" : "from 1 to " + most;
    throw new TypeConversionException(
        "expected a whole number %s, not '%s'".formatted(range, value));
  }
}

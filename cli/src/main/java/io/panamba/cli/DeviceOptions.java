package io.panamba.cli;

import io.panamba.runtime.Device;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;
import picocli.CommandLine.TypeConversionException;

/** Where and how a network runs. */
final class DeviceOptions {
  private static final int MAX_THREADS = 1024;

  @Spec(Target.MIXEE)
  private CommandSpec spec;

  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--device",
      paramLabel = "NAME",
      defaultValue = "cpu",
      converter = DeviceName.class,
      description = "Where to run: cpu (default: ${DEFAULT-VALUE}).")
  private String device;

  @Option(
      names = "--precision",
      paramLabel = "TYPE",
      defaultValue = "fp32",
      converter = Precision.class,
      description = "Arithmetic: fp32 (default: ${DEFAULT-VALUE}).")
  private String precision;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads of an inference (default: one per processor).")
  void setThreads(int value) {
    if (value < 1 || value > MAX_THREADS) {
      throw new ParameterException(
          spec.commandLine(),
          "Invalid value for option '--threads': expected 1 to %d, not %d"
              .formatted(MAX_THREADS, value));
    }
    threads = value;
  }

  int threads() {
    return threads;
  }

  String precision() {
    return precision;
  }

  String deviceName() {
    return device;
  }

  Device open() {
    return Device.cpu(threads);
  }

  /** Knows the processor alone. */
  static final class DeviceName implements ITypeConverter<String> {
    @Override
    public String convert(String value) {
      if (!value.equals("cpu")) {
        throw new TypeConversionException(
            "this version runs on cpu only, not on '%s'".formatted(value));
      }
      return value;
    }
  }

  /** Knows float32 alone. */
  static final class Precision implements ITypeConverter<String> {
    @Override
    public String convert(String value) {
      if (!value.equals("fp32")) {
        throw new TypeConversionException(
            "this version computes in fp32 only; '%s' is not supported yet".formatted(value));
      }
      return value;
    }
  }
}

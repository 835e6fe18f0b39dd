package io.panamba.cli;

import io.panamba.runtime.Device;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Where and how a network runs. */
final class DeviceOptions {
  @Option(
      names = "--threads",
      paramLabel = "N",
      converter = Count.UpTo1024.class,
      description = "Threads of an inference (default: one per processor).")
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

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

  int threads() {
    return threads;
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
}

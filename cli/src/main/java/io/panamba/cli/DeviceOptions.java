package io.panamba.cli;

import io.panamba.runtime.Device;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Where and how a network runs. */
final class DeviceOptions {
  private static final String CPU = "cpu";

  @Option(
      names = "--threads",
      paramLabel = "N",
      converter = Count.UpTo1024.class,
      description = "Threads of an inference on cpu (default: one per processor).")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--device",
      paramLabel = "NAME",
      defaultValue = CPU,
      converter = DeviceName.class,
      description =
          "Where to run: cpu, or an NVIDIA GPU, cuda or cuda:N (default: ${DEFAULT-VALUE}).")
  private String device;

  int threads() {
    return threads;
  }

  /** Returns {@code cpu} or {@code cuda:N}. */
  String deviceName() {
    return device;
  }

  boolean isCpu() {
    return device.equals(CPU);
  }

  Device open() {
    return isCpu()
        ? Device.cpu(threads)
        : Device.cuda(Integer.parseInt(device.substring(device.indexOf(':') + 1)));
  }

  /** Knows the processor and GPUs by number. */
  static final class DeviceName implements ITypeConverter<String> {
    private static final Pattern GPU = Pattern.compile("cuda(?::(\\d{1,3}))?");

    @Override
    public String convert(String value) {
      if (value.equals(CPU)) {
        return value;
      }
      Matcher gpu = GPU.matcher(value);
      if (!gpu.matches()) {
        throw new TypeConversionException(
            "expected cpu, cuda or cuda:N, not '%s'".formatted(value));
      }
      return "cuda:" + (gpu.group(1) == null ? 0 : Integer.parseInt(gpu.group(1)));
    }
  }
}

package io.panamba.cli;

import io.panamba.runtime.Device;
import io.panamba.runtime.LibraryException;
import io.panamba.runtime.LibraryInfo;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Describes the installation and a checkpoint. */
@Command(
    name = "info",
    description =
        "Describes the native library, the machine and its devices, and a checkpoint's network.")
final class InfoCommand implements Callable<Integer>, NetworkOptions.Holder {
  @Spec private CommandSpec spec;

  @Option(
      names = "--weights",
      paramLabel = "FILE",
      description = "A checkpoint to describe too: .pth or .safetensors.")
  private Path weights;

  @Option(names = "--json", description = "Write JSON.")
  private boolean json;

  @Mixin private NetworkOptions networkOptions;
  @Mixin private DeviceOptions device;

  @Override
  public NetworkOptions network() {
    return networkOptions;
  }

  @Override
  public Integer call() {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("panamba", Version.current());
    LibraryException missing = null;
    try {
      report.put("library", library(LibraryInfo.current()));
    } catch (LibraryException e) {
      missing = e;
      report.put("library", null);
      report.put("library_error", e.getMessage());
    }
    report.putAll(Machine.toJson());
    report.put("threads", device.threads());
    try {
      if (missing == null) {
        describe(report);
      }
    } finally {
      // What is known is told even if the checkpoint turns out to be bad.
      print(report);
    }
    if (missing != null) {
      throw missing;
    }
    return 0;
  }

  private void describe(Map<String, Object> report) {
    report.put("cuda", CudaReport.of());
    try (Device opened = device.open()) {
      report.put("devices", List.of(opened.description()));
      if (weights != null) {
        report.put("weights", WeightsReport.of(weights, opened, networkOptions.settings()));
      }
    }
  }

  private static Map<String, Object> library(LibraryInfo info) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("path", info.path());
    object.put("source", info.source().name().toLowerCase(Locale.ROOT));
    object.put("sha256", info.sha256());
    object.put("abi", info.abiVersion());
    object.put("build", info.build());
    object.put("tier", info.tier());
    object.put("tier_cap", info.tierCap().orElse(null));
    Map<String, Object> tiers = new LinkedHashMap<>();
    info.tiers().forEach(tier -> tiers.put(tier.name(), tier.reason()));
    object.put("tiers", tiers);
    return object;
  }

  private void print(Map<String, Object> report) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Json.pretty(report));
    } else {
      out.print(Outline.of(report));
    }
    out.flush();
  }
}

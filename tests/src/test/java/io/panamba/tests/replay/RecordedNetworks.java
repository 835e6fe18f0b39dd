package io.panamba.tests.replay;

import io.panamba.model.Inference;
import io.panamba.model.Network;
import io.panamba.model.architecture.InferenceOptions;
import io.panamba.model.architecture.Precision;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import io.panamba.tests.golden.NetworkGolden;
import io.panamba.tests.kit.GoldenFiles;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The golden networks as recordings. */
final class RecordedNetworks {
  private static final int TILE = 8;

  /** How a network is planned. */
  enum Form {
    /** Whole sequences, for logits and features. */
    PLAIN,
    /** In tiles. */
    TILES,
    /** With tokens and taps. */
    EVERYTHING;

    private InferenceOptions of(InferenceOptions plain) {
      return switch (this) {
        case PLAIN -> plain;
        case TILES -> plain.withTile(TILE);
        case EVERYTHING -> plain.withTokens().withTaps();
      };
    }
  }

  /** As docs/numerics.md states it. */
  private static double bound(Precision precision) {
    return switch (precision) {
      case FP32 -> 1e-5;
      case BF16 -> 2e-2;
    };
  }

  private RecordedNetworks() {}

  /**
   * What is recorded.
   *
   * @param network its name among the golden ones
   * @param file with what is expected, without its suffix
   * @param image the key of the image
   * @param logits the key of the logits
   * @param form of the plan
   * @param precision of the network
   */
  record Case(
      String network, String file, String image, String logits, Form form, Precision precision) {
    /** The name of its recording. */
    @Override
    public String toString() {
      String size = image.substring("image".length());
      String plan = form == Form.PLAIN ? "" : "." + form;
      return (network + size + plan + "." + precision).toLowerCase(Locale.ROOT);
    }
  }

  /** Every network in its own size, some in another, and some in other forms. */
  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    for (Precision precision : Precision.values()) {
      for (String name : NetworkGolden.names()) {
        cases.add(ofOwnSize(name, Form.PLAIN, precision));
      }
      cases.add(ofOwnSize("vim_nano", Form.TILES, precision));
      cases.add(ofOwnSize("vim_nano", Form.EVERYTHING, precision));
      cases.add(ofOwnSize("mambaout_nano", Form.EVERYTHING, precision));
      cases.add(ofOtherSize("vim_nano", "24x40", ".aligned", precision));
      cases.add(ofOtherSize("vmamba_nano", "45x50", "", precision));
      cases.add(ofOtherSize("mambaout_nano", "33x47", "", precision));
      cases.add(ofOtherSize("deit_nano", "18x23", ".repo", precision));
    }
    return cases;
  }

  static Case ofOwnSize(String name, Form form, Precision precision) {
    return new Case(name, name, "image", "logits", form, precision);
  }

  private static Case ofOtherSize(String name, String size, String mode, Precision precision) {
    return new Case(
        name, name + ".sizes", "image." + size, "logits." + size + mode, Form.PLAIN, precision);
  }

  static Recording record(Case one) {
    Settings settings = NetworkGolden.options(one.network).withPrecision(one.precision);
    try (Checkpoint file = Checkpoint.open(GoldenFiles.path(one.file + ".expected.safetensors"));
        Device device = Device.cpu(1);
        Network network = Network.open(NetworkGolden.weights(one.network), device, settings)) {
      Shape image = file.find(one.image).orElseThrow().shape();
      InferenceOptions options =
          new InferenceOptions(
              Math.toIntExact(image.size(0)),
              Math.toIntExact(image.size(2)),
              Math.toIntExact(image.size(3)),
              true,
              false,
              false);
      try (Inference inference = network.plan(one.form.of(options))) {
        inference.image().copyFrom(GoldenFiles.floats(file, one.image));
        List<Recorder.Expected> results = new ArrayList<>();
        results.add(
            new Recorder.Expected(
                "logits", inference.logits(), GoldenFiles.floats(file, one.logits)));
        others(inference, one.form)
            .forEach(
                (key, tensor) -> {
                  if (file.keys().contains(key)) {
                    results.add(new Recorder.Expected(key, tensor, GoldenFiles.floats(file, key)));
                  }
                });
        return Recorder.record(device, inference.operations(), bound(one.precision), results);
      }
    }
  }

  /** What a plan gives beside logits, under the keys of the golden files. */
  private static Map<String, Tensor> others(Inference inference, Form form) {
    Map<String, Tensor> others = new LinkedHashMap<>();
    others.put("features", inference.features());
    if (form == Form.EVERYTHING) {
      others.put("tokens", inference.tokens());
      inference.taps().forEach((name, tap) -> others.put("tap." + name, tap));
    }
    return others;
  }
}

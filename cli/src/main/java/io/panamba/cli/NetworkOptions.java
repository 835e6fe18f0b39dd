package io.panamba.cli;

import io.panamba.model.Architectures;
import io.panamba.model.architecture.Architecture;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.Setting;
import io.panamba.model.architecture.Settings;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What the shapes of a checkpoint can't tell: an option for each setting of every family. */
final class NetworkOptions {
  /** A command that has these options. */
  interface Holder {
    NetworkOptions network();
  }

  @Option(
      names = "--image-size",
      paramLabel = "S|HxW",
      converter = ImageSizeConverter.class,
      description = "Size of images in pixels (default: the size that the model was trained for).")
  private ImageSize imageSize;

  private Settings settings = Settings.none();

  /** Adds the options of settings to a command. */
  void addTo(CommandSpec spec) {
    Map<String, Setting<?>> all = new LinkedHashMap<>();
    for (Architecture<?> family : Architectures.ALL) {
      family.settings().forEach(setting -> all.putIfAbsent(setting.name(), setting));
    }
    all.put(Settings.PRECISION.name(), Settings.PRECISION);
    all.values().forEach(setting -> spec.addOption(option(setting)));
  }

  private <T> OptionSpec option(Setting<T> setting) {
    boolean flag = setting.placeholder().isEmpty();
    boolean negated = flag && Boolean.TRUE.equals(setting.standard().orElseThrow());
    OptionSpec.Builder option =
        OptionSpec.builder("--" + (negated ? "no-" : "") + setting.name())
            .description(setting.description().replace("%", "%%"))
            .setter(
                new picocli.CommandLine.Model.ISetter() {
                  @Override
                  public <V> V set(V value) {
                    if (value != null) {
                      put(setting, flag ? String.valueOf(!negated) : value.toString());
                    }
                    return null;
                  }
                });
    if (flag) {
      // Without a value the setter is called with the type's own, which says nothing.
      return option.type(Boolean.class).arity("0").build();
    }
    return option
        .type(String.class)
        .paramLabel(setting.placeholder())
        .converters(text -> checked(setting, text))
        .build();
  }

  private static String checked(Setting<?> setting, String text) {
    if (setting.parse(text).isEmpty()) {
      throw new TypeConversionException(
          "expected %s but was '%s'".formatted(setting.expected(), text));
    }
    return text;
  }

  private <T> void put(Setting<T> setting, String text) {
    settings = settings.with(setting, setting.parse(text).orElseThrow());
  }

  /** The size that was asked for, or null. */
  ImageSize imageSize() {
    return imageSize;
  }

  Settings settings() {
    return imageSize == null ? settings : settings.withImageSize(imageSize);
  }
}

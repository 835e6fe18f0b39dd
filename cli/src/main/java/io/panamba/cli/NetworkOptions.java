package io.panamba.cli;

import io.panamba.model.Architectures;
import io.panamba.model.architecture.Architecture;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.Setting;
import io.panamba.model.architecture.Settings;
import io.panamba.model.architecture.Task;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What the shapes of a checkpoint can't tell: an option for each setting of every family. */
final class NetworkOptions {
  /** A command that has these options. */
  interface Holder {
    NetworkOptions network();

    /** The task whose families' settings are options, or null for those of all families. */
    default Task task() {
      return null;
    }
  }

  @Option(
      names = "--image-size",
      paramLabel = "S|HxW",
      converter = ImageSizeConverter.class,
      description = "Size of images in pixels (default: the size that the model was trained for).")
  private ImageSize imageSize;

  private Settings settings = Settings.none();

  /** Adds the options of all families' settings to a command. */
  void addTo(CommandSpec spec) {
    addTo(spec, (Task) null);
  }

  /** Adds the options of the settings of a task's families, or of all, to a command. */
  void addTo(CommandSpec spec, Task task) {
    SequencedMap<String, List<Setting<?>>> families = new LinkedHashMap<>();
    for (Architecture<?> family : Architectures.ALL) {
      if (task == null || family.task() == task) {
        families.put(family.title(), family.settings());
      }
    }
    addTo(spec, families);
  }

  /** Adds the options of settings, by the titles of their families, to a command. */
  void addTo(CommandSpec spec, SequencedMap<String, List<Setting<?>>> families) {
    SequencedMap<String, Shared> options = new LinkedHashMap<>();
    families.forEach(
        (title, settings) ->
            settings.forEach(
                setting ->
                    options.computeIfAbsent(name(setting), Shared::new).add(title, setting)));
    Shared precision = new Shared(name(Settings.PRECISION));
    precision.add("all", Settings.PRECISION);
    options.put(precision.name, precision);
    options.values().forEach(shared -> spec.addOption(option(shared)));
  }

  /** The settings of one option: several if families have other values for it. */
  private static final class Shared {
    private final String name;

    /** Distinct ones, by the titles of their families. */
    private final SequencedMap<Setting<?>, List<String>> titles = new LinkedHashMap<>();

    Shared(String name) {
      this.name = name;
    }

    void add(String title, Setting<?> setting) {
      titles.computeIfAbsent(setting, _ -> new ArrayList<>()).add(title);
    }

    Setting<?> first() {
      return titles.firstEntry().getKey();
    }

    String description() {
      if (titles.size() == 1) {
        return first().description();
      }
      return titles.entrySet().stream()
          .map(entry -> String.join(", ", entry.getValue()) + ": " + entry.getKey().description())
          .collect(Collectors.joining(" "));
    }

    /** What a text has to be for any of the families. */
    String expected() {
      Set<String> choices = new LinkedHashSet<>();
      titles.keySet().forEach(setting -> choices.addAll(setting.choices()));
      return titles.keySet().stream().noneMatch(setting -> setting.choices().isEmpty())
          ? "one of " + choices
          : titles.keySet().stream()
              .map(Setting::expected)
              .distinct()
              .collect(Collectors.joining(" or "));
    }

    String checked(String text) {
      if (titles.keySet().stream().allMatch(setting -> setting.parse(text).isEmpty())) {
        throw new TypeConversionException("expected %s but was '%s'".formatted(expected(), text));
      }
      return text;
    }
  }

  /** A flag's option says the opposite of its standard. */
  private static String name(Setting<?> setting) {
    return "--" + (isNegated(setting) ? "no-" : "") + setting.name();
  }

  private static boolean isFlag(Setting<?> setting) {
    return setting.placeholder().isEmpty();
  }

  private static boolean isNegated(Setting<?> setting) {
    return isFlag(setting) && Boolean.TRUE.equals(setting.standard().orElseThrow());
  }

  private OptionSpec option(Shared shared) {
    Setting<?> first = shared.first();
    boolean flag = isFlag(first);
    String flagged = String.valueOf(!isNegated(first));
    OptionSpec.Builder option =
        OptionSpec.builder(shared.name)
            .description(shared.description().replace("%", "%%"))
            .setter(
                new picocli.CommandLine.Model.ISetter() {
                  @Override
                  public <V> V set(V value) {
                    if (value != null) {
                      put(shared, flag ? flagged : value.toString());
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
        .paramLabel(first.placeholder())
        .converters(shared::checked)
        .build();
  }

  /** Which family's setting it is turns out when the network is known. */
  private void put(Shared shared, String text) {
    settings =
        shared.titles.size() == 1
            ? with(shared.first(), text)
            : settings.withWords(shared.first().name(), text);
  }

  private <T> Settings with(Setting<T> setting, String text) {
    return settings.with(setting, setting.parse(text).orElseThrow());
  }

  /** The size that was asked for, or null. */
  ImageSize imageSize() {
    return imageSize;
  }

  Settings settings() {
    return imageSize == null ? settings : settings.withImageSize(imageSize);
  }
}

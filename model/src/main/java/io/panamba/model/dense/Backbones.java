package io.panamba.model.dense;

import io.panamba.model.architecture.Architecture;
import io.panamba.model.architecture.Backbone;
import io.panamba.model.architecture.ImageSize;
import io.panamba.model.architecture.PreprocessingSettings;
import io.panamba.model.architecture.Setting;
import io.panamba.model.architecture.Settings;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.mambaout.MambaOut;
import io.panamba.model.mambaout.MambaOutBackbone;
import io.panamba.model.vim.Vim;
import io.panamba.model.vim.VimConfig;
import io.panamba.model.vmamba.Vmamba;
import io.panamba.model.vmamba.VmambaBackbone;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Networks below heads, as their keys tell them: under a prefix, by the names of their families.
 */
public final class Backbones {
  /** The maps that heads read. */
  public static final int MAPS = 4;

  private Backbones() {}

  /**
   * Tells whether a Vim is below the head.
   *
   * @param checkpoint of the whole
   * @param prefix of the backbone's keys
   * @return whether its keys are a Vim's
   */
  public static boolean isVim(Checkpoint checkpoint, String prefix) {
    return fits(Vim.FAMILY, checkpoint, prefix);
  }

  private static boolean fits(Architecture<?> family, Checkpoint checkpoint, String prefix) {
    return family.obstacle(below(checkpoint.keys(), prefix)).isEmpty();
  }

  private static Set<String> below(Set<String> keys, String prefix) {
    return keys.stream()
        .filter(key -> key.startsWith(prefix))
        .map(key -> key.substring(prefix.length()))
        .collect(Collectors.toSet());
  }

  /**
   * Describes a Vim below a head.
   *
   * @param checkpoint of the whole
   * @param prefix of the backbone's keys
   * @param settings of the whole
   * @param halved whether its directions are averaged where nothing is said
   * @return the network
   * @throws WeightsException if its shapes are not those of a Vim
   */
  public static VimConfig vim(
      Checkpoint checkpoint, String prefix, Settings settings, boolean halved) {
    Settings own = only(settings, Vim.FAMILY.settings());
    if (own.get(Vim.DIVIDE_OUT).isEmpty()) {
      own = own.with(Vim.DIVIDE_OUT, halved);
    }
    return Vim.FAMILY.read(checkpoint.below(prefix), own);
  }

  /**
   * Finds the network of stages below a head.
   *
   * @param checkpoint of the whole
   * @param prefix of the backbone's keys
   * @param settings of the whole
   * @return the backbone, which gives four maps
   * @throws WeightsException if its keys are those of no such network, or if it has other than four
   *     stages
   */
  public static Backbone stages(Checkpoint checkpoint, String prefix, Settings settings) {
    Backbone backbone;
    if (fits(Vmamba.FAMILY, checkpoint, prefix)) {
      Settings own = only(settings, Vmamba.FAMILY.settings());
      backbone = VmambaBackbone.of(Vmamba.FAMILY.read(checkpoint.below(prefix), own), prefix);
    } else if (fits(MambaOut.FAMILY, checkpoint, prefix)) {
      Settings own = only(settings, MambaOut.FAMILY.settings());
      backbone = MambaOutBackbone.of(MambaOut.FAMILY.read(checkpoint.below(prefix), own), prefix);
    } else {
      throw new WeightsException(
          "%s: below %s there is neither a Vim nor a VMamba nor a MambaOut"
              .formatted(checkpoint.path(), prefix));
    }
    if (backbone.maps().size() != MAPS) {
      throw new WeightsException(
          "%s: the network below %s has %d stages; the head reads %d"
              .formatted(checkpoint.path(), prefix, backbone.maps().size(), MAPS));
    }
    return backbone;
  }

  /**
   * Lists the settings of a family of heads.
   *
   * @param own of the head
   * @return them, and those of the networks below
   */
  public static List<Setting<?>> settings(List<Setting<?>> own) {
    Set<Setting<?>> all = new LinkedHashSet<>(own);
    all.addAll(
        List.of(
            Vim.DIVIDE_OUT,
            Vim.ROPE_RESIDUAL,
            Vim.POSITION_INTERPOLATION,
            Vmamba.SCAN,
            Vmamba.OUT_ACTIVATION,
            MambaOut.ACTIVATION,
            PreprocessingSettings.MEAN,
            PreprocessingSettings.DEVIATION));
    return List.copyOf(all);
  }

  /**
   * Takes what a backbone's preset needs of a head's settings.
   *
   * @param settings of the whole
   * @param image of the images to run
   * @return size, precision and preparation
   */
  public static Settings withoutHead(Settings settings, ImageSize image) {
    return only(settings, List.of(PreprocessingSettings.MEAN, PreprocessingSettings.DEVIATION))
        .withImageSize(image);
  }

  /**
   * Takes what a family of heads knows of its backbone's settings.
   *
   * @param backbone all of the backbone's
   * @return those that are the whole's too, with size and precision
   */
  public static Settings ofWhole(Settings backbone) {
    return only(backbone, settings(List.of()));
  }

  /** What a family knows of settings. */
  private static Settings only(Settings settings, List<Setting<?>> known) {
    Settings own = Settings.none();
    for (Setting<?> setting : known) {
      own = copy(settings, setting, own);
    }
    for (Setting<?> setting :
        List.of(Settings.IMAGE_HEIGHT, Settings.IMAGE_WIDTH, Settings.PRECISION)) {
      own = copy(settings, setting, own);
    }
    return own;
  }

  private static <T> Settings copy(Settings from, Setting<T> setting, Settings to) {
    Optional<T> value = from.get(setting);
    return value.isPresent() ? to.with(setting, value.get()) : to;
  }
}

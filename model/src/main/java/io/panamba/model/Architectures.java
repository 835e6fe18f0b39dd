package io.panamba.model;

import io.panamba.model.architecture.Architecture;
import io.panamba.model.architecture.NetworkConfig;
import io.panamba.model.architecture.Settings;
import io.panamba.model.cascade.Cascade;
import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.WeightsException;
import io.panamba.model.deit.Deit;
import io.panamba.model.mambaout.MambaOut;
import io.panamba.model.upernet.Upernet;
import io.panamba.model.vim.Vim;
import io.panamba.model.vmamba.Vmamba;
import io.panamba.runtime.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The families of networks that there are. */
public final class Architectures {
  /** All of them. A family that is listed here has everything: commands, tasks, pools. */
  public static final List<Architecture<?>> ALL =
      List.of(
          Upernet.FAMILY, Cascade.FAMILY, Vim.FAMILY, Vmamba.FAMILY, Deit.FAMILY, MambaOut.FAMILY);

  /** The name in a file's metadata under which it says its family. */
  public static final String METADATA = "panamba.architecture";

  private static final Pattern LAYER = Pattern.compile("(?<=\\.)\\d+(?=\\.)");
  private static final int SHOWN = 3;

  private Architectures() {}

  /**
   * A network's family, and its keys.
   *
   * @param <C> what describes networks of the family
   * @param family the family
   * @param checkpoint the weights under the keys of the family
   */
  public record Recognised<C extends NetworkConfig>(Architecture<C> family, Checkpoint checkpoint) {
    /**
     * Describes the network.
     *
     * @param settings what its shapes can't tell
     * @return the description
     * @throws WeightsException if the shapes are not those of a network of the family
     * @throws io.panamba.model.architecture.SettingException if the family does not have what is
     *     said
     */
    public C read(Settings settings) {
      Settings own = settings.readBy(family.title(), family.settings());
      return FileMemory.guard(checkpoint.path(), () -> family.read(checkpoint, own));
    }
  }

  /**
   * Finds the family of a checkpoint's network, and the way to read its keys: as they stand, or
   * else without the prefixes of what the network was a part of.
   *
   * @param checkpoint any checkpoint
   * @return the first family and reading that fit
   * @throws WeightsException if none does; the message has the obstacle of every family
   * @throws io.panamba.model.checkpoint.CheckpointException if looking takes more memory than there
   *     is
   */
  public static Recognised<?> recognise(Checkpoint checkpoint) {
    return FileMemory.guard(checkpoint.path(), () -> find(checkpoint));
  }

  /**
   * Finds the way to read the keys of a checkpoint of one family.
   *
   * @param <C> what describes networks of the family
   * @param family the family
   * @param checkpoint of a network of the family
   * @return family and reading
   * @throws WeightsException if it is a network of another family, or none
   */
  public static <C extends NetworkConfig> Recognised<C> recognise(
      Architecture<C> family, Checkpoint checkpoint) {
    Recognised<?> found = recognise(checkpoint);
    if (!found.family().equals(family)) {
      throw new WeightsException(
          "%s is a network of the family %s, not %s"
              .formatted(checkpoint.path(), found.family().title(), family.title()));
    }
    return new Recognised<>(family, found.checkpoint());
  }

  private static Recognised<?> find(Checkpoint checkpoint) {
    List<Architecture<?>> families = candidates(checkpoint);
    for (Architecture<?> family : families) {
      if (family.obstacle(checkpoint.keys()).isEmpty()) {
        return new Recognised<>(family, family.named(checkpoint));
      }
    }
    int[] found = new int[families.size()];
    for (Checkpoint reading : checkpoint.readings()) {
      for (int i = 0; i < found.length; i++) {
        if (families.get(i).obstacle(reading.keys()).isEmpty()) {
          return new Recognised<>(families.get(i), families.get(i).named(reading));
        }
        found[i] = Math.max(found[i], kinds(families.get(i), reading.keys()));
      }
    }
    throw new WeightsException(obstacles(checkpoint, families, found));
  }

  /** The family that a file's metadata names, or all. */
  private static List<Architecture<?>> candidates(Checkpoint checkpoint) {
    String name = checkpoint.metadata().get(METADATA);
    if (name == null) {
      return ALL;
    }
    List<Architecture<?>> named = new ArrayList<>(ALL);
    named.removeIf(family -> !family.name().equals(name));
    if (named.isEmpty()) {
      throw new WeightsException(
          "the file's metadata has %s '%s'; expected one of %s"
              .formatted(METADATA, name, ALL.stream().map(Architecture::name).toList()));
    }
    return named;
  }

  private static String obstacles(
      Checkpoint checkpoint, List<Architecture<?>> families, int[] found) {
    Set<String> keys = checkpoint.keys();
    StringBuilder message = new StringBuilder();
    message.append(
        String.format(
            Locale.ROOT,
            "%s: %d tensors (%s%s), and no network fits them.",
            checkpoint.path(),
            keys.size(),
            keys.stream().limit(SHOWN).collect(Collectors.joining(", ")),
            keys.size() > SHOWN ? ", ..." : ""));
    for (int i = 0; i < found.length; i++) {
      Architecture<?> family = families.get(i);
      message.append(
          String.format(
              Locale.ROOT,
              " %s has %d of %d kinds of keys; %s.",
              family.title(),
              found[i],
              family.kinds().size(),
              family.obstacle(keys).orElseThrow()));
    }
    return message.toString();
  }

  /** How many of the kinds of keys there are. */
  private static int kinds(Architecture<?> family, Set<String> keys) {
    Set<String> kinds = family.kinds();
    Set<String> found = new HashSet<>();
    for (String key : keys) {
      String kind = LAYER.matcher(key).replaceFirst("#");
      if (kinds.contains(kind)) {
        found.add(kind);
      }
    }
    return found.size();
  }

  /**
   * Lists the names of usual sizes.
   *
   * @return names such as {@code tiny} of Vim, and with the family before them, such as {@code
   *     vim-tiny}, of all
   */
  public static Set<String> presets() {
    Set<String> names = new LinkedHashSet<>(Vim.FAMILY.presets());
    for (Architecture<?> family : ALL) {
      family.presets().forEach(preset -> names.add(family.name() + "-" + preset));
    }
    return names;
  }

  /**
   * A usual size of a family.
   *
   * @param <C> what describes networks of the family
   * @param family the family
   * @param name one of its presets
   */
  public record Preset<C extends NetworkConfig>(Architecture<C> family, String name) {
    /**
     * Describes the network.
     *
     * @param settings that differ from what is usual
     * @return the description
     * @throws io.panamba.model.architecture.SettingException if the family does not have what is
     *     said
     */
    public C config(Settings settings) {
      return family.preset(name, settings.readBy(family.title(), family.settings()));
    }

    /**
     * Draws the weights of the network before training.
     *
     * @param settings that differ from what is usual
     * @param seed of the random numbers
     * @param owner of the tensors
     * @return as {@link Network#draw}
     */
    public SequencedMap<String, Tensor> draw(Settings settings, long seed, Arena owner) {
      return Network.draw(family, config(settings), seed, owner);
    }

    /** Writes family and size as {@code vim_tiny}. */
    @Override
    public String toString() {
      return family.name() + "_" + name;
    }
  }

  /**
   * Finds a usual size.
   *
   * @param name one of {@link #presets}
   * @return the size and its family
   * @throws IllegalArgumentException if there is none of that name
   */
  public static Preset<?> preset(String name) {
    String wanted = name.toLowerCase(Locale.ROOT);
    for (Architecture<?> family : ALL) {
      for (String preset : family.presets()) {
        if (wanted.equals(family.name() + "-" + preset)
            || (family.equals(Vim.FAMILY) && wanted.equals(preset))) {
          return new Preset<>(family, preset);
        }
      }
    }
    throw new IllegalArgumentException(
        "no network is called '%s'; there are %s".formatted(name, String.join(", ", presets())));
  }
}

package io.panamba.model.architecture;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/**
 * Values of {@linkplain Setting settings}, those of which nothing is said left out. They come
 * before what a file's metadata says. Immutable.
 */
public final class Settings {
  /** Height of the images. */
  public static final Setting<Integer> IMAGE_HEIGHT =
      Setting.number("image-height", "vim.image_height", "PIXELS", "Height of images in pixels.");

  /** Width of the images. */
  public static final Setting<Integer> IMAGE_WIDTH =
      Setting.number("image-width", "vim.image_width", "PIXELS", "Width of images in pixels.");

  /** Type of weights and activations. */
  public static final Setting<Precision> PRECISION =
      Setting.choice(
          "precision",
          null,
          Precision.FP32,
          "TYPE",
          "Weights and activations: fp32, or bf16, faster and half as large, with logits within 2"
              + " %.");

  private static final Set<Setting<?>> COMMON = Set.of(IMAGE_HEIGHT, IMAGE_WIDTH, PRECISION);
  private static final Settings NONE = new Settings(Map.of(), Map.of());

  private final Map<Setting<?>, Object> values;

  /** What is said in words, by the names of settings. */
  private final Map<String, String> words;

  private Settings(Map<Setting<?>, Object> values, Map<String, String> words) {
    this.values = values;
    this.words = words;
  }

  /**
   * Says nothing: everything is as the checkpoint or the family has it.
   *
   * @return no settings
   */
  public static Settings none() {
    return NONE;
  }

  /**
   * Says one thing.
   *
   * @param <T> the setting's type
   * @param setting what
   * @param value its value
   * @return the settings
   */
  public static <T> Settings of(Setting<T> setting, T value) {
    return NONE.with(setting, value);
  }

  /**
   * Says one thing more, or another.
   *
   * @param <T> the setting's type
   * @param setting what
   * @param value its value
   * @return new settings
   */
  public <T> Settings with(Setting<T> setting, T value) {
    Map<Setting<?>, Object> more = new LinkedHashMap<>(values);
    more.put(setting, Objects.requireNonNull(value, setting.name()));
    return new Settings(more, words);
  }

  /**
   * Says one thing more in words, for the family of the network to read: families have settings of
   * one name with other values.
   *
   * @param name of a setting
   * @param text its value, as {@link Setting#parse} reads it
   * @return new settings
   */
  public Settings withWords(String name, String text) {
    Map<String, String> more = new LinkedHashMap<>(words);
    more.put(name, Objects.requireNonNull(text, name));
    return new Settings(values, more);
  }

  /**
   * Reads what is said in words as a family understands it, and checks that it has all settings of
   * which something is said.
   *
   * @param title of the family, for errors
   * @param known the family's own settings
   * @return the same, without words
   * @throws SettingException if the family has no such setting or no such value of it
   */
  public Settings readBy(String title, List<Setting<?>> known) {
    for (Setting<?> setting : values.keySet()) {
      if (!COMMON.contains(setting) && !known.contains(setting)) {
        throw SettingException.unknown(title, setting.name());
      }
    }
    Map<Setting<?>, Object> read = new LinkedHashMap<>(values);
    words.forEach(
        (name, text) -> {
          Setting<?> setting =
              known.stream()
                  .filter(candidate -> candidate.name().equals(name))
                  .findAny()
                  .orElseThrow(() -> SettingException.unknown(title, name));
          read.put(
              setting,
              setting
                  .parse(text)
                  .orElseThrow(() -> SettingException.noValue(title, setting, text)));
        });
    return new Settings(read, Map.of());
  }

  /**
   * Chooses square images.
   *
   * @param side pixels
   * @return new settings
   */
  public Settings withImageSize(int side) {
    return withImageSize(ImageSize.of(side));
  }

  /**
   * Returns the size of images.
   *
   * @param side of those that are not chosen
   * @return in pixels
   */
  public ImageSize imageSizeOr(int side) {
    return new ImageSize(get(IMAGE_HEIGHT).orElse(side), get(IMAGE_WIDTH).orElse(side));
  }

  /**
   * Chooses the size of images.
   *
   * @param size in pixels
   * @return new settings
   */
  public Settings withImageSize(ImageSize size) {
    return with(IMAGE_HEIGHT, size.height()).with(IMAGE_WIDTH, size.width());
  }

  /**
   * Chooses the type of weights and activations.
   *
   * @param precision the type
   * @return new settings
   */
  public Settings withPrecision(Precision precision) {
    return with(PRECISION, precision);
  }

  /**
   * Returns a value.
   *
   * @param <T> the setting's type
   * @param setting what
   * @return empty if nothing is said
   */
  public <T> Optional<T> get(Setting<T> setting) {
    // Put by with(), of the setting's type.
    @SuppressWarnings("unchecked")
    T value = (T) values.get(setting);
    return Optional.ofNullable(value);
  }

  /**
   * Returns a value or the standard.
   *
   * @param <T> the setting's type
   * @param setting one that has a standard
   * @return the value
   */
  public <T> T orStandard(Setting<T> setting) {
    return get(setting).or(setting::standard).orElseThrow();
  }

  /**
   * Writes what a file's metadata keeps.
   *
   * @return text by name
   */
  public SequencedMap<String, String> metadata() {
    SequencedMap<String, String> metadata = new LinkedHashMap<>();
    values.forEach(
        (setting, value) ->
            setting.metadata().ifPresent(name -> metadata.put(name, setting.text(value))));
    return metadata;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Settings settings
        && values.equals(settings.values)
        && words.equals(settings.words);
  }

  @Override
  public int hashCode() {
    return Objects.hash(values, words);
  }

  @Override
  public String toString() {
    return words.isEmpty() ? values.toString() : values + " " + words;
  }
}

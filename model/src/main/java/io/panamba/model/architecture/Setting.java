package io.panamba.model.architecture;

import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Something about a network that the shapes of its weights can't tell. Declared once: the command's
 * option, the name in a file's metadata and its reading, and the typed value are made of it.
 *
 * @param <T> the type of its values
 */
public final class Setting<T> {
  private final String name;
  private final String metadata;
  private final String description;
  private final String placeholder;
  private final String expected;
  private final T standard;
  private final Function<String, T> parser;

  private Setting(
      String name,
      String metadata,
      String description,
      String placeholder,
      String expected,
      T standard,
      Function<String, T> parser) {
    this.name = Objects.requireNonNull(name, "name");
    this.metadata = metadata;
    this.description = description;
    this.placeholder = placeholder;
    this.expected = expected;
    this.standard = standard;
    this.parser = parser;
  }

  /**
   * Declares a setting that is on or off.
   *
   * @param name as an option's, without hyphens before it
   * @param metadata the name in a file's metadata, or null if it is not kept there
   * @param standard the value where nothing is said
   * @param description what the option does that changes the standard: a sentence
   * @return the setting
   */
  public static Setting<Boolean> flag(
      String name, String metadata, boolean standard, String description) {
    return new Setting<>(
        name,
        metadata,
        description,
        "",
        "true or false",
        standard,
        text ->
            switch (text) {
              case "true" -> true;
              case "false" -> false;
              default -> null;
            });
  }

  /**
   * Declares one of several.
   *
   * @param <E> their type
   * @param name as an option's, without hyphens before it
   * @param metadata the name in a file's metadata, or null if it is not kept there
   * @param standard the value where nothing is said
   * @param placeholder the word for it in the help
   * @param description a sentence for the help
   * @return the setting
   */
  public static <E extends Enum<E>> Setting<E> choice(
      String name, String metadata, E standard, String placeholder, String description) {
    E[] constants = standard.getDeclaringClass().getEnumConstants();
    return new Setting<>(
        name,
        metadata,
        description,
        placeholder,
        "one of " + Arrays.toString(constants),
        standard,
        text ->
            Stream.of(constants)
                .filter(e -> e.name().equalsIgnoreCase(text))
                .findAny()
                .orElse(null));
  }

  /**
   * Declares a whole number from 1.
   *
   * @param name as an option's, without hyphens before it
   * @param metadata the name in a file's metadata, or null if it is not kept there
   * @param placeholder the word for it in the help
   * @param description a sentence for the help
   * @return the setting, which has no standard
   */
  public static Setting<Integer> number(
      String name, String metadata, String placeholder, String description) {
    return new Setting<>(
        name,
        metadata,
        description,
        placeholder,
        "a whole number from 1",
        null,
        text -> text.matches("[1-9][0-9]{0,8}") ? Integer.valueOf(text) : null);
  }

  /**
   * Returns the name.
   *
   * @return as an option's, without hyphens before it
   */
  public String name() {
    return name;
  }

  /**
   * Returns the name in a file's metadata.
   *
   * @return empty if it is not kept there
   */
  public Optional<String> metadata() {
    return Optional.ofNullable(metadata);
  }

  /**
   * Returns the sentence for the help.
   *
   * @return the description
   */
  public String description() {
    return description;
  }

  /**
   * Returns the word for a value in the help.
   *
   * @return the placeholder, empty for a flag
   */
  public String placeholder() {
    return placeholder;
  }

  /**
   * Tells what a text has to be.
   *
   * @return words such as {@code true or false}
   */
  public String expected() {
    return expected;
  }

  /**
   * Returns the value where nothing is said.
   *
   * @return empty if other things decide
   */
  public Optional<T> standard() {
    return Optional.ofNullable(standard);
  }

  /**
   * Reads a value.
   *
   * @param text of a file's metadata or an option
   * @return the value, or empty if it is none
   */
  public Optional<T> parse(String text) {
    return Optional.ofNullable(parser.apply(text));
  }

  /**
   * Writes a value for a file's metadata.
   *
   * @param value of this setting
   * @return the text that {@link #parse} reads
   */
  public String text(Object value) {
    return value instanceof Enum<?> constant ? constant.name() : value.toString();
  }

  @Override
  public String toString() {
    return name;
  }
}

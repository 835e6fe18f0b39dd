package io.panamba.model.architecture;

import io.panamba.model.checkpoint.WeightsException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
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
  private final List<String> choices;
  private final T standard;
  private final Function<String, T> parser;

  private Setting(
      String name,
      String metadata,
      String description,
      String placeholder,
      String expected,
      List<String> choices,
      T standard,
      Function<String, T> parser) {
    this.name = Objects.requireNonNull(name, "name");
    this.metadata = metadata;
    this.description = description;
    this.placeholder = placeholder;
    this.expected = expected;
    this.choices = choices;
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
        List.of(),
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
        Stream.of(constants).map(Enum::name).toList(),
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
        List.of(),
        null,
        text -> text.matches("[1-9][0-9]{0,8}") ? Integer.valueOf(text) : null);
  }

  /**
   * Declares a setting of another type, which has no standard.
   *
   * @param <T> the type; it writes itself as the parser reads it
   * @param name as an option's, without hyphens before it
   * @param metadata the name in a file's metadata, or null if it is not kept there
   * @param placeholder the word for it in the help
   * @param expected what a text has to be, in words such as {@code a whole number from 1}
   * @param description a sentence for the help
   * @param parser reads a text; empty for one that is no value
   * @return the setting
   */
  public static <T> Setting<T> of(
      String name,
      String metadata,
      String placeholder,
      String expected,
      String description,
      Function<String, Optional<T>> parser) {
    return new Setting<>(
        name,
        metadata,
        description,
        placeholder,
        expected,
        List.of(),
        null,
        text -> parser.apply(text).orElse(null));
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
   * Returns the words of which a text has to be one.
   *
   * @return the words, or none if others are values too
   */
  public List<String> choices() {
    return choices;
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
   * Reads the value in a file's metadata.
   *
   * @param all of the file's metadata
   * @return the value, or empty if the file says nothing of it
   * @throws WeightsException if what it says is none
   */
  public Optional<T> stored(Map<String, String> all) {
    String text = metadata == null ? null : all.get(metadata);
    if (text == null) {
      return Optional.empty();
    }
    Optional<T> value = parse(text);
    if (value.isEmpty()) {
      throw new WeightsException(
          "the file's metadata has %s '%s'; expected %s".formatted(metadata, text, expected));
    }
    return value;
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

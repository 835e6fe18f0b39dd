package io.panamba.model.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the files beside a checkpoint say of its network, as Hugging Face's hub has them: {@code
 * preprocessor_config.json} and {@code config.json} of transformers, {@code config.json} of timm,
 * whose {@code pretrained_cfg} and {@code model_args} are looked into too. No file is required: one
 * that is not there says nothing. Immutable.
 *
 * <p>A value is named by its key, or by several in each other with dots between them, such as
 * {@code crop_size.height}. Of several names that are given the first that is there counts. null is
 * as if it were not there, and so is an object, for it is no value.
 */
public final class SidecarConfig {
  /** Of a file: the names of 21,843 classes take a tenth of it. */
  private static final int MAX_BYTES = 1 << 24;

  private static final List<String> NAMES = List.of("preprocessor_config.json", "config.json");

  /** Objects of timm's file whose values count as if they stood outside. */
  private static final List<String> NESTED = List.of("pretrained_cfg", "model_args");

  /** An object of a file, and what stands before the names in it. */
  private record Source(Path file, String prefix, Map<?, ?> object) {}

  private final List<Source> sources;

  private SidecarConfig(List<Source> sources) {
    this.sources = List.copyOf(sources);
  }

  /**
   * Reads the files beside a checkpoint.
   *
   * @param checkpoint of a file; one in memory has nothing beside it
   * @return what they say
   * @throws CheckpointException if one can't be read or is no JSON object
   */
  public static SidecarConfig beside(Checkpoint checkpoint) {
    List<Source> sources = new ArrayList<>();
    if (checkpoint.isOfFiles()) {
      for (Path file : files(checkpoint.path())) {
        Map<?, ?> object = read(file);
        sources.add(new Source(file, "", object));
        for (String name : NESTED) {
          if (object.get(name) instanceof Map<?, ?> nested) {
            sources.add(new Source(file, name + ".", nested));
          }
        }
      }
    }
    return new SidecarConfig(sources);
  }

  /**
   * Tells which files {@link #beside} reads. A program that writes files asks, so as not to replace
   * one of them.
   *
   * @param checkpoint a file
   * @return those that are there
   */
  public static List<Path> files(Path checkpoint) {
    return NAMES.stream().map(checkpoint::resolveSibling).filter(Files::isRegularFile).toList();
  }

  private static Map<?, ?> read(Path file) {
    try (FileSource source = FileSource.open(file)) {
      if (source.size() > MAX_BYTES) {
        throw new CheckpointException(
            file,
            "a configuration of %d bytes; expected at most %d".formatted(source.size(), MAX_BYTES));
      }
      Cursor cursor = new Cursor(file, source.bytes());
      if (Json.parseFile(file, cursor.text(source.size(), MAX_BYTES)) instanceof Map<?, ?> object) {
        return object;
      }
    }
    throw new CheckpointException(file, "this is no JSON object");
  }

  /** A value and where it was found. */
  private record Found(Path file, String name, Object value) {
    CheckpointException failure(String expected) {
      return new CheckpointException(
          file, "%s is %s; expected %s".formatted(name, shown(), expected));
    }

    private String shown() {
      return switch (value) {
        case String text -> "'" + text + "'";
        case List<?> list when list.size() > 8 -> "a list of " + list.size();
        default -> value.toString();
      };
    }

    double number() {
      if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
        return number.doubleValue();
      }
      throw failure("a finite number");
    }

    int wholeNumber() {
      if (value instanceof Long number && number >= 0 && number <= Integer.MAX_VALUE) {
        return number.intValue();
      }
      throw failure("a whole number up to " + Integer.MAX_VALUE);
    }

    List<Found> list() {
      if (value instanceof List<?> list) {
        return list.stream()
            .map(element -> new Found(file, "a value of " + name, (Object) element))
            .toList();
      }
      throw failure("a list");
    }
  }

  private Optional<Found> find(String... names) {
    for (String name : names) {
      for (Source source : sources) {
        Object value = source.object;
        for (String key : name.split("\\.", -1)) {
          value = value instanceof Map<?, ?> map ? map.get(key) : null;
        }
        if (value != null && !value.equals(Json.NULL) && !(value instanceof Map<?, ?>)) {
          return Optional.of(new Found(source.file, source.prefix + name, value));
        }
      }
    }
    return Optional.empty();
  }

  /**
   * Returns a whole number.
   *
   * @param names of it, the first that is there counts
   * @return from 0, or empty if nothing is said
   * @throws CheckpointException if it is something else
   */
  public Optional<Integer> wholeNumber(String... names) {
    return find(names).map(Found::wholeNumber);
  }

  /**
   * Returns a number.
   *
   * @param names of it, the first that is there counts
   * @return the number, finite, or empty if nothing is said
   * @throws CheckpointException if it is something else
   */
  public Optional<Double> number(String... names) {
    return find(names).map(Found::number);
  }

  /**
   * Returns numbers.
   *
   * @param names of the list, the first that is there counts
   * @return the numbers, or empty if nothing is said
   * @throws CheckpointException if it is no list of numbers
   */
  public Optional<List<Double>> numbers(String... names) {
    return find(names).map(found -> found.list().stream().map(Found::number).toList());
  }

  /**
   * Returns whole numbers.
   *
   * @param names of the list, the first that is there counts
   * @return the numbers, from 0, or empty if nothing is said
   * @throws CheckpointException if it is no list of whole numbers
   */
  public Optional<List<Integer>> wholeNumbers(String... names) {
    return find(names).map(found -> found.list().stream().map(Found::wholeNumber).toList());
  }

  /**
   * Returns a text.
   *
   * @param names of it, the first that is there counts
   * @return the text, or empty if nothing is said
   * @throws CheckpointException if it is something else
   */
  public Optional<String> text(String... names) {
    return find(names)
        .map(
            found -> {
              if (found.value instanceof String text) {
                return text;
              }
              throw found.failure("a text");
            });
  }

  /**
   * Returns a truth value.
   *
   * @param names of it, the first that is there counts
   * @return true or false, or empty if nothing is said
   * @throws CheckpointException if it is something else
   */
  public Optional<Boolean> flag(String... names) {
    return find(names)
        .map(
            found -> {
              if (found.value instanceof Boolean flag) {
                return flag;
              }
              throw found.failure("true or false");
            });
  }

  /**
   * Tells whether something is said.
   *
   * @param name of it
   * @return whether there is a value
   */
  public boolean has(String name) {
    return find(name).isPresent();
  }
}

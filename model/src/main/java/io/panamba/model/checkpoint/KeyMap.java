package io.panamba.model.checkpoint;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Other names for the tensors of a network: what another program calls them, and what its authors
 * do. Names are those of tensors or of what they belong to: the rule {@code a -> b} makes {@code
 * a.weight} {@code b.weight}. A {@code #} stands for the number of a layer, in both names. Of rules
 * that fit, the one with the longest name counts, and one with a number before one with {@code #}.
 * Immutable.
 */
public final class KeyMap {
  private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");
  private static final String LAYER = "#";

  /**
   * What happens to tensors of a name.
   *
   * @param foreign the names of the parts, in their order
   * @param original the name of all parts together, or null if they are left out
   */
  private record Rule(List<String> foreign, String original) {}

  /** Where a tensor goes: its name, and which of how many parts it is. */
  private record Target(String key, int part, int parts) {}

  /** By every foreign name. */
  private final Map<String, Rule> rules;

  /** The first rule of every original name. */
  private final Map<String, Rule> inverse;

  private KeyMap(Collection<Rule> all) {
    Map<String, Rule> byForeign = new LinkedHashMap<>();
    Map<String, Rule> byOriginal = new LinkedHashMap<>();
    for (Rule rule : all) {
      for (String name : rule.foreign) {
        if (byForeign.put(name, rule) != null) {
          throw new IllegalArgumentException("two rules have " + name);
        }
      }
      if (rule.original != null) {
        byOriginal.putIfAbsent(rule.original, rule);
      }
    }
    rules = Map.copyOf(byForeign);
    inverse = Map.copyOf(byOriginal);
  }

  /**
   * Starts with no rules.
   *
   * @return for rules
   */
  public static Builder builder() {
    return new Builder();
  }

  /** Rules that become a {@link KeyMap}. */
  public static final class Builder {
    private final List<Rule> rules = new ArrayList<>();

    private Builder() {}

    /**
     * Gives another name.
     *
     * @param foreign what a file calls it
     * @param original what it is called here
     * @return this
     */
    public Builder rename(String foreign, String original) {
      return join(original, foreign);
    }

    /**
     * Makes one tensor of several, one after the other along their first axis: weights of weights
     * and biases of biases.
     *
     * @param original what it is called here
     * @param foreign what a file calls the parts, in their order
     * @return this
     */
    public Builder join(String original, String... foreign) {
      rules.add(new Rule(List.of(foreign), original));
      return this;
    }

    /**
     * Leaves out what is no part of the network.
     *
     * @param foreign what a file calls it
     * @return this
     */
    public Builder leaveOut(String foreign) {
      rules.add(new Rule(List.of(foreign), null));
      return this;
    }

    /**
     * Ends the rules.
     *
     * @return the names
     * @throws IllegalArgumentException if two rules have one foreign name
     */
    public KeyMap build() {
      return new KeyMap(rules);
    }
  }

  /** A name with # for its first number, and what follows the part that a rule has. */
  private record Match(Rule rule, String name, String number, String rest) {
    String filled(String pattern) {
      return pattern.replace(LAYER, number) + rest;
    }
  }

  private static Optional<Match> match(Map<String, Rule> rules, String key) {
    return longest(rules, key, LAYER).or(() -> ofLayer(rules, key));
  }

  private static Optional<Match> ofLayer(Map<String, Rule> rules, String key) {
    String kind = key;
    String number = LAYER;
    for (int start = 0; start < key.length(); ) {
      int end = key.indexOf('.', start);
      end = end < 0 ? key.length() : end;
      Matcher matcher = NUMBER.matcher(key).region(start, end);
      if (matcher.matches()) {
        number = key.substring(start, end);
        kind = key.substring(0, start) + LAYER + key.substring(end);
        break;
      }
      start = end + 1;
    }
    return longest(rules, kind, number);
  }

  /** The rule of the longest part of a name. */
  private static Optional<Match> longest(Map<String, Rule> rules, String kind, String number) {
    for (int end = kind.length(); end > 0; end = kind.lastIndexOf('.', end - 1)) {
      String name = kind.substring(0, end);
      Rule rule = rules.get(name);
      if (rule != null) {
        return Optional.of(new Match(rule, name, number, kind.substring(end)));
      }
    }
    return Optional.empty();
  }

  /**
   * Tells whether a rule leaves a tensor out.
   *
   * @param foreign its name in a file
   */
  boolean leavesOut(String foreign) {
    return match(rules, foreign).filter(match -> match.rule.original == null).isPresent();
  }

  /**
   * Tells where a tensor goes.
   *
   * @param foreign its name in a file
   * @return its name here; the same one if there is no rule for it
   */
  private Target target(String foreign) {
    return match(rules, foreign)
        .filter(match -> match.rule.original != null)
        .map(
            match ->
                new Target(
                    match.filled(match.rule.original),
                    match.rule.foreign.indexOf(match.name),
                    match.rule.foreign.size()))
        .orElse(new Target(foreign, 0, 1));
  }

  /**
   * Tells what a file calls the parts of a tensor.
   *
   * @param original its name here
   * @return the names of the parts in their order; the same name if there is no rule for it
   */
  List<String> foreign(String original) {
    return match(inverse, original)
        .map(match -> match.rule.foreign.stream().map(match::filled).toList())
        .orElse(List.of(original));
  }

  /**
   * Collects what goes to the same name.
   *
   * @param keys of a file
   * @return by names here: the keys of all parts, with null for one that is missing
   * @throws WeightsException if two tensors go to one name
   */
  SequencedMap<String, List<String>> targets(Collection<String> keys) {
    SequencedMap<String, List<String>> targets = new LinkedHashMap<>();
    for (String key : keys) {
      Target target = target(key);
      List<String> parts =
          targets.computeIfAbsent(
              target.key, _ -> new ArrayList<>(Collections.nCopies(target.parts, null)));
      if (parts.size() != target.parts || parts.get(target.part) != null) {
        String other = parts.stream().filter(Objects::nonNull).findFirst().orElseThrow();
        throw new WeightsException(
            "%s and %s are both %s; a network has one".formatted(other, key, target.key));
      }
      parts.set(target.part, key);
    }
    return targets;
  }
}

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
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Other names for the tensors of a network: what another program calls them, and what its authors
 * do. Names are those of tensors or of what they belong to: the rule {@code a -> b} makes {@code
 * a.weight} {@code b.weight}. A {@code #} stands for the number of a layer, in both names, each for
 * the next one. Of rules that fit, the one with the longest name counts, and of these the one with
 * the fewest {@code #}. Immutable.
 */
public final class KeyMap {
  private static final Pattern NUMBER = Pattern.compile("(?<![^.])\\d{1,9}(?![^.])");
  private static final char LAYER = '#';

  /** Numbers of a name that a rule may leave open. */
  private static final int MAX_NUMBERS = 3;

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
        for (String name : rule.foreign) {
          if (layers(name) != layers(rule.original)) {
            throw new IllegalArgumentException(
                name + " and " + rule.original + " leave different numbers open");
          }
        }
        byOriginal.putIfAbsent(rule.original, rule);
      }
    }
    rules = Map.copyOf(byForeign);
    inverse = Map.copyOf(byOriginal);
  }

  private static long layers(String name) {
    return name.chars().filter(c -> c == LAYER).count();
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

  /** A rule, the part of a name that it has, and what follows that, with # for numbers. */
  private record Match(Rule rule, String name, List<String> numbers, String rest) {
    /** Puts the numbers back, in their order. */
    String filled(String pattern) {
      StringBuilder filled = new StringBuilder();
      int next = 0;
      for (char c : (pattern + rest).toCharArray()) {
        boolean number = c == LAYER && next < numbers.size();
        filled.append(number ? numbers.get(next++) : String.valueOf(c));
      }
      return filled.toString();
    }

    boolean isLongerThan(Match other) {
      return parts(name) > parts(other.name);
    }

    private static long parts(String name) {
      return name.chars().filter(c -> c == '.').count();
    }
  }

  /**
   * Finds the rule of a name: any of its numbers may be a {@code #} in it, the fewer the better.
   */
  private static Optional<Match> match(Map<String, Rule> rules, String key) {
    List<MatchResult> numbers = NUMBER.matcher(key).results().limit(MAX_NUMBERS).toList();
    Match best = null;
    for (int count = 0; count <= numbers.size(); count++) {
      for (int chosen = 0; chosen < 1 << numbers.size(); chosen++) {
        if (Integer.bitCount(chosen) == count) {
          Match match = longest(rules, key, numbers, chosen);
          if (match != null && (best == null || match.isLongerThan(best))) {
            best = match;
          }
        }
      }
    }
    return Optional.ofNullable(best);
  }

  /** The rule of the longest part of a name with # for chosen numbers, or null. */
  private static Match longest(
      Map<String, Rule> rules, String key, List<MatchResult> numbers, int chosen) {
    StringBuilder kind = new StringBuilder();
    List<String> taken = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < numbers.size(); i++) {
      if ((chosen >> i & 1) != 0) {
        MatchResult number = numbers.get(i);
        kind.append(key, from, number.start()).append(LAYER);
        taken.add(number.group());
        from = number.end();
      }
    }
    kind.append(key, from, key.length());
    for (int end = kind.length(); end > 0; end = kind.lastIndexOf(".", end - 1)) {
      String name = kind.substring(0, end);
      Rule rule = rules.get(name);
      if (rule != null) {
        return new Match(rule, name, List.copyOf(taken), kind.substring(end));
      }
    }
    return null;
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

package io.panamba.model.checkpoint;

import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Ways to read the keys of a checkpoint whose network was part of something else while it was
 * saved. The keys as they stand come first, so that a prefix which means something to a network
 * keeps its meaning.
 *
 * <p>There are at most 2 + 3 + 9 + 27 ways. Each is a view of the same keys: a way that nobody
 * looks into takes no memory, and one that somebody does takes some for the keys that it changes.
 */
final class Prefixes {
  /** Something that is taken off the keys that have it. */
  private record Step(String prefix, UnaryOperator<String> strip) {}

  /** Wrappers of a whole network: torch's DataParallel, and its averaged models. */
  private static final Step MODULE = new Step("module.", Prefixes::withoutModules);

  /** What torch.compile puts before the keys of what it compiles, a whole network or a layer. */
  private static final Step COMPILED = new Step("_orig_mod.", Prefixes::withoutCompiled);

  /** Attributes under which a network is kept: Lightning's, detectors', self-supervised ones'. */
  private static final List<Step> ATTRIBUTES =
      List.of(attribute("model."), attribute("backbone."), attribute("encoder."));

  /** Attributes within each other. */
  private static final int MAX_DEPTH = 3;

  /** A way to read keys. */
  static final class Reading {
    private final Set<String> keys;
    private final List<Step> steps;

    /** The keys that are called otherwise here, by their names; null before it is needed. */
    private Map<String, String> renamed;

    private Reading(Set<String> keys, List<Step> steps) {
      this.keys = keys;
      this.steps = steps;
    }

    /** The keys as they stand. */
    Set<String> keys() {
      return keys;
    }

    /** The same way, without what this one has come to hold. */
    Reading anew() {
      return new Reading(keys, steps);
    }

    /** What is taken off, in order. */
    List<String> removed() {
      return steps.stream().map(Step::prefix).toList();
    }

    private String name(String key) {
      String name = key;
      for (Step step : steps) {
        name = step.strip.apply(name);
      }
      return name;
    }

    /** Returns the key that has a name here, or null. */
    String key(String name) {
      String key = renamed().get(name);
      return key == null && keys.contains(name) && name(name).equals(name) ? name : key;
    }

    private synchronized Map<String, String> renamed() {
      if (renamed == null) {
        Map<String, String> names = new HashMap<>();
        for (String key : steps.isEmpty() ? List.<String>of() : keys) {
          String name = name(key);
          if (!name.equals(key)) {
            names.put(name, key);
          }
        }
        renamed = names;
      }
      return renamed;
    }

    /** Tells whether a key lacks some of the prefixes that others have. */
    boolean isBeside(String key) {
      String name = key;
      for (Step step : steps) {
        String stripped = step.strip.apply(name);
        if (stripped.equals(name)) {
          return true;
        }
        name = stripped;
      }
      return false;
    }

    /** The names of all keys, in their order. */
    Set<String> names() {
      return steps.isEmpty() ? Collections.unmodifiableSet(keys) : new Names();
    }

    private final class Names extends AbstractSet<String> {
      @Override
      public boolean contains(Object name) {
        return name instanceof String text && key(text) != null;
      }

      @Override
      public Iterator<String> iterator() {
        return keys.stream().map(Reading.this::name).iterator();
      }

      @Override
      public int size() {
        return keys.size();
      }
    }
  }

  private final Set<String> keys;

  /** The keys that a step can change. */
  private final String[] prefixed;

  private final List<Reading> readings = new ArrayList<>();

  private Prefixes(Set<String> keys) {
    this.keys = keys;
    prefixed = keys.stream().filter(Prefixes::isPrefixed).toArray(String[]::new);
  }

  private static boolean isPrefixed(String key) {
    return key.startsWith(MODULE.prefix)
        || key.contains(COMPILED.prefix)
        || ATTRIBUTES.stream().anyMatch(attribute -> key.startsWith(attribute.prefix));
  }

  static Reading asTheyStand(Set<String> keys) {
    return new Reading(keys, List.of());
  }

  /** All ways, the keys as they stand first. */
  static List<Reading> readings(Set<String> keys) {
    Prefixes prefixes = new Prefixes(keys);
    State asTheyStand = new State(List.of(), prefixes.prefixed);
    prefixes.add(asTheyStand);
    State unwrapped = prefixes.unwrap(asTheyStand);
    if (!unwrapped.steps.isEmpty()) {
      prefixes.add(unwrapped);
    }
    prefixes.attributes(unwrapped, 0);
    return prefixes.readings;
  }

  /** What the {@link #prefixed} keys are called after some steps. */
  private record State(List<Step> steps, String[] names) {}

  private void add(State state) {
    readings.add(new Reading(keys, state.steps));
  }

  private void attributes(State state, int depth) {
    for (Step attribute : depth < MAX_DEPTH ? ATTRIBUTES : List.<Step>of()) {
      State within = after(state, attribute);
      if (within != null) {
        State unwrapped = unwrap(within);
        add(unwrapped);
        attributes(unwrapped, depth + 1);
      }
    }
  }

  private State unwrap(State state) {
    State compiled = after(state, COMPILED);
    State result = compiled == null ? state : compiled;
    State modules = after(result, MODULE);
    return modules == null ? result : modules;
  }

  /** Takes something off the names; null if nothing comes off, or if two names become one. */
  private State after(State state, Step step) {
    String[] names = state.names.clone();
    boolean changed = false;
    for (int i = 0; i < names.length; i++) {
      names[i] = step.strip.apply(names[i]);
      changed |= !names[i].equals(state.names[i]);
    }
    if (!changed || !areDistinct(names)) {
      return null;
    }
    List<Step> steps = new ArrayList<>(state.steps);
    steps.add(step);
    return new State(List.copyOf(steps), names);
  }

  /** Compares names with each other and with those of the keys that no step changes. */
  private boolean areDistinct(String[] names) {
    Set<String> seen = HashSet.newHashSet(names.length);
    for (String name : names) {
      if (!seen.add(name) || (keys.contains(name) && !isPrefixed(name))) {
        return false;
      }
    }
    return true;
  }

  private static Step attribute(String prefix) {
    return new Step(prefix, name -> withoutStart(name, prefix));
  }

  private static String withoutStart(String name, String prefix) {
    return name.startsWith(prefix) && name.length() > prefix.length()
        ? name.substring(prefix.length())
        : name;
  }

  private static String withoutModules(String name) {
    String prefix = MODULE.prefix;
    int start = 0;
    while (name.startsWith(prefix, start) && start + prefix.length() < name.length()) {
      start += prefix.length();
    }
    return name.substring(start);
  }

  /** At the start, and after any dot. */
  private static String withoutCompiled(String name) {
    String prefix = COMPILED.prefix;
    int found = name.indexOf(prefix);
    if (found < 0) {
      return name;
    }
    StringBuilder rest = new StringBuilder();
    int start = 0;
    for (; found >= 0; found = name.indexOf(prefix, found + 1)) {
      if (found == 0 || name.charAt(found - 1) == '.') {
        rest.append(name, start, found);
        start = found + prefix.length();
      }
    }
    return rest.append(name, start, name.length()).toString();
  }
}

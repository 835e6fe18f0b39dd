package io.panamba.model.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Ways to read the keys of a checkpoint whose network was part of something else while it was
 * saved. The keys as they stand come first, so that a prefix which means something to a network
 * keeps its meaning.
 */
final class Prefixes {
  /** Wrappers of a whole network: torch's DataParallel, and its averaged models. */
  private static final String MODULE = "module.";

  /** What torch.compile puts before the keys of what it compiles, a whole network or a layer. */
  private static final String COMPILED = "_orig_mod.";

  /** Attributes under which a network is kept: Lightning's, detectors', self-supervised ones'. */
  private static final List<String> ATTRIBUTES = List.of("model.", "backbone.", "encoder.");

  /** Attributes within each other. */
  private static final int MAX_DEPTH = 3;

  /**
   * A way to read keys.
   *
   * @param names from what a key is called here to its key
   * @param beside the names of keys that had no such prefix, where others had
   * @param removed what was taken off, in order
   */
  record Reading(Map<String, String> names, Set<String> beside, List<String> removed) {
    /** Takes something off the names; null if nothing comes off, or if two names become one. */
    Reading without(String prefix, Function<String, String> strip) {
      Map<String, String> stripped = new LinkedHashMap<>();
      Set<String> untouched = new LinkedHashSet<>();
      boolean changed = false;
      for (Map.Entry<String, String> entry : names.entrySet()) {
        String name = strip.apply(entry.getKey());
        boolean same = name.equals(entry.getKey());
        changed |= !same;
        if (same || beside.contains(entry.getKey())) {
          untouched.add(name);
        }
        if (stripped.put(name, entry.getValue()) != null) {
          return null;
        }
      }
      if (!changed) {
        return null;
      }
      List<String> all = new ArrayList<>(removed);
      all.add(prefix);
      return new Reading(stripped, untouched, all);
    }
  }

  private Prefixes() {}

  static Reading asTheyStand(Set<String> keys) {
    Map<String, String> names = new LinkedHashMap<>();
    keys.forEach(key -> names.put(key, key));
    return new Reading(names, Set.of(), List.of());
  }

  /** All ways, the keys as they stand first. */
  static List<Reading> readings(Set<String> keys) {
    Reading asTheyStand = asTheyStand(keys);
    List<Reading> readings = new ArrayList<>();
    readings.add(asTheyStand);
    Reading unwrapped = unwrap(asTheyStand);
    if (!unwrapped.removed().isEmpty()) {
      readings.add(unwrapped);
    }
    attributes(unwrapped, 0, readings);
    return readings;
  }

  private static void attributes(Reading reading, int depth, List<Reading> readings) {
    for (String attribute : depth < MAX_DEPTH ? ATTRIBUTES : List.<String>of()) {
      Reading within = reading.without(attribute, name -> withoutStart(name, attribute));
      if (within != null) {
        Reading unwrapped = unwrap(within);
        readings.add(unwrapped);
        attributes(unwrapped, depth + 1, readings);
      }
    }
  }

  private static Reading unwrap(Reading reading) {
    Reading compiled = reading.without(COMPILED, Prefixes::withoutCompiled);
    Reading result = compiled == null ? reading : compiled;
    Reading modules = result.without(MODULE, Prefixes::withoutModules);
    return modules == null ? result : modules;
  }

  private static String withoutStart(String name, String prefix) {
    return name.startsWith(prefix) && name.length() > prefix.length()
        ? name.substring(prefix.length())
        : name;
  }

  private static String withoutModules(String name) {
    int start = 0;
    while (name.startsWith(MODULE, start) && start + MODULE.length() < name.length()) {
      start += MODULE.length();
    }
    return name.substring(start);
  }

  /** At the start, and after any dot. */
  private static String withoutCompiled(String name) {
    int found = name.indexOf(COMPILED);
    if (found < 0) {
      return name;
    }
    StringBuilder rest = new StringBuilder();
    int start = 0;
    for (; found >= 0; found = name.indexOf(COMPILED, found + 1)) {
      if (found == 0 || name.charAt(found - 1) == '.') {
        rest.append(name, start, found);
        start = found + COMPILED.length();
      }
    }
    return rest.append(name, start, name.length()).toString();
  }
}

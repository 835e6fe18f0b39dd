package io.panamba.tests.house;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Network;
import io.panamba.runtime.Device;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The arrows between packages run one way; what a package may use is listed here. */
class ArrowsTest {
  private static final Map<String, Set<String>> RUNTIME =
      Map.of(
          "", Set.of("operation", "internal"),
          "operation", Set.of("", "internal"),
          "internal", Set.of(""),
          "internal.struct", Set.of("", "operation", "internal"),
          "internal.library", Set.of(""),
          "internal.cpu",
              Set.of("", "operation", "internal", "internal.struct", "internal.library"),
          "internal.cuda",
              Set.of("", "operation", "internal", "internal.struct", "internal.library"));

  /** The doors: where users get what is internal, each with what is behind it. */
  private static final Map<String, Set<String>> RUNTIME_DOORS =
      Map.of(
          "Device", Set.of("internal.cpu", "internal.cuda"),
          "Plan", Set.of("internal.cpu", "internal.cuda"),
          "LibraryInfo", Set.of("internal.library"),
          "CudaInfo", Set.of("internal.cuda"));

  private static final Map<String, Set<String>> MODEL =
      Map.ofEntries(
          Map.entry(
              "",
              Set.of(
                  "architecture",
                  "cascade",
                  "deit",
                  "detection",
                  "mambaout",
                  "segmentation",
                  "upernet",
                  "vim",
                  "vmamba",
                  "weights",
                  "graph",
                  "memory",
                  "checkpoint",
                  "image",
                  "files")),
          Map.entry(
              "task",
              Set.of(
                  "",
                  "architecture",
                  "boxes",
                  "cascade",
                  "checkpoint",
                  "detection",
                  "graph",
                  "image",
                  "memory",
                  "segmentation",
                  "upernet",
                  "weights",
                  "windows")),
          Map.entry(
              "cascade",
              Set.of(
                  "architecture",
                  "block",
                  "boxes",
                  "checkpoint",
                  "dense",
                  "graph",
                  "image",
                  "mambaout",
                  "vim",
                  "vmamba",
                  "weights")),
          Map.entry(
              "upernet",
              Set.of(
                  "architecture",
                  "block",
                  "checkpoint",
                  "dense",
                  "graph",
                  "image",
                  "mambaout",
                  "vim",
                  "vmamba",
                  "weights")),
          Map.entry(
              "dense", Set.of("architecture", "checkpoint", "image", "mambaout", "vim", "vmamba")),
          Map.entry(
              "training",
              Set.of(
                  "",
                  "architecture",
                  "graph",
                  "weights",
                  "memory",
                  "checkpoint",
                  "image",
                  "files",
                  "segmentation",
                  "task")),
          Map.entry(
              "vim",
              Set.of("architecture", "block", "graph", "weights", "memory", "checkpoint", "image")),
          Map.entry(
              "architecture", Set.of("block", "graph", "weights", "memory", "checkpoint", "image")),
          Map.entry(
              "deit",
              Set.of("architecture", "block", "graph", "weights", "memory", "checkpoint", "image")),
          Map.entry("mambaout", Set.of("architecture", "graph", "weights", "checkpoint", "image")),
          Map.entry("vmamba", Set.of("architecture", "graph", "weights", "checkpoint", "image")),
          Map.entry("graph", Set.of("weights", "memory")),
          Map.entry("block", Set.of("memory", "checkpoint")),
          Map.entry("weights", Set.of("memory", "checkpoint")),
          Map.entry("boxes", Set.of("detection")),
          Map.entry("detection", Set.of()),
          Map.entry("windows", Set.of("segmentation")),
          Map.entry("segmentation", Set.of()),
          Map.entry("memory", Set.of()),
          Map.entry("checkpoint", Set.of("files")),
          Map.entry("files", Set.of()),
          Map.entry("image", Set.of("files", "image.webp", "image.zstd")),
          Map.entry("image.webp", Set.of("image")),
          Map.entry("image.zstd", Set.of("image")));

  @Test
  void ofTheRuntime() throws Exception {
    check(Device.class, RUNTIME, RUNTIME_DOORS);
  }

  @Test
  void ofTheModel() throws Exception {
    check(Network.class, MODEL, Map.of());
  }

  private static void check(
      Class<?> root, Map<String, Set<String>> allowed, Map<String, Set<String>> doors)
      throws IOException, URISyntaxException {
    Path place = Path.of(root.getProtectionDomain().getCodeSource().getLocation().toURI());
    String name = root.getPackageName();
    if (Files.isDirectory(place)) {
      check(place, name, allowed, doors);
    } else {
      try (FileSystem jar = FileSystems.newFileSystem(place)) {
        check(jar.getPath("/"), name, allowed, doors);
      }
    }
  }

  private static void check(
      Path classes, String root, Map<String, Set<String>> allowed, Map<String, Set<String>> doors)
      throws IOException {
    List<String> wrong = new ArrayList<>();
    Set<String> seen = new TreeSet<>();
    try (Stream<Path> files = Files.walk(classes.resolve(root.replace('.', '/')))) {
      for (Path file : files.filter(path -> path.toString().endsWith(".class")).toList()) {
        ClassModel model = ClassFile.of().parse(Files.readAllBytes(file));
        String type = model.thisClass().asInternalName().replace('/', '.');
        String from = within(type, root);
        seen.add(from);
        String simple = type.substring(type.lastIndexOf('.') + 1).replaceAll("\\$.*", "");
        for (String to : used(model, root)) {
          boolean permitted =
              to.equals(from)
                  || allowed.getOrDefault(from, Set.of()).contains(to)
                  || (from.isEmpty() && doors.getOrDefault(simple, Set.of()).contains(to));
          if (!permitted) {
            wrong.add("%s uses %s".formatted(type, to));
          }
        }
      }
    }
    assertThat(seen).isEqualTo(new TreeSet<>(allowed.keySet()));
    assertThat(wrong).isEmpty();
  }

  /** The package of a class, without the root's name. */
  private static String within(String type, String root) {
    String name = type.substring(0, type.lastIndexOf('.'));
    return name.equals(root) ? "" : name.substring(root.length() + 1);
  }

  /** The packages under a root that a class's constant pool names. */
  private static Set<String> used(ClassModel model, String root) {
    Pattern inside =
        Pattern.compile(Pattern.quote(root.replace('.', '/')) + "((?:/[a-z]\\w*)*)/[A-Z]");
    Set<String> used = new TreeSet<>();
    for (PoolEntry entry : model.constantPool()) {
      String text =
          switch (entry) {
            case ClassEntry type -> type.asInternalName();
            case Utf8Entry utf8 -> utf8.stringValue();
            default -> "";
          };
      Matcher matcher = inside.matcher(text);
      while (matcher.find()) {
        used.add(matcher.group(1).isEmpty() ? "" : matcher.group(1).substring(1).replace('/', '.'));
      }
    }
    return used;
  }
}

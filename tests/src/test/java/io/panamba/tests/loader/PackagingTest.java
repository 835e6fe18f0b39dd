package io.panamba.tests.loader;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The library in other packages than separate entries of a class path. */
class PackagingTest {
  @TempDir private Path scratch;

  @AfterEach
  void unlink() throws IOException {
    Files.deleteIfExists(scratch.resolve("image/lib"));
  }

  private static void addAll(Path entry, Set<String> done, JarOutputStream jar) throws IOException {
    if (Files.isDirectory(entry)) {
      addFolder(entry, done, jar);
    } else {
      try (FileSystem files = FileSystems.newFileSystem(entry)) {
        addFolder(files.getPath("/"), done, jar);
      }
    }
  }

  private static void addFolder(Path folder, Set<String> done, JarOutputStream jar)
      throws IOException {
    List<Path> files;
    try (Stream<Path> walk = Files.walk(folder)) {
      files = walk.filter(Files::isRegularFile).toList();
    }
    for (Path file : files) {
      String name = folder.relativize(file).toString();
      if (!name.equals("module-info.class") && done.add(name)) {
        jar.putNextEntry(new ZipEntry(name));
        Files.copy(file, jar);
        jar.closeEntry();
      }
    }
  }

  @Test
  void oneJarWithEverything() throws Exception {
    Path all = scratch.resolve("all.jar");
    Set<String> done = new HashSet<>();
    try (OutputStream out = Files.newOutputStream(all);
        JarOutputStream jar = new JarOutputStream(out)) {
      for (Path entry : List.of(Entries.RUNTIME, Entries.BINDINGS, Entries.NATIVES)) {
        addAll(entry, done, jar);
      }
    }
    Child.Result result = Child.in(scratch).classPath(all, Entries.TESTS).run("info").loaded();
    assertThat(result.get("source")).isEqualTo("RESOURCE");
    assertThat(result.all("tried").getFirst())
        .contains("jar:" + all.toUri().toURL() + "!/META-INF/native/");
  }

  /** A launcher in a folder of its own stands in for a native image's executable. */
  private Child executableIn(Path folder) throws IOException {
    Path home = Path.of(System.getProperty("java.home"));
    Files.createDirectories(folder);
    Files.createSymbolicLink(folder.resolveSibling("lib"), home.resolve("lib"));
    Path java = Files.copy(home.resolve("bin/java"), folder.resolve("java"));
    return Child.in(scratch).java(java).property("org.graalvm.nativeimage.imagecode", "runtime");
  }

  @Test
  void besideANativeImagesExecutable() throws Exception {
    Path folder = scratch.resolve("image/bin");
    Child child = executableIn(folder);
    Path library = Files.write(folder.resolve("libpanamba.so"), Entries.library());
    Child.Result result = child.run("info").loaded();
    assertThat(result.get("source")).isEqualTo("EXECUTABLE");
    assertThat(result.get("path")).isEqualTo(library.toString());
  }

  @Test
  void aBrokenLibraryBesideTheExecutableIsNotPassedOver() throws Exception {
    Path folder = scratch.resolve("image/bin");
    Child child = executableIn(folder);
    Path library = Files.writeString(folder.resolve("libpanamba.so"), "broken");
    assertThat(child.run("info").refused())
        .contains("beside the executable, " + library + ": it is not a shared library")
        .contains("Replace or remove that file");
  }

  @Test
  void theResourceServesAnExecutableWithoutItsLibrary() throws Exception {
    Path folder = scratch.resolve("image/bin");
    Child.Result result = executableIn(folder).run("info").loaded();
    assertThat(result.get("source")).isEqualTo("RESOURCE");
    assertThat(result.all("tried").getFirst())
        .isEqualTo(
            "beside the executable, "
                + folder.resolve("libpanamba.so")
                + ": there is no such file");
  }
}

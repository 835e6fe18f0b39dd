package io.panamba.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.bindings.panamba_h;
import io.panamba.cli.Main;
import io.panamba.model.vim.Vim;
import io.panamba.runtime.LibraryInfo;
import io.panamba.runtime.internal.cuda.FakeCuda;
import io.panamba.tests.loader.Entries;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The licence and the notice go with every jar. */
class LicenceTest {
  private static final Path ROOT = Path.of("..");
  private static final Path COMMAND = ROOT.resolve("cli/target/panamba.jar");
  private static final Path CUDA = ROOT.resolve("native-cuda/target/panamba-native-cuda.jar");

  private static Stream<Path> entries() {
    return Stream.concat(
        Stream.of(Entries.NATIVES),
        Stream.concat(
            Stream.of(panamba_h.class, LibraryInfo.class, FakeCuda.class, Vim.class, Main.class)
                .map(Entries::of),
            Stream.of(COMMAND, CUDA).filter(Files::exists)));
  }

  @ParameterizedTest
  @MethodSource("entries")
  void isInEveryJar(Path entry) throws Exception {
    if (Files.isDirectory(entry)) {
      check(entry);
    } else {
      try (FileSystem files = FileSystems.newFileSystem(entry)) {
        check(files.getPath("/"));
      }
    }
  }

  private static void check(Path entry) {
    for (String name : new String[] {"LICENSE", "NOTICE"}) {
      assertThat(entry.resolve("META-INF").resolve(name))
          .hasSameBinaryContentAs(ROOT.resolve(name));
    }
  }
}

package io.panamba.runtime.internal.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MuslProcessTest {
  private static final String JAVA =
      "7f1c0a000000-7f1c0a200000 r-xp 00000000 08:01 1234   /opt/jdk-\u00fc/lib/server/libjvm.so\n";

  @TempDir Path folder;
  private Path linker;

  @BeforeEach
  void resolveFolder() throws IOException {
    folder = folder.toRealPath();
    linker = folder.resolve("ld-musl-x86_64.so.1");
  }

  @Test
  void theLinkerIsMappedByItsName() throws IOException {
    Files.createFile(linker);
    assertThat(MuslProcess.maps(linker, mapped(linker))).isTrue();
  }

  @Test
  void theLinkerIsMappedUnderTheNameOfTheFileThatItLinksTo() throws IOException {
    Path library = Files.createFile(folder.resolve("libc.so"));
    Files.createSymbolicLink(linker, library);
    assertThat(MuslProcess.maps(linker, mapped(library))).isTrue();
    assertThat(MuslProcess.maps(linker, mapped(linker))).isFalse();
  }

  @Test
  void anInstalledMuslThatIsNotMappedIsNotInUse() throws IOException {
    Files.createFile(linker);
    assertThat(MuslProcess.maps(linker, mapped(Path.of("/usr/lib/libc.so.6")))).isFalse();
    assertThat(MuslProcess.maps(linker, mapped(Path.of(linker + ".old")))).isFalse();
  }

  @Test
  void withoutMuslNothingIsRead() {
    assertThat(MuslProcess.maps(linker, folder)).isFalse();
  }

  @Test
  void withoutAListOfMappedFilesItIsGlibc() throws IOException {
    Files.createFile(linker);
    assertThat(MuslProcess.maps(linker, folder.resolve("maps"))).isFalse();
  }

  @Test
  void thisProcessIsOfTheKindThatItsVirtualMachineIs() throws IOException {
    Path maps = Path.of("/proc/self/maps");
    assumeThat(maps).exists();
    String text = Files.readString(maps, StandardCharsets.ISO_8859_1);
    assertThat(Platform.current().musl()).isNotEqualTo(text.contains("/libc.so.6\n"));
  }

  private Path mapped(Path library) throws IOException {
    String line = "7f1c0b000000-7f1c0b090000 r-xp 00000000 08:01 99   " + library + "\n";
    return Files.writeString(folder.resolve("maps"), JAVA + line, StandardCharsets.ISO_8859_1);
  }
}

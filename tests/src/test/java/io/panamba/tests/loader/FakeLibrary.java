package io.panamba.tests.loader;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Libraries with the face of Panamba's, made by the C compiler that the build needs anyway. */
final class FakeLibrary {
  private FakeLibrary() {}

  /** Makes a library that says it has this version of the interface. */
  static Path compile(Path folder, int abiVersion) throws IOException, InterruptedException {
    String code =
        """
        #include <stdint.h>
        #include <string.h>
        int32_t panamba_abi_version(void) { return %d; }
        const char *panamba_build_description(void) { return "fake"; }
        const char *panamba_message(void) { return "the fake refuses"; }
        const char *panamba_tier(void) { return "portable"; }
        const char *panamba_tier_report(void) {
          return "turbo: the processor lacks turbo\\nstubborn: usable\\nportable: usable\\n";
        }
        int32_t panamba_cap_tier(const char *name) { return strcmp(name, "portable") ? 3 : 0; }
        """
            .formatted(abiVersion);
    Path source = Files.writeString(folder.resolve("fake.c"), code);
    Path library = folder.resolve("libfake.so");
    Process compiler;
    try {
      compiler =
          new ProcessBuilder("cc", "-shared", "-fPIC", "-o", library.toString(), source.toString())
              .inheritIO()
              .start();
    } catch (IOException e) {
      assumeTrue(false, "there is no C compiler: " + e.getMessage());
      throw e;
    }
    if (compiler.waitFor() != 0) {
      throw new AssertionError("the C compiler failed");
    }
    return library;
  }
}

package io.panamba.runtime.internal.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LoaderSettingsTest {
  private static final Map<String, String> HOME =
      Map.of("user.home", "/home/eve", "user.name", "eve", "java.io.tmpdir", "/tmp");

  private static List<String> folders(
      Map<String, String> properties, Map<String, String> variables) {
    return LoaderSettings.of(properties::get, variables::get).cacheFolders().stream()
        .map(LoaderSettings.CacheFolder::folder)
        .toList();
  }

  private static Map<String, String> with(String name, String value) {
    Map<String, String> properties = new java.util.HashMap<>(HOME);
    properties.put(name, value);
    return properties;
  }

  @Test
  void theUsersCacheComesFirstAndTheTemporaryFolderLast() {
    assertThat(folders(HOME, Map.of()))
        .containsExactly("/home/eve/.cache/panamba", "/tmp/panamba-eve");
  }

  @Test
  void xdgCacheHomeReplacesTheHomesCache() {
    assertThat(folders(HOME, Map.of("XDG_CACHE_HOME", "/var/cache/eve")))
        .containsExactly("/var/cache/eve/panamba", "/tmp/panamba-eve");
  }

  @Test
  void relativeXdgCacheHomeIsIgnoredAsItsSpecificationAsks() {
    assertThat(folders(HOME, Map.of("XDG_CACHE_HOME", "cache")))
        .containsExactly("/home/eve/.cache/panamba", "/tmp/panamba-eve");
  }

  @Test
  void thePropertyReplacesBoth() {
    assertThat(folders(with("panamba.cache", "/c"), Map.of("XDG_CACHE_HOME", "/var/cache/eve")))
        .containsExactly("/c", "/tmp/panamba-eve");
  }

  @Test
  void anUnknownHomeOrUserIsNoObstacle() {
    assertThat(folders(with("user.home", "?"), Map.of())).containsExactly("/tmp/panamba-eve");
    assertThat(folders(with("user.name", "../?"), Map.of())).contains("/tmp/panamba-..__");
    assertThat(folders(Map.of(), Map.of())).isEmpty();
  }

  @Test
  void theExecutablesFolderCountsInNativeImagesOnly() {
    assertThat(LoaderSettings.of(HOME::get, _ -> null).imageFolder()).isEmpty();
    assertThat(
            LoaderSettings.of(with("org.graalvm.nativeimage.imagecode", "runtime")::get, _ -> null)
                .imageFolder())
        .isPresent();
  }

  @Test
  void emptyAndImpossiblePathsAreRefused() {
    assertThatThrownBy(() -> LoaderSettings.path(" "))
        .isInstanceOf(Refusal.class)
        .hasMessage("it is empty");
    assertThatThrownBy(() -> LoaderSettings.path("a\0b"))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("it is no path");
  }
}

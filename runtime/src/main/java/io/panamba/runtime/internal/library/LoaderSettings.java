package io.panamba.runtime.internal.library;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * What the loader takes from its surroundings. Empty: not set.
 *
 * @param libraryPath {@link #LIBRARY_PATH}
 * @param cache {@link #CACHE}
 * @param tier {@link #TIER}
 * @param xdgCacheHome the environment variable XDG_CACHE_HOME
 * @param userHome the user's home
 * @param userName the user's name
 * @param temporaryFolder the folder for temporary files
 * @param imageFolder the folder of a native image's executable
 */
public record LoaderSettings(
    Optional<String> libraryPath,
    Optional<String> cache,
    Optional<String> tier,
    Optional<String> xdgCacheHome,
    Optional<String> userHome,
    Optional<String> userName,
    Optional<String> temporaryFolder,
    Optional<Path> imageFolder) {

  static final String LIBRARY_PATH = "panamba.library.path";
  static final String CACHE = "panamba.cache";
  static final String TIER = "panamba.tier";

  private static final String NAME = "panamba";

  /**
   * A folder to copy the library to.
   *
   * @param origin where its name comes from
   * @param folder the folder
   */
  public record CacheFolder(String origin, String folder) {
    public Path path() throws Refusal {
      return LoaderSettings.path(folder);
    }

    @Override
    public String toString() {
      return "cache " + folder + " (" + origin + ")";
    }
  }

  public static LoaderSettings current() {
    return of(System::getProperty, System::getenv);
  }

  public static LoaderSettings of(
      Function<String, String> properties, Function<String, String> variables) {
    boolean image = properties.apply("org.graalvm.nativeimage.imagecode") != null;
    return new LoaderSettings(
        Optional.ofNullable(properties.apply(LIBRARY_PATH)),
        Optional.ofNullable(properties.apply(CACHE)),
        Optional.ofNullable(properties.apply(TIER)),
        Optional.ofNullable(variables.apply("XDG_CACHE_HOME")),
        Optional.ofNullable(properties.apply("user.home")),
        Optional.ofNullable(properties.apply("user.name")),
        Optional.ofNullable(properties.apply("java.io.tmpdir")),
        image ? executableFolder() : Optional.empty());
  }

  private static Optional<Path> executableFolder() {
    return ProcessHandle.current()
        .info()
        .command()
        .map(command -> Path.of(command).toAbsolutePath().getParent());
  }

  /** The folders to copy the library to, the first one that can be used. */
  public List<CacheFolder> cacheFolders() {
    List<CacheFolder> folders = new ArrayList<>();
    if (cache.isPresent()) {
      folders.add(new CacheFolder("-D" + CACHE, cache.get()));
    } else if (xdgCacheHome.filter(LoaderSettings::isAbsolute).isPresent()) {
      folders.add(new CacheFolder("XDG_CACHE_HOME", join(xdgCacheHome.get(), NAME)));
    } else if (userHome.filter(LoaderSettings::isAbsolute).isPresent()) {
      folders.add(new CacheFolder("the user's cache", join(userHome.get(), ".cache", NAME)));
    }
    temporaryFolder.ifPresent(
        folder -> {
          String user = userName.orElse("").replaceAll("[^A-Za-z0-9._-]", "_");
          folders.add(new CacheFolder("temporary files", join(folder, NAME + "-" + user)));
        });
    return folders;
  }

  public static Path path(String name) throws Refusal {
    if (name.isBlank()) {
      throw new Refusal("it is empty");
    }
    try {
      return Path.of(name).toAbsolutePath();
    } catch (InvalidPathException e) {
      throw new Refusal("it is no path: " + e.getReason(), e);
    }
  }

  private static boolean isAbsolute(String name) {
    try {
      return Path.of(name).isAbsolute();
    } catch (InvalidPathException _) {
      return false;
    }
  }

  private static String join(String first, String... more) {
    return first + "/" + String.join("/", more);
  }
}

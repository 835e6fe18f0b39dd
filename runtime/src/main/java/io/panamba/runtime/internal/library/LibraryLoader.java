package io.panamba.runtime.internal.library;

import io.panamba.bindings.panamba_h;
import io.panamba.runtime.LibraryException;
import io.panamba.runtime.LibraryInfo;
import io.panamba.runtime.LibraryInfo.Source;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Finds and loads the library, in the order that {@link LibraryInfo} states. */
public final class LibraryLoader {
  private final LoaderSettings settings;
  private final Platform platform = Platform.current();
  private final String libraryFile = System.mapLibraryName("panamba");
  private final Attempts attempts;

  LibraryLoader(LoaderSettings settings, Attempts attempts) {
    this.settings = settings;
    this.attempts = attempts;
  }

  /** A library that has been loaded, and where it was found, for people. */
  record Loaded(Path path, Source source, String sha256, String origin, Optional<String> tierCap) {

    /** Asks the library what it is, which starting up needs not know. */
    LibraryInfo describe(List<LibraryInfo.Attempt> attempts) {
      return new LibraryInfo(
          path,
          source,
          sha256,
          LoadedLibrary.abiVersion(origin),
          LoadedLibrary.build(),
          LoadedLibrary.tier(),
          tierCap,
          LoadedLibrary.tiers(),
          attempts);
    }
  }

  /** Loads the library and makes it ready for use. */
  Loaded load() {
    JavaVersion.check(Runtime.version());
    try {
      Loaded loaded = find();
      LoadedLibrary.abiVersion(loaded.origin());
      settings.tier().ifPresent(LoadedLibrary::useTier);
      return loaded;
    } catch (IllegalCallerException e) {
      throw nativeAccessDenied(e);
    } catch (ExceptionInInitializerError e) {
      // The bindings create their downcalls in initialisers.
      if (e.getCause() instanceof IllegalCallerException denied) {
        throw nativeAccessDenied(denied);
      }
      throw e;
    }
  }

  private Loaded find() {
    if (settings.libraryPath().isPresent()) {
      return loadNamed(settings.libraryPath().get());
    }
    Optional<Path> beside = settings.imageFolder().map(folder -> folder.resolve(libraryFile));
    if (beside.isPresent()) {
      String candidate = "beside the executable, " + beside.get();
      if (Files.exists(beside.get())) {
        return loadFile(candidate, beside.get(), Source.EXECUTABLE, "Replace or remove that file.");
      }
      note(candidate, "there is no such file");
    }
    return loadResource();
  }

  private Loaded loadNamed(String name) {
    String candidate = "-D" + LoaderSettings.LIBRARY_PATH + "=" + name;
    String advice =
        "Give the property the path of %s or of its folder, or leave it out to use the one in panamba-native."
            .formatted(libraryFile);
    Path file;
    try {
      Path path = LoaderSettings.path(name);
      file = Files.isDirectory(path) ? path.resolve(libraryFile) : path;
      if (!Files.exists(file)) {
        throw new Refusal("there is no file " + file);
      }
    } catch (Refusal e) {
      throw failure(candidate, e, advice);
    }
    return loadFile(candidate, file, Source.PROPERTY, advice);
  }

  private Loaded loadFile(String candidate, Path file, Source source, String advice) {
    try {
      if (!Files.isRegularFile(file)) {
        throw new Refusal("it is not a file");
      }
      if (platform.os().equals("linux")) {
        ElfFile.check(file);
      }
      byte[] content = Files.readAllBytes(file);
      Path path = file;
      if (LibraryLinker.load(file)) {
        note(candidate, Attempts.LOADED);
      } else {
        note(candidate, LibraryCopy.TAKEN);
        path = loadCopy(LibraryContent.of(content), LibraryCache::privateCopy);
      }
      return new Loaded(path, source, sha256(content), file.toString(), settings.tier());
    } catch (IOException e) {
      throw failure(candidate, Refusal.of("it can't be read", e), advice);
    } catch (Refusal e) {
      throw failure(candidate, e, advice);
    }
  }

  private Loaded loadResource() {
    String name = platform.resource(libraryFile);
    String candidate = "resource " + name;
    URL url;
    LibraryContent library;
    String sha256;
    try {
      url = LibraryResource.find(LibraryLoader.class.getClassLoader(), name);
      library = LibraryContent.of(url);
      sha256 = LibraryResource.sha256(url, library);
    } catch (Refusal e) {
      throw failure(
          candidate,
          e,
          "Add panamba-native for %s to the class path or module path, or set -D%s to the path of %s."
              .formatted(platform, LoaderSettings.LIBRARY_PATH, libraryFile));
    }
    note(candidate, "found, " + url);
    Path path = loadCopy(library, (cache, content) -> cache.store(content, sha256));
    return new Loaded(path, Source.RESOURCE, sha256, url.toString(), settings.tier());
  }

  private Path loadCopy(LibraryContent content, LibraryCopy.Copying copying) {
    return LibraryCopy.load(content, libraryFile, settings.cacheFolders(), copying, attempts)
        .orElseThrow(
            () ->
                failure(
                    "Set -D%s to a folder of your own where code may be executed, or -D%s to the path of an unpacked %s."
                        .formatted(LoaderSettings.CACHE, LoaderSettings.LIBRARY_PATH, libraryFile),
                    null));
  }

  public static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private void note(String candidate, String outcome) {
    attempts.note(candidate, outcome);
  }

  private LibraryException failure(String candidate, Refusal refusal, String advice) {
    note(candidate, refusal.getMessage());
    return failure(advice, refusal);
  }

  private LibraryException failure(String advice, Refusal cause) {
    return attempts.failure("Panamba's native library for " + platform, advice, cause);
  }

  private static LibraryException nativeAccessDenied(IllegalCallerException cause) {
    String modules =
        Stream.of(LibraryLoader.class, panamba_h.class)
            .map(Class::getModule)
            .map(module -> module.isNamed() ? module.getName() : "ALL-UNNAMED")
            .distinct()
            .collect(Collectors.joining(","));
    return new LibraryException(
        "Java denies Panamba the use of native code (%s). Start it with --enable-native-access=%s."
            .formatted(cause.getMessage(), modules),
        cause);
  }
}

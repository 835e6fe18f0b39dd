package io.panamba.tests.loader;

import io.panamba.runtime.CudaInfo;
import io.panamba.runtime.LibraryException;
import io.panamba.runtime.LibraryInfo;
import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;

/** What the tests run in processes of their own: loads the library and tells what came of it. */
final class LoaderChild {
  /** The exit code after a {@link LibraryException}. */
  static final int REFUSED = 3;

  private LoaderChild() {}

  public static void main(String[] args) throws ReflectiveOperationException {
    try {
      switch (args[0]) {
        case "info" -> print(LibraryInfo.current());
        case "interrupted" -> {
          Thread.currentThread().interrupt();
          print(LibraryInfo.current());
          System.out.println("interrupted=" + Thread.interrupted());
        }
        case "cuda" -> printCuda();
        case "describe" -> System.out.print(LibraryInfo.describe());
        case "twice" -> {
          System.out.println("first=" + refused());
          System.out.println("second=" + refused());
        }
        case "loaders" -> loadInTwoLoaders();
        default -> throw new IllegalArgumentException(args[0]);
      }
    } catch (LibraryException e) {
      System.out.println("message=" + e.getMessage());
      System.exit(REFUSED);
    }
  }

  private static void print(LibraryInfo info) {
    System.out.println("path=" + info.path());
    System.out.println("source=" + info.source());
    System.out.println("sha256=" + info.sha256());
    System.out.println("abi=" + info.abiVersion());
    System.out.println("build=" + info.build());
    System.out.println("tier=" + info.tier());
    System.out.println("cap=" + info.tierCap().orElse("none"));
    info.tiers().forEach(tier -> System.out.println("has=" + tier.name() + ":" + tier.reason()));
    info.attempts().forEach(a -> System.out.println("tried=" + a.candidate() + ": " + a.outcome()));
  }

  private static void printCuda() {
    try {
      System.out.println("runtime=" + CudaInfo.current().runtime());
    } catch (LibraryException e) {
      System.out.println("refused=" + e.getMessage());
    }
    CudaInfo.tried()
        .forEach(a -> System.out.println("tried=" + a.candidate() + ": " + a.outcome()));
  }

  private static String refused() {
    try {
      throw new AssertionError("loaded " + LibraryInfo.current());
    } catch (LibraryException e) {
      return e.getMessage();
    }
  }

  private static void loadInTwoLoaders() throws ReflectiveOperationException {
    URL[] classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(LoaderChild::url)
            .toArray(URL[]::new);
    for (int i = 1; i <= 2; i++) {
      ClassLoader loader = new URLClassLoader(classPath, ClassLoader.getPlatformClassLoader());
      Class<?> type = loader.loadClass(LibraryInfo.class.getName());
      Object info = type.getMethod("current").invoke(null);
      System.out.println("path" + i + "=" + type.getMethod("path").invoke(info));
      System.out.println("tier" + i + "=" + type.getMethod("tier").invoke(info));
    }
  }

  private static URL url(String entry) {
    try {
      return Path.of(entry).toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException(entry, e);
    }
  }
}

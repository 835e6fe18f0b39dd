package io.panamba.model.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.lang.ref.WeakReference;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** An application that decoded pictures can be unloaded: nothing keeps its class loader. */
class LoaderLeakTest {
  private static final List<String> FORMATS =
      List.of(".jpg", ".png", ".gif", ".bmp", ".tif", ".webp");

  /** Decodes pictures by classes of a loader of its own, drops it, and prints what became of it. */
  static final class Application {
    private static final int ROUNDS = 200;

    private Application() {}

    public static void main(String[] arguments) throws Exception {
      WeakReference<ClassLoader> loader = decode(Path.of(arguments[0]));
      for (int i = 0; i < ROUNDS && loader.get() != null; i++) {
        System.gc();
        Thread.sleep(20);
      }
      System.out.println(loader.get() == null ? "freed" : "kept");
    }

    private static WeakReference<ClassLoader> decode(Path folder) throws Exception {
      List<URL> path = new ArrayList<>();
      for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
        path.add(Path.of(entry).toUri().toURL());
      }
      Thread thread = Thread.currentThread();
      ClassLoader before = thread.getContextClassLoader();
      try (URLClassLoader loader =
              new URLClassLoader(path.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
          Stream<Path> files = Files.list(folder)) {
        thread.setContextClassLoader(loader);
        Class<?> type = Class.forName(ImageDecoder.class.getName(), true, loader);
        if (!type.getClassLoader().equals(loader)) {
          throw new IllegalStateException("the classes are the parent's");
        }
        Object decoder = type.getConstructor().newInstance();
        Method decode = type.getMethod("decode", Path.class);
        for (Path picture : files.filter(Application::isPicture).toList()) {
          try {
            decode.invoke(decoder, picture);
          } catch (InvocationTargetException e) {
            // Some of the pictures are there to be refused.
            if (!e.getCause().getClass().getName().equals(ImageException.class.getName())) {
              throw e;
            }
          }
        }
        return new WeakReference<>(loader);
      } finally {
        thread.setContextClassLoader(before);
      }
    }

    private static boolean isPicture(Path file) {
      return FORMATS.stream().anyMatch(file.toString()::endsWith);
    }
  }

  @Test
  void everyFormat() throws Exception {
    Path folder = Path.of(LoaderLeakTest.class.getResource("README.md").toURI()).getParent();
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(Application.class.getName(), folder.toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(output.strip()).isEqualTo("freed");
    assertThat(process.waitFor()).isZero();
  }
}

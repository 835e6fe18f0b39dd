package io.panamba.tests.house;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.model.Network;
import io.panamba.runtime.Device;
import io.panamba.tests.loader.Entries;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.constant.ClassDesc;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.reflect.AccessFlag;
import java.lang.reflect.Modifier;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Names of the public interface that read otherwise in Kotlin: its hard keywords, which need
 * backticks, and members that a call with a lambda takes instead of a scope function of Kotlin's,
 * which closes, or returns something else.
 */
class KotlinTest {
  private static final Set<String> KEYWORDS =
      Set.of("as", "fun", "in", "is", "object", "typealias", "typeof", "val", "var", "when");

  /** A member of these names shadows the extension if it takes one lambda. */
  private static final Set<String> SCOPES =
      Set.of("use", "let", "run", "with", "apply", "also", "takeIf", "takeUnless", "repeat");

  /** What is public in exported packages; the bindings and what is internal are nobody's. */
  private static List<String> names() throws Exception {
    Set<String> wrong = new TreeSet<>();
    int seen = 0;
    for (Class<?> type : List.of(Device.class, Network.class)) {
      Path entry = Entries.of(type);
      Set<String> packages =
          ModuleFinder.of(entry).findAll().iterator().next().descriptor().exports().stream()
              .filter(exports -> !exports.isQualified())
              .map(ModuleDescriptor.Exports::source)
              .collect(Collectors.toSet());
      if (Files.isDirectory(entry)) {
        seen += check(entry, packages, wrong);
      } else {
        try (FileSystem jar = FileSystems.newFileSystem(entry)) {
          seen += check(jar.getPath("/"), packages, wrong);
        }
      }
    }
    assertThat(seen).isGreaterThan(300);
    return List.copyOf(wrong);
  }

  private static int check(Path classes, Set<String> packages, Set<String> wrong) throws Exception {
    int seen = 0;
    try (Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".class")).toList()) {
        ClassModel model = ClassFile.of().parse(Files.readAllBytes(file));
        String name = model.thisClass().asInternalName().replace('/', '.');
        int dot = name.lastIndexOf('.');
        if (dot < 0
            || !packages.contains(name.substring(0, dot))
            || !model.flags().has(AccessFlag.PUBLIC)) {
          continue;
        }
        for (MethodModel method : model.methods()) {
          if (method.flags().has(AccessFlag.PUBLIC) && !method.flags().has(AccessFlag.SYNTHETIC)) {
            seen++;
            String member = method.methodName().stringValue();
            boolean keyword =
                Arrays.stream(name.split("[.$]")).anyMatch(KEYWORDS::contains)
                    || KEYWORDS.contains(member);
            boolean shadow =
                SCOPES.contains(member)
                    && method.methodTypeSymbol().parameterCount() == 1
                    && takesLambda(method.methodTypeSymbol().parameterType(0));
            if (keyword || shadow) {
              wrong.add(name + "." + member + method.methodTypeSymbol().displayDescriptor());
            }
          }
        }
      }
    }
    return seen;
  }

  /** Whether a type is an interface of one abstract method. */
  private static boolean takesLambda(ClassDesc type) throws ClassNotFoundException {
    if (type.isPrimitive() || type.isArray()) {
      return false;
    }
    String descriptor = type.descriptorString();
    Class<?> found =
        Class.forName(
            descriptor.substring(1, descriptor.length() - 1).replace('/', '.'),
            false,
            KotlinTest.class.getClassLoader());
    return found.isInterface()
        && Arrays.stream(found.getMethods())
                .filter(method -> Modifier.isAbstract(method.getModifiers()))
                .count()
            == 1;
  }

  @Test
  void nothingReadsOtherwise() throws Exception {
    assertThat(names()).isEmpty();
  }
}

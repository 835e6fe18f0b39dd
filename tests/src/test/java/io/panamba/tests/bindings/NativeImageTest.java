package io.panamba.tests.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import io.panamba.bindings.panamba_h;
import io.panamba.model.Network;
import io.panamba.runtime.Device;
import io.panamba.tests.loader.Entries;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.NewReferenceArrayInstruction;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What native-image is told is what the classes and resources are. */
class NativeImageTest {
  private static final Map<String, String> WORDS =
      Map.of(
          "C_INT", "jint",
          "C_LONG_LONG", "jlong",
          "C_FLOAT", "jfloat",
          "C_DOUBLE", "jdouble",
          "C_POINTER", "void*");

  private static JsonNode metadata(String module) throws IOException {
    String name =
        "META-INF/native-image/io.panamba/panamba-%s/reachability-metadata.json".formatted(module);
    try (InputStream stream = NativeImageTest.class.getClassLoader().getResourceAsStream(name)) {
      return JsonMapper.shared().readTree(stream);
    }
  }

  private static void classes(Path entry, Consumer<ClassModel> reader) throws IOException {
    if (Files.isDirectory(entry)) {
      classesIn(entry, reader);
    } else {
      try (FileSystem jar = FileSystems.newFileSystem(entry)) {
        classesIn(jar.getPath("/"), reader);
      }
    }
  }

  private static void classesIn(Path folder, Consumer<ClassModel> reader) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".class")).toList()) {
        reader.accept(ClassFile.of().parse(Files.readAllBytes(file)));
      }
    }
  }

  @Test
  void theToolHasNothingToWrite() throws Exception {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Process process =
        new ProcessBuilder(java.toString(), "tools/NativeImageMetadata.java", "check", ".")
            .directory(Path.of("..").toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }

  /** The tool reads sources; this reads what the compiler made of them. */
  @Test
  void everyFunctionsTypeIsRegistered() throws Exception {
    Set<List<String>> called = new HashSet<>();
    classes(
        Entries.of(panamba_h.class),
        model ->
            model.methods().stream()
                .filter(method -> method.methodName().equalsString("<clinit>"))
                .map(NativeImageTest::downcall)
                .filter(type -> !type.isEmpty())
                .forEach(called::add));
    // The functions of the library itself are 13 of 10 types; NVIDIA's come on top.
    assertThat(called).hasSizeGreaterThan(20).contains(List.of("void*"));

    Set<List<String>> registered = new HashSet<>();
    JsonNode foreign = metadata("bindings").get("foreign");
    assertThat(foreign.propertyNames()).containsExactly("downcalls");
    for (JsonNode downcall : foreign.get("downcalls")) {
      assertThat(downcall.propertyNames()).containsExactly("returnType", "parameterTypes");
      List<String> type = new ArrayList<>(List.of(downcall.get("returnType").asString()));
      downcall.get("parameterTypes").forEach(word -> type.add(word.asString()));
      assertThat(registered.add(type)).as(type.toString()).isTrue();
    }
    assertThat(registered).isEqualTo(called);
  }

  /** The words of the type that an initialiser makes a downcall for; empty if it makes none. */
  private static List<String> downcall(MethodModel initialiser) {
    CodeModel code = initialiser.code().orElseThrow();
    List<String> words = new ArrayList<>();
    int described = 0;
    int linked = 0;
    int constant = -1;
    for (CodeElement element : code) {
      switch (element) {
        case FieldInstruction field
            when field.opcode() == Opcode.GETSTATIC
                && field.name().stringValue().startsWith("C_") ->
            words.add(WORDS.getOrDefault(field.name().stringValue(), "?"));
        case ConstantInstruction number when number.constantValue() instanceof Integer value ->
            constant = value;
        case InvokeInstruction call -> {
          String name = call.name().stringValue();
          if (name.equals("ofVoid") || (name.equals("of") && owner(call, "FunctionDescriptor"))) {
            if (name.equals("ofVoid")) {
              words.addFirst("void");
            }
            described++;
          } else if (name.equals("downcallHandle")) {
            linked++;
          }
        }
        case NewReferenceArrayInstruction array
            when array.componentType().asInternalName().endsWith("Linker$Option") ->
            assertThat(constant).as("options of a call").isZero();
        default -> {}
      }
    }
    assertThat(linked).isEqualTo(described).isLessThanOrEqualTo(1);
    if (linked == 0) {
      return List.of();
    }
    assertThat(words).doesNotContain("?");
    return words;
  }

  private static boolean owner(InvokeInstruction call, String simpleName) {
    return call.owner().asInternalName().endsWith("/" + simpleName);
  }

  /** Upcalls, and downcalls that are made elsewhere, would have to be registered too. */
  @Test
  void onlyTheBindingsCall() throws Exception {
    Set<String> linking = new TreeSet<>();
    for (Class<?> type : List.of(panamba_h.class, Device.class, Network.class)) {
      classes(
          Entries.of(type),
          model -> {
            for (PoolEntry entry : model.constantPool()) {
              if (entry instanceof MemberRefEntry member
                  && member.owner().asInternalName().equals("java/lang/foreign/Linker")
                  && !member.name().equalsString("nativeLinker")
                  && !member.name().equalsString("canonicalLayouts")
                  && !member.name().equalsString("defaultLookup")) {
                linking.add(member.name().stringValue() + " " + type.getPackageName());
              }
            }
          });
    }
    assertThat(linking).containsExactly("downcallHandle io.panamba.bindings");
  }

  @Test
  void everyResourceIsThere() throws Exception {
    ClassLoader loader = NativeImageTest.class.getClassLoader();
    for (String module : List.of("model", "cli")) {
      for (JsonNode resource : metadata(module).get("resources")) {
        assertThat(loader.getResource(resource.get("glob").asString())).isNotNull();
      }
    }
    assertThat(metadata("native").get("resources").get(0).get("glob").asString())
        .isEqualTo("META-INF/native/*/*");
    assertThat(Entries.RESOURCE).matches("META-INF/native/[^/]+/[^/]+");
  }
}

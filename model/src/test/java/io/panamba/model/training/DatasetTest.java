package io.panamba.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panamba.model.checkpoint.CheckpointException;
import io.panamba.model.checkpoint.SafetensorsWriter;
import io.panamba.model.image.ImageException;
import io.panamba.runtime.DType;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetTest {
  @TempDir private Path folder;

  private void picture(String name, int level) throws IOException {
    BufferedImage image = new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB);
    image.setRGB(0, 0, level);
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    ImageIO.write(image, "png", file.toFile());
  }

  /** Writes a tensor file; null leaves a tensor out. */
  private Path tensors(Tensor image, Tensor label, Map<String, String> metadata) {
    Path file = folder.resolve("data.safetensors");
    Map<String, Tensor> tensors =
        image == null
            ? Map.of("label", label)
            : label == null ? Map.of("image", image) : Map.of("image", image, "label", label);
    SafetensorsWriter.write(file, tensors, metadata);
    return file;
  }

  private static Tensor bytes(Arena arena, DType type, Shape shape, int... values) {
    Tensor tensor = Tensor.allocate(arena, type, shape);
    for (int i = 0; i < values.length; i++) {
      switch (type.bytes()) {
        case 1 -> tensor.segment().setAtIndex(ValueLayout.JAVA_BYTE, i, (byte) values[i]);
        case 4 -> tensor.segment().setAtIndex(ValueLayout.JAVA_INT, i, values[i]);
        default -> tensor.segment().setAtIndex(ValueLayout.JAVA_LONG, i, values[i]);
      }
    }
    return tensor;
  }

  @Test
  void foldersAreClasses() throws IOException {
    picture("dog/b.png", 0x0a0b0c);
    picture("cat/deep/z.PNG", 1);
    picture("cat/a.png", 2);
    picture(".hidden/a.png", 3);
    Files.writeString(folder.resolve("cat/notes.txt"), "no picture");
    Files.writeString(folder.resolve("readme.png"), "in no class");
    try (LabelledDataset data = (LabelledDataset) Dataset.open(folder)) {
      assertThat(data.classes()).containsExactly("cat", "dog");
      assertThat(data.size()).isEqualTo(3);
      assertThat(data.label(0)).isZero();
      assertThat(data.label(1)).isZero();
      assertThat(data.label(2)).isEqualTo(1);
      assertThat(data.image(2).pixels()).startsWith(10, 11, 12);
      assertThat(data.leftOut())
          .isEqualTo(
              "left out: 1 hidden file or folder, 1 file without an image's ending, 1 file beside"
                  + " the folders of classes");
      String before = data.fingerprint();
      picture("dog/c.png", 4);
      try (Dataset more = Dataset.open(folder)) {
        assertThat(more.fingerprint()).isNotEqualTo(before);
      }
    }
  }

  @Test
  void linksAreFollowedUnlessTheyLeadInCircles() throws IOException {
    picture("all/elsewhere/1.png", 1);
    picture("all/elsewhere/deep/2.png", 2);
    picture("data/b/1.png", 3);
    Files.createSymbolicLink(folder.resolve("data/a"), folder.resolve("all/elsewhere"));
    try (Dataset data = Dataset.open(folder.resolve("data"))) {
      assertThat(data.classes()).containsExactly("a", "b");
      assertThat(data.size()).isEqualTo(3);
    }
    Files.createSymbolicLink(folder.resolve("data/b/circle"), folder.resolve("data"));
    try (Dataset data = Dataset.open(folder.resolve("data"))) {
      assertThat(data.size()).isEqualTo(3);
      assertThat(data.leftOut()).isEqualTo("left out: 1 link to a folder searched already");
    }
    Files.createSymbolicLink(folder.resolve("data/b/2.png"), Path.of("gone"));
    refused(folder.resolve("data"), "2.png: the link leads nowhere");
  }

  @Test
  void aClassHasANameOfOneLine() throws IOException {
    picture("a/1.png", 1);
    picture("b\nc/1.png", 1);
    refused(folder, "b\\nc' can't be a class's: expected one line");
  }

  @Test
  void aFileThatIsNoPictureIsToldByItsName() throws IOException {
    picture("a/1.png", 0);
    Files.writeString(Files.createDirectories(folder.resolve("b")).resolve("2.png"), "text");
    try (LabelledDataset data = (LabelledDataset) Dataset.open(folder)) {
      assertThatThrownBy(() -> data.image(1))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining("2.png");
    }
  }

  @Test
  void foldersThatAreNoClasses() throws IOException {
    picture("only/1.png", 0);
    refused(folder, "at least two classes, found 1");
    Files.createDirectories(folder.resolve("empty"));
    refused(folder, "empty: a class has pictures; here are none");
    refused(folder.resolve("nowhere"), "there is no such file or folder");
  }

  @Test
  void bytesOfGreyAndColour() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor labels = bytes(arena, DType.I64, Shape.of(2), 1, 0);
      Tensor grey = bytes(arena, DType.U8, Shape.of(2, 1, 1, 2), 0, 16, 4, 8);
      try (LabelledDataset data =
          (LabelledDataset) Dataset.open(tensors(grey, labels, Map.of("range", "0..16")))) {
        assertThat(data.size()).isEqualTo(2);
        assertThat(data.classes()).containsExactly("0", "1");
        assertThat(data.label(0)).isEqualTo(1);
        assertThat(data.image(0).pixels()).containsExactly(0, 0, 0, -1, -1, -1);
        assertThat(data.image(1).pixels()).containsExactly(64, 64, 64, -128, -128, -128);
      }
      Tensor colour = bytes(arena, DType.U8, Shape.of(2, 3, 1, 1), 1, 2, 3, 200, 100, 50);
      try (Dataset data = Dataset.open(tensors(colour, labels, Map.of()))) {
        assertThat(data.image(1).pixels()).containsExactly(200, 100, 50);
      }
    }
  }

  @Test
  void floatsAreFromZeroToOne() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor labels = bytes(arena, DType.U8, Shape.of(2), 0, 1);
      Tensor image = Tensor.of(arena, Shape.of(2, 1, 1, 2), 0, 0.5f, 1, 7);
      try (Dataset data = Dataset.open(tensors(image, labels, Map.of()))) {
        assertThat(data.image(0).pixels()).containsExactly(0, 0, 0, -128, -128, -128);
        assertThat(data.image(1).pixels()).containsExactly(-1, -1, -1, -1, -1, -1);
      }
    }
  }

  /** A run that went on with other data of the same size would end in other weights. */
  @Test
  void fingerprintsTellTensorsApart() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor image = bytes(arena, DType.U8, Shape.of(2, 1, 1, 4), 1, 2, 3, 4, 5, 6, 7, 8);
      Tensor label = bytes(arena, DType.I64, Shape.of(2), 0, 1);
      assertThat(
              List.of(
                  fingerprint(image, label, Map.of()),
                  fingerprint(image, label, Map.of("range", "0..16")),
                  fingerprint(image.reshape(Shape.of(2, 1, 2, 2)), label, Map.of()),
                  fingerprint(image, bytes(arena, DType.I64, Shape.of(2), 1, 0), Map.of()),
                  fingerprint(image, bytes(arena, DType.I64, Shape.of(2), 0, 257), Map.of())))
          .doesNotHaveDuplicates();
    }
  }

  private String fingerprint(Tensor image, Tensor label, Map<String, String> metadata) {
    try (Dataset data = Dataset.open(tensors(image, label, metadata))) {
      return data.fingerprint();
    }
  }

  @Test
  void tensorsThatAreNone() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor image = bytes(arena, DType.U8, Shape.of(2, 1, 2, 2));
      Tensor label = bytes(arena, DType.I64, Shape.of(2), 0, 1);
      refused(tensors(image, null, Map.of()), "there is no tensor 'label'");
      refused(tensors(null, label, Map.of()), "there is no tensor 'image'");
      refused(
          tensors(bytes(arena, DType.U8, Shape.of(2, 2, 2, 2)), label, Map.of()),
          "expected (count, 1 or 3, height, width)");
      refused(
          tensors(bytes(arena, DType.I32, Shape.of(2, 1, 2, 2)), label, Map.of()),
          "of U8 or floating point");
      refused(
          tensors(image, bytes(arena, DType.I64, Shape.of(3), 0, 1, 1), Map.of()),
          "expected (2) of whole numbers");
      refused(
          tensors(image, Tensor.of(arena, Shape.of(2), 0, 1), Map.of()),
          "expected (2) of whole numbers");
      refused(
          tensors(image, bytes(arena, DType.I64, Shape.of(2), 0, -1), Map.of()), "label 1 is -1");
      refused(
          tensors(image, bytes(arena, DType.I64, Shape.of(2), 0, 0), Map.of()),
          "at least two classes");
      refused(tensors(image, label, Map.of("range", "wide")), "as in 0..255");
      refused(tensors(image, label, Map.of("range", "3..3")), "is empty");
    }
  }

  /** One label would decide on the memory of a head and of its training. */
  @Test
  void classesAreBoundedByImages() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor two = bytes(arena, DType.U8, Shape.of(2, 1, 1, 1));
      refused(
          tensors(two, bytes(arena, DType.I64, Shape.of(2), 0, 1000), Map.of()),
          "label 1 is 1000; expected 0 to 999");
      Tensor label = bytes(arena, DType.I64, Shape.of(2), 0, 999);
      try (Dataset data = Dataset.open(tensors(two, label, Map.of()))) {
        assertThat(data.classes()).hasSize(1000);
      }
      int[] many = new int[1500];
      many[0] = 1499;
      Tensor images = bytes(arena, DType.U8, Shape.of(1500, 1, 1, 1));
      try (Dataset data =
          Dataset.open(tensors(images, bytes(arena, DType.I64, Shape.of(1500), many), Map.of()))) {
        assertThat(data.classes()).hasSize(1500);
      }
      many[0] = 1500;
      refused(
          tensors(images, bytes(arena, DType.I64, Shape.of(1500), many), Map.of()),
          "label 0 is 1500; expected 0 to 1499");
    }
  }

  private Path grey() {
    try (Arena arena = Arena.ofConfined()) {
      return tensors(
          bytes(arena, DType.U8, Shape.of(2, 1, 64, 64)),
          bytes(arena, DType.I64, Shape.of(2), 0, 1),
          Map.of());
    }
  }

  /** Every way to read tensors of a file that is cut or written to after it was opened. */
  @Test
  void tensorsOfAFileThatChanges() throws IOException {
    try (LabelledDataset data = (LabelledDataset) Dataset.open(grey())) {
      try (FileChannel channel =
          FileChannel.open(folder.resolve("data.safetensors"), StandardOpenOption.WRITE)) {
        channel.truncate(300);
      }
      changed(() -> data.image(0));
      changed(() -> data.image(1));
      changed(data::fingerprint);
      assertThat(data.label(1)).isEqualTo(1);
    }
    try (LabelledDataset data = (LabelledDataset) Dataset.open(grey())) {
      Files.write(folder.resolve("data.safetensors"), new byte[] {1}, StandardOpenOption.APPEND);
      changed(() -> data.image(0));
      changed(data::fingerprint);
    }
  }

  private static void changed(ThrowingCallable reading) {
    assertThatThrownBy(reading)
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("changed while it was read");
  }

  @Test
  void tensorsOfAFileThatShrinksWhileItIsOpened() throws Exception {
    int refused = 0;
    for (int round = 0; round < 100; round++) {
      Path file = grey();
      Thread truncating =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                      channel.truncate(300);
                    } catch (IOException e) {
                      throw new UncheckedIOException(e);
                    }
                  });
      try (Dataset data = Dataset.open(file)) {
        data.fingerprint();
        data.image(1);
      } catch (CheckpointException _) {
        refused++;
      }
      truncating.join();
    }
    assertThat(refused).isPositive();
  }

  @Test
  void picturesThatChange() throws IOException {
    picture("a/1.png", 1);
    picture("a/2.png", 2);
    picture("b/1.png", 3);
    try (LabelledDataset data = (LabelledDataset) Dataset.open(folder)) {
      String before = data.fingerprint();
      Path first = folder.resolve("a/1.png");
      Files.write(first, Arrays.copyOf(Files.readAllBytes(first), 40));
      Files.delete(folder.resolve("a/2.png"));
      picture("b/1.png", 0x0a0b0c);
      unreadable(() -> data.image(0), "1.png");
      unreadable(() -> data.image(1), "2.png: there is no such file");
      assertThat(data.image(2).pixels()).startsWith(10, 11, 12);
      assertThat(data.fingerprint()).as("of what was opened").isEqualTo(before);
    }
  }

  private static void unreadable(ThrowingCallable reading, String words) {
    assertThatThrownBy(reading).isInstanceOf(ImageException.class).hasMessageContaining(words);
  }

  /** An interrupt ends every read of a file of tensors, none of a picture, and stays. */
  @Test
  void interrupts() throws IOException {
    Path file = grey();
    try (Dataset data = Dataset.open(file)) {
      interrupted(data::fingerprint);
    }
    try (Dataset data = Dataset.open(file)) {
      interrupted(() -> data.image(0));
    }
    interrupted(() -> Dataset.open(file));
    Path pictures = folder.resolve("pictures");
    picture("pictures/a/1.png", 1);
    picture("pictures/b/1.png", 2);
    try (Dataset data = Dataset.open(pictures)) {
      Thread.currentThread().interrupt();
      assertThat(data.image(0).width()).isEqualTo(3);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  private static void interrupted(ThrowingCallable reading) {
    Thread.currentThread().interrupt();
    assertThatThrownBy(reading)
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("interrupted");
    assertThat(Thread.interrupted()).isTrue();
  }

  private static void refused(Path path, String message) {
    assertThatThrownBy(() -> Dataset.open(path).close())
        .isInstanceOf(DatasetException.class)
        .hasMessageContaining(message);
  }
}

package io.panamba.model.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.panamba.model.Labels;
import io.panamba.runtime.DType;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Shape;
import io.panamba.runtime.Tensor;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.net.SocketTimeoutException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that change while they are read, that are pipes, and threads that are interrupted. */
class ChangingImageTest {
  /** Two bands of rows. */
  private static final int WIDTH = 8000;

  private static final int HEIGHT = 2900;
  private static final int ROWS_PER_STRIP = 100;
  private static final Duration SOON = Duration.ofSeconds(20);

  @TempDir Path folder;

  @AfterEach
  void noInterruptIsLeft() {
    assertThat(Thread.interrupted()).isFalse();
  }

  private Path picture(String format) throws IOException {
    Path file = folder.resolve("picture." + format);
    if (format.equals("tif")) {
      ByteArrayOutputStream strip = new ByteArrayOutputStream();
      try (DeflaterOutputStream out = new DeflaterOutputStream(strip)) {
        out.write(new byte[WIDTH * ROWS_PER_STRIP]);
      }
      byte[][] strips = new byte[HEIGHT / ROWS_PER_STRIP][];
      Arrays.fill(strips, strip.toByteArray());
      return Files.write(
          file, new TiffFile(WIDTH, HEIGHT, ROWS_PER_STRIP, TiffHeader.DEFLATE, strips).bytes());
    }
    BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_BYTE_GRAY);
    assertThat(ImageIO.write(image, format, file.toFile())).isTrue();
    return file;
  }

  private static void readRow(LargeImage image, int row) {
    try (Arena arena = Arena.ofConfined()) {
      image.read(row, Tensor.allocate(arena, DType.F32, Shape.of(3, 1, image.width())));
    }
  }

  private static void change(Path file, String how) throws IOException {
    switch (how) {
      case "overwritten" -> {
        FileTime before = Files.getLastModifiedTime(file);
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
          open.seek(open.length() / 2);
          open.write(1);
        }
        Files.setLastModifiedTime(file, FileTime.fromMillis(before.toMillis() + 5000));
      }
      case "shortened" -> {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          channel.truncate(channel.size() - 10);
        }
      }
      default -> Files.write(file, new byte[10], StandardOpenOption.APPEND);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tif", "png", "bmp"})
  void aFileThatChangesBetweenTwoBandsIsNoticed(String format) throws IOException {
    for (String how : new String[] {"overwritten", "shortened", "lengthened"}) {
      Path file = picture(format);
      try (LargeImage image = LargeImage.open(file)) {
        readRow(image, 0);
        change(file, how);
        // What is in memory is as it was.
        readRow(image, 1);
        assertThatThrownBy(() -> readRow(image, HEIGHT - 1))
            .as(how)
            .isInstanceOf(ImageException.class)
            .hasMessageStartingWith(file + ": ")
            .hasMessageContaining("changed while it was read");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tif", "png", "bmp"})
  void aFileWhoseNameAnotherOneTakesIsReadOn(String format) throws IOException {
    Path file = picture(format);
    try (LargeImage image = LargeImage.open(file)) {
      readRow(image, 0);
      Path other = Files.writeString(folder.resolve("other"), "no picture");
      Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
      readRow(image, HEIGHT - 1);
    }
    assertThat(file).hasContent("no picture");
  }

  @ParameterizedTest
  @ValueSource(strings = {"tif", "png", "bmp"})
  void anInterruptEndsTheReadingOfRows(String format) throws IOException {
    Path file = picture(format);
    try (LargeImage image = LargeImage.open(file)) {
      readRow(image, 0);
      Thread.currentThread().interrupt();
      readRow(image, 1);
      assertThatThrownBy(() -> readRow(image, HEIGHT - 1))
          .isInstanceOf(ImageException.class)
          .hasMessage(file + ": reading was interrupted; open the picture again");
      assertThat(Thread.interrupted()).isTrue();
      assertThat(isOpen(file)).isFalse();
      assertThatThrownBy(() -> readRow(image, HEIGHT - 1))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining("open the picture again");
    }
    try (LargeImage again = LargeImage.open(file)) {
      readRow(again, HEIGHT - 1);
    }
  }

  /** Tells whether this process has a file open, as Linux lists it. */
  private static boolean isOpen(Path file) throws IOException {
    Path descriptors = Path.of("/proc/self/fd");
    if (!Files.exists(descriptors)) {
      return false;
    }
    Path real = file.toRealPath();
    try (Stream<Path> links = Files.list(descriptors)) {
      for (Path link : links.toList()) {
        try {
          if (Files.readSymbolicLink(link).equals(real)) {
            return true;
          }
        } catch (IOException _) {
          // Closed meanwhile.
        }
      }
    }
    return false;
  }

  @Test
  void anInterruptAtAnyMoment() throws Exception {
    Path file = picture("png");
    for (int delay : new int[] {0, 20, 60, 150, 400}) {
      AtomicReference<Throwable> failure = new AtomicReference<>();
      AtomicBoolean kept = new AtomicBoolean();
      Thread reader =
          new Thread(
              () -> {
                try {
                  while (true) {
                    try (LargeImage image = LargeImage.open(file)) {
                      readRow(image, HEIGHT - 1);
                    }
                  }
                } catch (RuntimeException e) {
                  kept.set(Thread.currentThread().isInterrupted());
                  failure.set(e);
                }
              });
      reader.start();
      Thread.sleep(delay);
      reader.interrupt();
      assertThat(reader.join(SOON)).isTrue();
      assertThat(failure.get())
          .isInstanceOf(ImageException.class)
          .hasMessageContaining("reading was interrupted");
      assertThat(kept).isTrue();
      assertThat(isOpen(file)).isFalse();
    }
  }

  @Test
  void openingARowReaderIsEndedByAnInterrupt() throws IOException {
    for (String format : new String[] {"tif", "png", "bmp"}) {
      Path file = picture(format);
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> LargeImage.open(file))
          .isInstanceOf(ImageException.class)
          .hasMessage(file + ": reading was interrupted");
      assertThat(Thread.interrupted()).isTrue();
      assertThat(isOpen(file)).isFalse();
    }
  }

  @Test
  void aFileIsDecodedInAnInterruptedThread() {
    ImageDecoder decoder = new ImageDecoder();
    for (String name : new String[] {"rgb.png", "rgb-420.jpg", "rgb.tif", "lossy.webp"}) {
      RgbImage expected = decoder.decode(Pictures.file(name));
      Thread.currentThread().interrupt();
      RgbImage image = decoder.decode(Pictures.file(name));
      assertThat(Thread.interrupted()).isTrue();
      assertThat(image.pixels()).isEqualTo(expected.pixels());
    }
  }

  @Test
  void aStreamThatAnInterruptEndsIsAnImageException() throws IOException {
    ImageDecoder decoder = new ImageDecoder();
    try (PipedOutputStream writer = new PipedOutputStream();
        InputStream pipe = new PipedInputStream(writer);
        FileChannel channel = FileChannel.open(Pictures.file("rgb.png"));
        InputStream file = Channels.newInputStream(channel)) {
      for (InputStream stream : new InputStream[] {pipe, file}) {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> decoder.decode(stream, "stream"))
            .isInstanceOf(ImageException.class)
            .hasMessage("stream: reading was interrupted");
        assertThat(Thread.interrupted()).isTrue();
      }
    }
  }

  @Test
  void aStreamWhoseTimeIsOutInterruptsNobody() {
    InputStream late =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new SocketTimeoutException("nobody answers");
          }

          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            return read();
          }
        };
    assertThatThrownBy(() -> new ImageDecoder().decode(late, "late"))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("nobody answers");
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aPipeIsRefused() throws Exception {
    Path pipe = folder.resolve("pipe.png");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    Path link = Files.createSymbolicLink(folder.resolve("link.png"), pipe);
    for (Path file : new Path[] {pipe, link, Path.of("/dev/null")}) {
      assertTimeoutPreemptively(
          SOON,
          () -> {
            assertThatThrownBy(() -> new ImageDecoder().decode(file))
                .isInstanceOf(ImageException.class)
                .hasMessage(
                    file
                        + ": a picture is expected, this is no regular file but a pipe,"
                        + " a device or a socket");
            assertThatThrownBy(() -> LargeImage.open(file))
                .isInstanceOf(ImageException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining("no regular file");
            assertThatThrownBy(() -> Labels.read(file))
                .isInstanceOf(PanambaException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("no regular file");
          });
    }
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aLinkToAFileIsRead() throws IOException {
    Path target = Files.copy(Pictures.file("rgb.png"), folder.resolve("rgb.png"));
    Path picture = Files.createSymbolicLink(folder.resolve("link"), target);
    assertThat(new ImageDecoder().decode(picture).width()).isEqualTo(17);
    try (LargeImage image = LargeImage.open(picture)) {
      assertThat(image.width()).isEqualTo(17);
    }
    Path text = Files.writeString(folder.resolve("labels.txt"), "cat\ndog\n");
    Path labels = Files.createSymbolicLink(folder.resolve("labels"), text);
    assertThat(Labels.read(labels).size()).isEqualTo(2);
  }
}

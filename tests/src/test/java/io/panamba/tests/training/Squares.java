package io.panamba.tests.training;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import javax.imageio.ImageIO;

/** Pictures of 48 x 40 pixels with a red or green square on grey, and their masks. */
public final class Squares {
  private static final int WIDTH = 48;
  private static final int HEIGHT = 40;
  private static final int SIDE = 16;

  private Squares() {}

  /**
   * Writes pictures.
   *
   * @param folder of {@code images} and {@code masks}
   * @param count of pictures, with the same squares every time
   * @return the folder
   */
  public static Path write(Path folder, int count) {
    Random random = new Random(5);
    try {
      Path images = Files.createDirectories(folder.resolve("images"));
      Path masks = Files.createDirectories(folder.resolve("masks"));
      Files.writeString(folder.resolve("labels.txt"), "grey\nred\ngreen\n");
      for (int i = 0; i < count; i++) {
        BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        BufferedImage mask = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_BYTE_GRAY);
        int label = 1 + random.nextInt(2);
        int left = random.nextInt(WIDTH - SIDE);
        int top = random.nextInt(HEIGHT - SIDE);
        for (int y = 0; y < HEIGHT; y++) {
          for (int x = 0; x < WIDTH; x++) {
            boolean inside = x >= left && x < left + SIDE && y >= top && y < top + SIDE;
            image.setRGB(x, y, inside ? label == 1 ? 0xe02020 : 0x20e020 : 0x808080);
            mask.getRaster().setSample(x, y, 0, inside ? label : 0);
          }
        }
        ImageIO.write(image, "png", images.resolve(i + ".png").toFile());
        ImageIO.write(mask, "png", masks.resolve(i + ".png").toFile());
      }
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

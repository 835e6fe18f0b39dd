import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import javax.imageio.ImageIO;

/**
 * Draws pictures to learn segmentation from: handwritten digits of 8 x 8 pixels, enlarged, on a
 * noisy canvas of 64 x 64, and a mask for each picture. Every digit stands in one picture alone, so
 * that a picture held out has digits that were never trained on.
 *
 * <pre>java tools/DigitScenes.java digits.safetensors FOLDER</pre>
 */
public final class DigitScenes {
  private static final int SIDE = 64;
  private static final int DIGIT = 8;
  private static final int MOST = 16;
  private static final int SMALLEST = 18;
  private static final int LARGEST = 30;
  private static final int DIGITS = 3;
  private static final int ATTEMPTS = 100;

  /** Of the level of a pixel, from which on it belongs to the stroke. */
  private static final double INSIDE = 0.4;

  private final byte[] data;
  private final int images;
  private final int labels;
  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(0);

  private DigitScenes(Path digits) throws IOException {
    data = Files.readAllBytes(digits);
    int header = 8 + (int) ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).getLong();
    labels = data.length - (data.length - header) / (DIGIT * DIGIT + 1);
    images = header;
  }

  private int count() {
    return data.length - labels;
  }

  private record Box(int left, int top, int side) {
    boolean meets(Box other) {
      return left < other.left + other.side
          && other.left < left + side
          && top < other.top + other.side
          && other.top < top + side;
    }
  }

  private void write(Path folder) throws IOException {
    Path pictures = Files.createDirectories(folder.resolve("images"));
    Path masks = Files.createDirectories(folder.resolve("masks"));
    StringBuilder names = new StringBuilder("background\n");
    for (int i = 0; i < 10; i++) {
      names.append("digit ").append(i).append('\n');
    }
    Files.writeString(folder.resolve("labels.txt"), names, StandardCharsets.UTF_8);
    int next = 0;
    for (int scene = 0; next < count(); scene++) {
      double[][] levels = new double[3][SIDE * SIDE];
      byte[] mask = new byte[SIDE * SIDE];
      paintCanvas(levels);
      List<Box> boxes = new ArrayList<>();
      int digits = 1 + random.nextInt(DIGITS + 1);
      for (int i = 0; i < digits && next < count(); i++) {
        Box box = place(boxes);
        if (box != null) {
          boxes.add(box);
          paint(next++, box, levels, mask);
        }
      }
      String name = String.format(Locale.ROOT, "%04d.png", scene);
      ImageIO.write(picture(levels), "png", pictures.resolve(name).toFile());
      BufferedImage indices = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY);
      indices.getRaster().setDataElements(0, 0, SIDE, SIDE, mask);
      ImageIO.write(indices, "png", masks.resolve(name).toFile());
    }
  }

  private Box place(List<Box> others) {
    for (int i = 0; i < ATTEMPTS; i++) {
      int side = SMALLEST + random.nextInt(LARGEST - SMALLEST + 1);
      Box box = new Box(random.nextInt(SIDE - side + 1), random.nextInt(SIDE - side + 1), side);
      if (others.stream().noneMatch(box::meets)) {
        return box;
      }
    }
    return null;
  }

  /** A colour that changes from corner to corner. */
  private void paintCanvas(double[][] levels) {
    for (double[] channel : levels) {
      double[] corners = random.doubles(4, 0.15, 0.85).toArray();
      for (int i = 0; i < channel.length; i++) {
        double x = i % SIDE / (SIDE - 1.0);
        double y = i / SIDE / (SIDE - 1.0);
        channel[i] =
            (1 - y) * ((1 - x) * corners[0] + x * corners[1])
                + y * ((1 - x) * corners[2] + x * corners[3]);
      }
    }
  }

  /** Mixes a colour that is far from the canvas's in, by the digit's interpolated levels. */
  private void paint(int digit, Box box, double[][] levels, byte[] mask) {
    double[] colour = new double[levels.length];
    int centre = (box.top + box.side / 2) * SIDE + box.left + box.side / 2;
    for (int c = 0; c < colour.length; c++) {
      double shift = random.nextDouble(0.35, 0.6);
      colour[c] = levels[c][centre] < 0.5 ? levels[c][centre] + shift : levels[c][centre] - shift;
    }
    int label = data[labels + digit] + 1;
    for (int y = 0; y < box.side; y++) {
      for (int x = 0; x < box.side; x++) {
        double level = level(digit, centred(x, box.side), centred(y, box.side));
        int at = (box.top + y) * SIDE + box.left + x;
        for (int c = 0; c < colour.length; c++) {
          levels[c][at] += level * (colour[c] - levels[c][at]);
        }
        if (level >= INSIDE) {
          mask[at] = (byte) label;
        }
      }
    }
  }

  private static double centred(int place, int side) {
    return (place + 0.5) * DIGIT / side - 0.5;
  }

  private double level(int digit, double x, double y) {
    int left = (int) Math.floor(x);
    int top = (int) Math.floor(y);
    double right = x - left;
    double down = y - top;
    return (1 - down)
            * ((1 - right) * stored(digit, left, top) + right * stored(digit, left + 1, top))
        + down
            * ((1 - right) * stored(digit, left, top + 1)
                + right * stored(digit, left + 1, top + 1));
  }

  private double stored(int digit, int x, int y) {
    if (x < 0 || y < 0 || x >= DIGIT || y >= DIGIT) {
      return 0;
    }
    return (double) data[images + (digit * DIGIT + y) * DIGIT + x] / MOST;
  }

  private BufferedImage picture(double[][] levels) {
    BufferedImage picture = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_3BYTE_BGR);
    for (int i = 0; i < SIDE * SIDE; i++) {
      for (int c = 0; c < levels.length; c++) {
        double noisy = levels[c][i] + random.nextGaussian(0, 0.08);
        picture
            .getRaster()
            .setSample(i % SIDE, i / SIDE, c, (int) Math.clamp(Math.round(255 * noisy), 0, 255));
      }
    }
    return picture;
  }

  /**
   * Runs.
   *
   * @param args the digits and the folder
   * @throws IOException if a file can't be read or written
   */
  public static void main(String[] args) throws IOException {
    new DigitScenes(Path.of(args[0])).write(Path.of(args[1]));
  }
}

package io.panamba.model.training;

import io.panamba.model.Labels;
import io.panamba.model.files.ImageSearch;
import io.panamba.model.files.PathText;
import io.panamba.model.image.ImageDecoder;
import io.panamba.model.image.IndexImage;
import io.panamba.model.image.RgbImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.CRC32;

/**
 * Pictures with a class for every pixel: {@code images} has the pictures, {@code masks} for each a
 * PNG of its name and size whose samples are classes, {@code labels.txt} a class's name a line. 255
 * in a mask of 8 bits, and 65535 in one of 16, is a pixel without a class. Without names there are
 * as many classes as the masks' largest index says, and all masks are read for it.
 *
 * <p>Folders are searched as {@link Dataset#open} does; of {@code images/a/b.jpg} the mask is
 * {@code masks/a/b.png}.
 */
public final class MaskDataset implements Dataset {
  /** What {@link #mask} has for a pixel without a class. */
  public static final int UNLABELLED = 0xffff;

  private static final int UNLABELLED_BYTE = 0xff;
  private static final String IMAGES = "images";
  private static final String MASKS = "masks";
  private static final String LABELS = "labels.txt";
  private static final String PNG = ".png";

  private record Item(Path image, Path mask) {}

  private final ImageDecoder decoder = new ImageDecoder().upright();
  private final List<Item> items;
  private final boolean zeroUnlabelled;
  private final List<String> classes;
  private final String fingerprint;
  private final String leftOut;

  private MaskDataset(
      Path root, List<Item> items, boolean zeroUnlabelled, String fingerprint, String leftOut) {
    this.items = List.copyOf(items);
    this.zeroUnlabelled = zeroUnlabelled;
    this.fingerprint = fingerprint;
    this.leftOut = leftOut;
    Path names = root.resolve(LABELS);
    classes = Files.exists(names) ? named(names) : counted();
    if (classes.size() < 2) {
      throw new DatasetException(
          PathText.printable(root) + ": expected at least two classes in labels.txt or the masks");
    }
  }

  /** Tells whether a folder has the two folders of such data. */
  static boolean isOne(Path root) {
    return Files.isDirectory(root.resolve(IMAGES)) && Files.isDirectory(root.resolve(MASKS));
  }

  /**
   * Opens a folder.
   *
   * @param root of {@code images} and {@code masks}
   * @param zeroUnlabelled whether 0 in a mask is no class and the first one is 1, as in ADE20K
   *     ({@code reduce_zero_label})
   * @return the data
   * @throws DatasetException if a folder is missing, a picture has no mask, or there is none
   * @throws io.panamba.model.image.ImageException if classes have no names and a mask can't be read
   */
  public static MaskDataset open(Path root, boolean zeroUnlabelled) {
    if (!isOne(root)) {
      throw new DatasetException(
          PathText.printable(root) + ": expected folders 'images' and 'masks' in it");
    }
    try {
      return read(root, zeroUnlabelled);
    } catch (OutOfMemoryError e) {
      throw DatasetException.memory(root, e);
    }
  }

  static MaskDataset read(Path root, boolean zeroUnlabelled) {
    ImageSearch search = new ImageSearch();
    Path images = root.resolve(IMAGES);
    Path masks = root.resolve(MASKS);
    Map<String, Path> known = new HashMap<>();
    List<Item> items = new ArrayList<>();
    CRC32 sum = new CRC32();
    try {
      for (Path mask : search.images(masks)) {
        known.put(stem(masks, mask), mask);
      }
      DatasetException.requireRead(search);
      ImageSearch ofImages = new ImageSearch();
      for (Path image : ofImages.images(images)) {
        Path mask = known.get(stem(images, image));
        if (mask == null) {
          throw new DatasetException(
              "%s has no mask %s%s"
                  .formatted(
                      PathText.printable(image),
                      PathText.printable(masks.resolve(PathText.path(stem(images, image)))),
                      PNG));
        }
        items.add(new Item(image, mask));
        String line =
            PathText.of(root.relativize(image))
                + " %s %s\n".formatted(Files.size(image), Files.size(mask));
        sum.update(line.getBytes(StandardCharsets.UTF_8));
      }
      DatasetException.requireRead(ofImages);
      if (items.isEmpty()) {
        throw new DatasetException(PathText.printable(images) + ": there are no images");
      }
      return new MaskDataset(
          root,
          items,
          zeroUnlabelled,
          "%s pictures with masks%s, sum %08x"
              .formatted(items.size(), zeroUnlabelled ? " from 1" : "", sum.getValue()),
          ofImages.leftOut());
    } catch (IOException e) {
      throw new DatasetException(
          "%s: the folder can't be read: %s".formatted(PathText.printable(root), e), e);
    }
  }

  private static String stem(Path root, Path file) {
    String name = PathText.of(root.relativize(file));
    return name.substring(0, name.lastIndexOf('.'));
  }

  private static List<String> named(Path file) {
    Labels labels = Labels.read(file);
    return IntStream.range(0, labels.size()).mapToObj(labels::name).toList();
  }

  private List<String> counted() {
    int most = 0;
    for (int i = 0; i < items.size(); i++) {
      for (short label : indices(items.get(i)).indices()) {
        int index = Short.toUnsignedInt(label);
        most = Math.max(most, index == UNLABELLED ? 0 : index + 1);
      }
    }
    return IntStream.range(0, most).mapToObj(Integer::toString).toList();
  }

  @Override
  public int size() {
    return items.size();
  }

  @Override
  public List<String> classes() {
    return classes;
  }

  @Override
  public RgbImage image(int index) {
    return decoder.decode(items.get(index).image);
  }

  /**
   * Reads the classes of a picture's pixels.
   *
   * @param index of the picture, from 0
   * @return of the picture's size; indices of classes, or {@link #UNLABELLED}
   * @throws io.panamba.model.image.ImageException if its file can't be read
   * @throws DatasetException if an index is no class
   */
  public IndexImage mask(int index) {
    Item item = items.get(index);
    IndexImage mask = indices(item);
    for (short label : mask.indices()) {
      int found = Short.toUnsignedInt(label);
      if (found != UNLABELLED && found >= classes.size()) {
        throw new DatasetException(
            "%s: %s is no class of %s"
                .formatted(
                    PathText.printable(item.mask),
                    found + (zeroUnlabelled ? 1 : 0),
                    classes.size()));
      }
    }
    return mask;
  }

  private IndexImage indices(Item item) {
    IndexImage mask = decoder.decodeIndices(item.mask);
    int none = mask.isOfBytes() ? UNLABELLED_BYTE : UNLABELLED;
    short[] labels = mask.indices();
    for (int i = 0; i < labels.length; i++) {
      int index = Short.toUnsignedInt(labels[i]);
      if (index == none || (zeroUnlabelled && index == 0)) {
        labels[i] = (short) UNLABELLED;
      } else if (zeroUnlabelled) {
        labels[i]--;
      }
    }
    return mask;
  }

  /**
   * Reads a picture and its mask.
   *
   * @throws DatasetException if they are not of one size
   */
  MaskedImage masked(int index) {
    RgbImage image = image(index);
    IndexImage mask = mask(index);
    if (image.width() != mask.width() || image.height() != mask.height()) {
      throw new DatasetException(
          "%s has %s and its mask %s"
              .formatted(PathText.printable(items.get(index).image), image, mask));
    }
    return new MaskedImage(image, mask);
  }

  @Override
  public String fingerprint() {
    return fingerprint;
  }

  @Override
  public String leftOut() {
    return leftOut;
  }

  @Override
  public void close() {}
}

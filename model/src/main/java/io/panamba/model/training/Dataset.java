package io.panamba.model.training;

import io.panamba.model.files.PathText;
import io.panamba.model.image.RgbImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Pictures to learn from. Usable from many threads at once. */
public sealed interface Dataset extends AutoCloseable permits LabelledDataset, MaskDataset {
  /**
   * Opens a folder with pictures in {@code images} and {@linkplain MaskDataset masks} of their
   * classes in {@code masks}, a folder with a folder of pictures for each class, or a safetensors
   * file with the tensors {@code image}, (count, 1 or 3, height, width) of U8 or floating point,
   * and {@code label}, (count) of whole numbers. Metadata {@code range} of such a file, as {@code
   * 0..16}, says what is black and what is white; else that is 0..255 for U8 and 0..1 for others. A
   * label is at most 999, or less than the number of images if they are more.
   *
   * <p>In and below a class's folder, files with an image's ending are taken, links are followed
   * and hidden files and folders are left out; {@link #leftOut()} counts them.
   *
   * @param path the folder or file
   * @return the data, to be closed by the caller
   * @throws DatasetException if it is neither, or takes more memory than there is
   * @throws io.panamba.model.checkpoint.CheckpointException if it is a file that can't be read
   */
  static Dataset open(Path path) {
    try {
      if (Files.isDirectory(path)) {
        return MaskDataset.isOne(path) ? MaskDataset.read(path, false) : FolderDataset.read(path);
      }
      if (!Files.exists(path)) {
        throw new DatasetException(PathText.printable(path) + ": there is no such file or folder");
      }
      return TensorDataset.open(path);
    } catch (OutOfMemoryError e) {
      throw DatasetException.memory(path, e);
    }
  }

  /**
   * Returns the number of pictures.
   *
   * @return at least 1
   */
  int size();

  /**
   * Returns the names of the classes.
   *
   * @return at least two, in the order of their indices
   */
  List<String> classes();

  /**
   * Reads a picture.
   *
   * @param index of the picture, from 0
   * @return its pixels
   * @throws io.panamba.model.image.ImageException if its file can't be read
   * @throws io.panamba.model.checkpoint.CheckpointException if the file of all images has changed
   *     since it was opened, or the thread is interrupted
   * @throws DatasetException if it takes more memory than there is
   */
  RgbImage image(int index);

  /**
   * Tells this data from other, so that a run is not resumed on other data.
   *
   * @return a line of text
   */
  String fingerprint();

  /**
   * Counts what lies in a folder of data and is not used.
   *
   * @return a line of text, or nothing if all is used
   */
  default String leftOut() {
    return "";
  }

  /** Closes what the data is read from. */
  @Override
  void close();
}

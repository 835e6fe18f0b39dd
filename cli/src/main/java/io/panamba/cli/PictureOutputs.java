package io.panamba.cli;

import io.panamba.model.checkpoint.AtomicFile;
import io.panamba.model.files.PathText;
import io.panamba.runtime.PanambaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Where the PNG files that are made of images go: for one image a file, for several a folder with a
 * file for each, under its name. Each is written whole, or not at all.
 */
final class PictureOutputs {
  private final List<Path> files = new ArrayList<>();

  /**
   * Checks the places before any work is done for them.
   *
   * @param named by the user
   * @param images of which files are made
   * @param inputs of the command
   * @throws PanambaException if files can't be written there, one is an input, or two would have
   *     one name
   */
  PictureOutputs(Path named, List<Path> images, Inputs inputs) throws IOException {
    if (images.size() == 1) {
      add(named, inputs);
      return;
    }
    try {
      Files.createDirectories(named);
    } catch (IOException e) {
      throw new PanambaException(
          "%s is to be a folder for %s files, and can't be: %s"
              .formatted(PathText.printable(named), images.size(), AtomicFile.reason(e)),
          e);
    }
    Map<Path, Path> taken = new HashMap<>();
    for (Path image : images) {
      Path file = named.resolve(stem(image) + ".png");
      Path other = taken.putIfAbsent(file, image);
      if (other != null) {
        throw new PanambaException(
            "%s and %s would both become %s"
                .formatted(
                    PathText.printable(other),
                    PathText.printable(image),
                    PathText.printable(file)));
      }
      add(file, inputs);
    }
  }

  /** The name without its ending. */
  private static String stem(Path image) {
    String name = image.getFileName().toString();
    int dot = name.lastIndexOf('.');
    return dot <= 0 ? name : name.substring(0, dot);
  }

  private void add(Path named, Inputs inputs) throws IOException {
    inputs.requireOther(named);
    Path file = AtomicFile.resolve(named);
    OutputFile.requireReplaceable(file);
    AtomicFile.removeLeft(file);
    files.add(file);
  }

  /** Writes the file of an image. */
  void write(int image, byte[] png) {
    Path file = files.get(image);
    try {
      AtomicFile.write(
          file,
          channel -> {
            ByteBuffer bytes = ByteBuffer.wrap(png);
            while (bytes.hasRemaining()) {
              channel.write(bytes);
            }
          });
    } catch (IOException e) {
      throw new PanambaException(PathText.printable(file) + ": " + AtomicFile.reason(e), e);
    }
  }
}

package io.panamba.cli;

import io.panamba.model.checkpoint.Checkpoint;
import io.panamba.model.checkpoint.SidecarConfig;
import io.panamba.model.files.PathText;
import io.panamba.runtime.LibraryInfo;
import io.panamba.runtime.PanambaException;
import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The files that a command reads, none of which it may replace. */
final class Inputs {
  private record Input(String what, Path path) {}

  private final List<Input> inputs = new ArrayList<>();

  /**
   * Adds a file, or a folder of images.
   *
   * @param what the words for it, as "the data"
   */
  Inputs add(String what, Path path) {
    inputs.add(new Input(what, path));
    return this;
  }

  /** Adds a checkpoint: a file, a folder with all its files, or an index and what it names. */
  Inputs addWeights(Path weights) {
    add("the checkpoint", weights);
    if (Files.isDirectory(weights)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(weights)) {
        files.forEach(file -> add("a part of the checkpoint", file));
      } catch (IOException e) {
        throw unreadable(weights, e);
      } catch (DirectoryIteratorException e) {
        throw unreadable(weights, e.getCause());
      }
    }
    for (Path file : Checkpoint.files(weights)) {
      add("a part of the checkpoint", file);
    }
    for (Path file : SidecarConfig.files(weights)) {
      add("the configuration beside the checkpoint", file);
    }
    return this;
  }

  private static PanambaException unreadable(Path folder, IOException e) {
    return new PanambaException(
        PathText.printable(folder) + " can't be read: " + Failure.message(e), e);
  }

  /**
   * Checks that a file to be written is none of these, nor of the program, by whatever name: links,
   * hard links, and other spellings where the file system takes them for the same.
   *
   * @throws PanambaException if it is
   */
  void requireOther(Path output) throws IOException {
    if (!Files.exists(output)) {
      return;
    }
    for (Input input : inputs) {
      requireOther(output, input);
      if (Files.isDirectory(input.path)) {
        FailureLog unread = new FailureLog("", _ -> {});
        for (Path image : ImageFiles.find(List.of(input.path), unread)) {
          requireOther(output, new Input("an image of " + input.what, image));
        }
      }
    }
    for (Path file : program()) {
      requireOther(output, new Input("a part of this program", file));
    }
  }

  private static void requireOther(Path output, Input input) throws IOException {
    if (Files.exists(input.path) && Files.isSameFile(output, input.path)) {
      throw new PanambaException(
          "%s is %s, and would be replaced; name another --output".formatted(output, input.what));
    }
  }

  private static List<Path> program() {
    List<Path> files = new ArrayList<>();
    Pattern.compile(Pattern.quote(File.pathSeparator))
        .splitAsStream(System.getProperty("java.class.path", ""))
        .forEach(entry -> files.add(Path.of(entry)));
    try {
      files.add(LibraryInfo.current().path());
    } catch (PanambaException _) {
      // A library that can't be loaded is reported where it is needed.
    }
    return files;
  }
}

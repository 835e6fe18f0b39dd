package io.panamba.cli;

import io.panamba.model.checkpoint.AtomicFile;
import io.panamba.model.checkpoint.CheckpointException;
import io.panamba.model.checkpoint.SafetensorsWriter;
import io.panamba.runtime.PanambaException;
import io.panamba.runtime.Tensor;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;

/**
 * A safetensors file to be written: whole, or not at all. A link is followed; a pipe, a device and
 * standard output are written to, not replaced.
 */
final class OutputFile {
  private static final Path STANDARD_OUTPUT = Path.of("/dev/fd/1");
  private static final Path STANDARD_ERROR = Path.of("/dev/fd/2");

  private final Path named;
  private final Path file;
  private final boolean standardOutput;

  /**
   * Checks the place before any work is done for it.
   *
   * @param named by the user
   * @param inputs of the command
   * @throws PanambaException if no file can be written there, or it is an input
   */
  OutputFile(Path named, Inputs inputs) throws IOException {
    this.named = named;
    standardOutput = isSame(named, STANDARD_OUTPUT);
    inputs.requireOther(named);
    file = standardOutput ? named : resolve(named);
    if (!standardOutput && !isOther(file)) {
      requireReplaceable(file);
      AtomicFile.removeLeft(file);
    }
  }

  private static boolean isSame(Path file, Path other) throws IOException {
    return Files.exists(file) && Files.exists(other) && Files.isSameFile(file, other);
  }

  private static Path resolve(Path named) throws IOException {
    try {
      Path file = AtomicFile.resolve(named);
      // What a descriptor has open has a name of its own, and perhaps a writer with an offset.
      boolean descriptor = Files.isSymbolicLink(named) && isDescriptor(named);
      if (!isOther(file) && (descriptor || isSame(file, STANDARD_ERROR))) {
        throw new PanambaException(
            "%s is open already and can't be replaced; name another --output".formatted(named));
      }
      return file;
    } catch (IOException e) {
      throw new PanambaException(named + ": " + AtomicFile.reason(e), e);
    }
  }

  private static boolean isDescriptor(Path link) throws IOException {
    Path folder = link.toAbsolutePath().getParent().toRealPath();
    return folder.startsWith("/proc") && folder.endsWith("fd");
  }

  /** Tells a pipe, device or socket. */
  private static boolean isOther(Path file) throws IOException {
    try {
      return Files.readAttributes(file, BasicFileAttributes.class).isOther();
    } catch (NoSuchFileException _) {
      return false;
    }
  }

  /**
   * Checks that a file can be created or replaced.
   *
   * @throws PanambaException if not
   */
  static void requireReplaceable(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || Files.isDirectory(file)) {
      throw new PanambaException(file + " is a folder; name a file to write");
    }
    String wrong = null;
    if (!Files.isDirectory(folder)) {
      wrong = "there is no folder " + folder;
    } else if (!Files.isWritable(folder)) {
      wrong = "the folder %s is read-only".formatted(folder);
    } else if (isOther(file)) {
      wrong = "it is a pipe or device";
    } else if (Files.exists(file) && !Files.isWritable(file)) {
      wrong = "it is read-only";
    } else if (Mounts.contain(file)) {
      wrong = "it is mounted by itself, and no other file can take its place; mount its folder";
    }
    if (wrong != null) {
      throw new PanambaException("%s can't be written: %s".formatted(file, wrong));
    }
  }

  /** Returns the file that is replaced: where a link that was named leads. */
  Path file() {
    return file;
  }

  /** Tells whether it is the process's standard output, by whatever name. */
  boolean isStandardOutput() {
    return standardOutput;
  }

  /** Returns where the command's own lines go, which may not be among the tensors. */
  PrintWriter messages(CommandSpec spec) {
    return standardOutput ? spec.commandLine().getErr() : spec.commandLine().getOut();
  }

  void write(Map<String, Tensor> tensors, Map<String, String> metadata) {
    if (!standardOutput) {
      SafetensorsWriter.write(file, tensors, metadata);
      return;
    }
    // By the descriptor, whose offset and mode are the caller's; it stays open.
    @SuppressWarnings("resource")
    FileChannel channel = new FileOutputStream(FileDescriptor.out).getChannel();
    try {
      SafetensorsWriter.write(channel, tensors, metadata);
    } catch (IOException e) {
      throw new CheckpointException(named, AtomicFile.reason(e), e);
    }
  }
}

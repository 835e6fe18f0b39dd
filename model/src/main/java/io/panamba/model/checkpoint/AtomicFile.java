package io.panamba.model.checkpoint;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Writes files whole or not at all: to a temporary file beside the target, which takes the target's
 * place once it is complete and on the disk. If writing fails, or the process is killed, the target
 * is what it was.
 */
public final class AtomicFile {
  private AtomicFile() {}

  /** What is to be in a file. */
  @FunctionalInterface
  public interface Content {
    /**
     * Writes all of it, in order.
     *
     * @param channel where to
     * @throws IOException if that fails
     */
    void writeTo(WritableByteChannel channel) throws IOException;
  }

  /**
   * Writes a file. It has the permissions of the file that it replaces, or else those of any new
   * file; its owner is the process's user, and of a file with several names only this one is
   * replaced. A pipe or device can't be replaced: what it gets before a failure it has got.
   *
   * @param target a file that may exist, a pipe or a device
   * @param content what to write
   * @throws IOException if the file can't be written, or is a folder or a link to a file or to
   *     nothing
   */
  public static void write(Path target, Content content) throws IOException {
    BasicFileAttributes attributes = attributes(target);
    if (attributes != null && attributes.isOther()) {
      try (FileChannel channel = FileChannel.open(target, StandardOpenOption.WRITE)) {
        content.writeTo(channel);
      }
      return;
    }
    if (Files.isSymbolicLink(target)) {
      throw new FileSystemException(target.toString(), null, "it is a link");
    }
    if (attributes != null && attributes.isDirectory()) {
      throw new FileSystemException(target.toString(), null, "it is a folder");
    }
    try (TemporaryFile temporary = TemporaryFile.beside(target)) {
      content.writeTo(temporary.channel());
      temporary.channel().force(true);
      temporary.moveTo(target);
    }
    syncFolder(target.toAbsolutePath().getParent());
  }

  /** Returns those of what a path leads to, or null if that is nothing. */
  private static BasicFileAttributes attributes(Path path) throws IOException {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class);
    } catch (NoSuchFileException _) {
      return null;
    }
  }

  /**
   * Follows links to the file that a name stands for.
   *
   * @param path any
   * @return the path itself if it is no link, or leads to a pipe or device; else the file's own
   * @throws IOException if it is a link that leads nowhere, or in a circle
   */
  public static Path resolve(Path path) throws IOException {
    if (!Files.isSymbolicLink(path)) {
      return path;
    }
    BasicFileAttributes attributes = attributes(path);
    if (attributes == null) {
      throw new FileSystemException(
          path.toString(),
          null,
          "it is a link to %s, which does not exist".formatted(Files.readSymbolicLink(path)));
    }
    return attributes.isOther() ? path : path.toRealPath();
  }

  /**
   * Removes the temporary files of processes that were killed while they wrote a file. What is
   * still being written stays.
   *
   * @param target the file, in a folder that exists
   * @throws IOException if the folder can't be read or a file not be deleted
   */
  public static void removeLeft(Path target) throws IOException {
    TemporaryFile.removeLeft(target);
  }

  /**
   * Says why a file can't be written.
   *
   * @param e of {@link #write} or {@link #resolve}
   * @return words that follow a file's name and a colon
   */
  public static String reason(IOException e) {
    return "the file can't be written: "
        + switch (e) {
          case AccessDeniedException _ -> "permission denied";
          case NoSuchFileException _ -> "there is no such folder";
          case FileSystemException known when known.getReason() != null -> known.getReason();
          default -> e.getMessage() == null ? e.toString() : e.getMessage();
        };
  }

  /** Makes the new name last through a failure of power too, where a folder can be opened. */
  private static void syncFolder(Path folder) throws IOException {
    if (File.separatorChar == '/') {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      } catch (AccessDeniedException _) {
        // A folder that may be written but not read.
      }
    }
  }
}

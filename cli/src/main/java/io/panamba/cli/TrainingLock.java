package io.panamba.cli;

import io.panamba.model.files.PathText;
import io.panamba.runtime.PanambaException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Keeps a second training from a file that one writes, in any process: a lock on a file beside it,
 * which the system takes back whenever the process ends.
 */
final class TrainingLock implements AutoCloseable {
  /** Those of this process: its locks don't keep itself out, and a second open loses them. */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path file;
  private final FileChannel channel;

  private TrainingLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Takes the lock.
   *
   * @param written not a link
   * @param warnings told if the file system has no locks; the training is then unguarded
   * @throws PanambaException if another training has it
   */
  static TrainingLock take(Path written, Consumer<String> warnings) throws IOException {
    Path folder = written.toAbsolutePath().getParent().toRealPath();
    Path file = folder.resolve(PathText.path("." + PathText.of(written.getFileName()) + ".lock"));
    if (!HELD.add(file)) {
      throw taken(written);
    }
    try {
      FileChannel channel;
      do {
        channel = tryOnce(file, written, warnings);
      } while (channel == null);
      return new TrainingLock(file, channel);
    } catch (IOException | RuntimeException | Error e) {
      HELD.remove(file);
      throw e;
    }
  }

  /** Opens and locks; null if the file lost its name meanwhile, to one who gave its lock back. */
  private static FileChannel tryOnce(Path file, Path written, Consumer<String> warnings)
      throws IOException {
    Optional<Object> before = key(file);
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
    boolean locked = false;
    try {
      Optional<Object> opened = key(file);
      lock(channel, written, warnings);
      locked =
          opened.isPresent()
              && opened.equals(before.isPresent() ? before : opened)
              && opened.equals(key(file));
      return locked ? channel : null;
    } finally {
      if (!locked) {
        channel.close();
      }
    }
  }

  /** Tells files apart that had the same name one after the other; empty if there is none. */
  private static Optional<Object> key(Path file) throws IOException {
    try {
      BasicFileAttributes attributes =
          Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      if (!attributes.isRegularFile()) {
        throw new PanambaException(file + " is in the way: it is no lock of a training");
      }
      return Optional.of(Objects.requireNonNullElse(attributes.fileKey(), file));
    } catch (NoSuchFileException _) {
      return Optional.empty();
    }
  }

  private static void lock(FileChannel channel, Path written, Consumer<String> warnings) {
    try {
      if (channel.tryLock() == null) {
        throw taken(written);
      }
    } catch (OverlappingFileLockException _) {
      throw taken(written);
    } catch (IOException e) {
      warnings.accept(
          "the file system of %s has no locks (%s): see that no other training writes it"
              .formatted(written, e.getMessage()));
    }
  }

  private static PanambaException taken(Path written) {
    return new PanambaException(
        "another training writes %s: wait for its end or name another --output".formatted(written));
  }

  /** Gives the lock back. The file goes first: who opens it after that makes a new one. */
  @Override
  public void close() throws IOException {
    try {
      Files.deleteIfExists(file);
      channel.close();
    } finally {
      HELD.remove(file);
    }
  }
}

package io.panamba.model.checkpoint;

import io.panamba.model.files.PathText;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/**
 * A file that is being written and will take another's place. It is deleted when it is closed
 * before that, and when the process is ended by a signal that can be caught; one that was killed
 * leaves it, without the lock by which {@link #removeLeft} knows the living.
 */
final class TemporaryFile implements AutoCloseable {
  /** The longest part of a target's name that is kept: file systems take 255 bytes in all. */
  private static final int READABLE = 120;

  private static final Pattern PLAIN = Pattern.compile("[-A-Za-z0-9._]{1,%s}".formatted(READABLE));

  /** Those of this process: its locks don't keep itself out. */
  private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();

  private final Path path;
  private final Thread hook = new Thread(this::delete, "panamba-temporary-file");
  private FileChannel channel;
  private boolean deleted;

  private TemporaryFile(Path path) {
    this.path = path;
  }

  /**
   * Creates a file beside a target, with the target's permissions if there is one.
   *
   * @throws IOException if it can't be created, or the process is about to end
   */
  static TemporaryFile beside(Path target) throws IOException {
    Path absolute = target.toAbsolutePath();
    TemporaryFile file =
        new TemporaryFile(absolute.resolveSibling(prefix(target) + UUID.randomUUID() + ".part"));
    try {
      Runtime.getRuntime().addShutdownHook(file.hook);
    } catch (IllegalStateException e) {
      throw new IOException("the process is ending", e);
    }
    OPEN.add(file.path);
    try {
      file.create(absolute);
      return file;
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /** Exclusively: a link or file that somebody put at this name is not opened. */
  private synchronized void create(Path target) throws IOException {
    if (deleted) {
      throw new IOException("the process is ending");
    }
    Set<PosixFilePermission> permissions = permissions(target);
    FileAttribute<?>[] attributes =
        permissions == null
            ? new FileAttribute<?>[0]
            : new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(permissions)};
    channel =
        FileChannel.open(
            path, Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW), attributes);
    tryLock(channel);
    if (permissions != null) {
      // The process's mask may have taken some.
      Files.setPosixFilePermissions(path, permissions);
    }
  }

  /** Returns those of a file to be replaced, or null for a new file's. */
  private static Set<PosixFilePermission> permissions(Path target) throws IOException {
    PosixFileAttributeView view =
        Files.getFileAttributeView(target, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
    try {
      return view == null ? null : view.readAttributes().permissions();
    } catch (NoSuchFileException _) {
      return null;
    }
  }

  FileChannel channel() {
    return channel;
  }

  /** Takes the target's place. */
  void moveTo(Path target) throws IOException {
    Files.move(path, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private synchronized void delete() {
    deleted = true;
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      System.getLogger(TemporaryFile.class.getName())
          .log(System.Logger.Level.WARNING, "a temporary file stays behind: " + path, e);
    }
  }

  /** Deletes the file if it has not taken its target's place. */
  @Override
  public void close() throws IOException {
    try {
      delete();
      if (channel != null) {
        channel.close();
      }
    } finally {
      OPEN.remove(path);
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException _) {
        // It runs, or has run.
      }
    }
  }

  /**
   * Removes what processes left that were killed while they wrote a file. What is still being
   * written stays, and so does all of a file system without locks.
   *
   * @param target whose temporary files are meant
   * @throws IOException if the folder can't be read
   */
  static void removeLeft(Path target) throws IOException {
    Pattern left = Pattern.compile(Pattern.quote(prefix(target)) + "[-0-9a-f]{36}\\.part");
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(
            target.toAbsolutePath().getParent(),
            file -> left.matcher(file.getFileName().toString()).matches())) {
      for (Path file : files) {
        if (!OPEN.contains(file) && isLeft(file)) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  private static boolean isLeft(Path file) {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
      return tryLock(channel);
    } catch (IOException _) {
      return false;
    }
  }

  /** Locks a file until the channel closes, or the process ends; false if another has it. */
  private static boolean tryLock(FileChannel channel) {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (IOException | OverlappingFileLockException _) {
      return false;
    }
  }

  /**
   * What names of a target's temporary files begin with: its own name, or what is plain and short
   * of it and a sum. Any file system and locale takes that.
   */
  private static String prefix(Path target) {
    String name = PathText.of(target.getFileName());
    if (PLAIN.matcher(name).matches()) {
      return "." + name + ".";
    }
    CRC32 sum = new CRC32();
    sum.update(name.getBytes(StandardCharsets.UTF_8));
    String plain = name.replaceAll("[^-A-Za-z0-9._]", "_");
    return ".%s~%s."
        .formatted(
            plain.substring(0, Math.min(READABLE, plain.length())),
            HexFormat.of().toHexDigits((int) sum.getValue()));
  }
}

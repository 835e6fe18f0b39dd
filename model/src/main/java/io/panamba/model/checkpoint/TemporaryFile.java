package io.panamba.model.checkpoint;

import io.panamba.model.files.PathText;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
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

  /** How often a new file may be taken for one that was left. */
  private static final int ATTEMPTS = 100;

  /**
   * Those of this process, in folders without links: its locks don't keep itself out, and are gone
   * when it closes the file under another name.
   */
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
    Path folder = folder(target);
    for (int i = 0; i < ATTEMPTS; i++) {
      TemporaryFile file =
          new TemporaryFile(folder.resolve(prefix(target) + UUID.randomUUID() + ".part"));
      if (file.open(target)) {
        return file;
      }
    }
    throw new IOException("another process removes its temporary files");
  }

  private static Path folder(Path target) throws IOException {
    return target.toAbsolutePath().getParent().toRealPath();
  }

  /** Returns false if another process took the file for one that was left. */
  private boolean open(Path target) throws IOException {
    try {
      Runtime.getRuntime().addShutdownHook(hook);
    } catch (IllegalStateException e) {
      throw new IOException("the process is ending", e);
    }
    OPEN.add(path);
    boolean opened = false;
    try {
      opened = create(target);
      return opened;
    } finally {
      if (!opened) {
        close();
      }
    }
  }

  /**
   * Exclusively: a link or file that somebody put at this name is not opened. Until it is locked
   * another process may take it for one that was left: it then has the lock, or has deleted the
   * file under the lock.
   */
  private synchronized boolean create(Path target) throws IOException {
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
    if (lock(channel) == Lock.OTHERS || !Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    if (permissions != null) {
      // The process's mask may have taken some.
      Files.setPosixFilePermissions(path, permissions);
    }
    return true;
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
            folder(target), file -> left.matcher(file.getFileName().toString()).matches())) {
      for (Path file : files) {
        if (!OPEN.contains(file)) {
          removeIfLeft(file);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
  }

  /** Deletes a file under its lock, so that whoever has just made it and locks it next sees it. */
  private static void removeIfLeft(Path file) throws IOException {
    try (FileChannel channel = openToRemove(file)) {
      if (channel != null && lock(channel) == Lock.OURS) {
        Files.deleteIfExists(file);
      }
    }
  }

  private static FileChannel openToRemove(Path file) {
    try {
      return FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
    } catch (IOException _) {
      // A link, another user's, or gone.
      return null;
    }
  }

  /** Who has a file's lock. */
  private enum Lock {
    OURS,
    OTHERS,
    /** The file system has none. */
    NOBODYS
  }

  /** Locks a file until the channel closes, or the process ends. */
  private static Lock lock(FileChannel channel) {
    try {
      return channel.tryLock() == null ? Lock.OTHERS : Lock.OURS;
    } catch (OverlappingFileLockException _) {
      return Lock.OTHERS;
    } catch (IOException _) {
      return Lock.NOBODYS;
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

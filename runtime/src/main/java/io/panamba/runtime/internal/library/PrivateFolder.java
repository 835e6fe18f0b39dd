package io.panamba.runtime.internal.library;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A folder to which nobody but this process's user can write. Whoever can write to the folder of a
 * library can replace it between the check of its hash and its loading; and who can write to a
 * folder or owns a link on the way to it can replace it as a whole.
 */
final class PrivateFolder {
  private static final int STICKY = 01000;
  private static final int OTHERS_WRITE = 022;
  private static final int MAX_LINKS = 40;
  private static final Integer ROOT = 0;

  private PrivateFolder() {}

  /** Creates the folder with access for its owner alone, or checks the one that is there. */
  static void prepare(Path folder) throws Refusal {
    create(folder);
    check(folder);
  }

  private static void create(Path folder) throws Refusal {
    if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    FileAttribute<?>[] attributes =
        isPosix()
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
            }
            : new FileAttribute<?>[0];
    try {
      Files.createDirectories(folder, attributes);
    } catch (FileAlreadyExistsException e) {
      throw new Refusal(e.getFile() + " is not a folder", e);
    } catch (IOException e) {
      throw Refusal.of("it can't be created", e);
    }
  }

  private static void check(Path folder) throws Refusal {
    try {
      BasicFileAttributes attributes =
          Files.readAttributes(folder, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      if (attributes.isSymbolicLink()) {
        throw new Refusal("it is a symbolic link; name the folder that it points to");
      }
      if (!attributes.isDirectory()) {
        throw new Refusal("it is not a folder");
      }
      if (isPosix()) {
        checkPermissions(folder);
      }
      UserPrincipal self = checkOwner(folder);
      if (isPosix()) {
        checkWay(folder, self);
      }
    } catch (IOException e) {
      throw Refusal.of("it can't be examined", e);
    }
  }

  private static void checkPermissions(Path folder) throws IOException, Refusal {
    Set<PosixFilePermission> permissions =
        Files.readAttributes(folder, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
            .permissions();
    if (writableByOthers(permissions)) {
      throw new Refusal(
          "others may write to it (%s); take that away with chmod go-w"
              .formatted(PosixFilePermissions.toString(permissions)));
    }
  }

  /**
   * Checks the folders and links by which the system gets to a folder, links followed by hand. They
   * have to be the user's or root's, and only in folders with the sticky bit may others write:
   * there nobody can rename or delete what is not theirs.
   */
  private static void checkWay(Path folder, UserPrincipal self) throws IOException, Refusal {
    Deque<Path> left = new ArrayDeque<>();
    folder.toAbsolutePath().forEach(left::add);
    Path at = folder.toAbsolutePath().getRoot();
    // In a user namespace root has another number: that of the owner of the root of all folders.
    Set<UserPrincipal> trusted = new HashSet<>(List.of(self, Files.getOwner(at)));
    int links = 0;
    while (!left.isEmpty()) {
      requireSafe(at, trusted);
      Path entry = at.resolve(left.pop()).normalize();
      if (!Files.isSymbolicLink(entry)) {
        at = entry;
        continue;
      }
      requireTrusted(entry, trusted);
      if (++links > MAX_LINKS) {
        throw new Refusal("more than %d links lead to it".formatted(MAX_LINKS));
      }
      Path target = Files.readSymbolicLink(entry);
      at = target.isAbsolute() ? target.getRoot() : at;
      for (int i = target.getNameCount() - 1; i >= 0; i--) {
        left.push(target.getName(i));
      }
    }
  }

  private static void requireSafe(Path above, Set<UserPrincipal> trusted)
      throws IOException, Refusal {
    int mode = (int) Files.getAttribute(above, "unix:mode");
    if ((mode & OTHERS_WRITE) != 0 && (mode & STICKY) == 0) {
      throw new Refusal(
          "others may replace it, since they may write to %s, which lacks the sticky bit"
              .formatted(above));
    }
    requireTrusted(above, trusted);
  }

  private static void requireTrusted(Path path, Set<UserPrincipal> trusted)
      throws IOException, Refusal {
    UserPrincipal owner = Files.getOwner(path, LinkOption.NOFOLLOW_LINKS);
    if (!trusted.contains(owner)
        && !Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS).equals(ROOT)) {
      throw new Refusal("%s may replace it, to whom %s belongs".formatted(owner.getName(), path));
    }
  }

  /** A file created by this process shows as whom it acts, which no property tells reliably. */
  private static UserPrincipal checkOwner(Path folder) throws IOException, Refusal {
    UserPrincipal owner = Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS);
    Path probe;
    try {
      // A name of Files.createTempFile would take Java's random numbers, and they 10 ms to start.
      long thread = Thread.currentThread().threadId();
      String name =
          "probe-" + ProcessHandle.current().pid() + "-" + thread + "-" + System.nanoTime();
      probe = Files.createFile(folder.resolve(name + ".tmp"));
    } catch (IOException e) {
      throw Refusal.of("it can't be written to", e);
    }
    UserPrincipal self;
    try {
      self = Files.getOwner(probe, LinkOption.NOFOLLOW_LINKS);
    } finally {
      Files.delete(probe);
    }
    if (isPosix() && !owner.equals(self)) {
      throw new Refusal("it belongs to %s, not to %s".formatted(owner.getName(), self.getName()));
    }
    return self;
  }

  /** Whether a file in such a folder is a regular one that nobody else could have written. */
  static boolean isPrivateFile(Path file) throws IOException {
    try {
      if (!isPosix()) {
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
      }
      PosixFileAttributes attributes =
          Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return attributes.isRegularFile()
          && !writableByOthers(attributes.permissions())
          && attributes.owner().equals(Files.getOwner(file.toAbsolutePath().getParent()));
    } catch (NoSuchFileException _) {
      return false;
    }
  }

  private static boolean writableByOthers(Set<PosixFilePermission> permissions) {
    return permissions.contains(PosixFilePermission.GROUP_WRITE)
        || permissions.contains(PosixFilePermission.OTHERS_WRITE);
  }

  private static boolean isPosix() {
    return FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
  }
}

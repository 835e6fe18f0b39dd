package io.panamba.runtime;

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
import java.util.Set;

/**
 * A folder to which nobody but this process's user can write. Whoever can write to the folder of a
 * library can replace it between the check of its hash and its loading.
 */
final class PrivateFolder {
  private static final int STICKY = 01000;
  private static final int OTHERS_WRITE = 02;

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
      checkOwner(folder);
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
    // In a folder where anybody may rename entries, this one can be replaced as a whole.
    for (Path above = folder.toRealPath().getParent(); above != null; above = above.getParent()) {
      int mode = (int) Files.getAttribute(above, "unix:mode");
      if ((mode & OTHERS_WRITE) != 0 && (mode & STICKY) == 0) {
        throw new Refusal("anybody may replace it, since " + above + " lacks the sticky bit");
      }
    }
  }

  /** A file created by this process shows as whom it acts, which no property tells reliably. */
  private static void checkOwner(Path folder) throws IOException, Refusal {
    UserPrincipal owner = Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS);
    Path probe;
    try {
      probe = Files.createTempFile(folder, "probe-", ".tmp");
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

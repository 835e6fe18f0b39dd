package io.panamba.model.files;

import io.panamba.runtime.PanambaException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.StringJoiner;

/**
 * Finds images in folders, by one rule for every command.
 *
 * <ul>
 *   <li>A file with an image's ending, in capitals or not, is an image.
 *   <li>Links to files and folders are followed. A file is taken under each of its names; a folder
 *       is searched once, under the first in order, and never one above the start, so that links
 *       that lead in circles end.
 *   <li>What begins with a dot, and what systems leave in folders, is hidden, and left out with all
 *       that is below it.
 *   <li>Names are compared by their bytes, so that the order is the same in every locale.
 * </ul>
 *
 * <p>What is left out is counted; what can't be read is kept for the caller to report.
 */
public final class ImageSearch {
  private static final Set<String> ENDINGS =
      Set.of("jpg", "jpeg", "jpe", "png", "gif", "bmp", "tif", "tiff", "webp");

  /** What macOS, Synology and Windows leave in folders and archives, beside names with a dot. */
  private static final Set<String> SYSTEM =
      Set.of("__macosx", "@eadir", "thumbs.db", "desktop.ini");

  private final List<PanambaException> failures = new ArrayList<>();
  private final Set<Path> above = new HashSet<>();
  private final Set<Path> searched = new HashSet<>();
  private List<Path> images = new ArrayList<>();
  private int hidden;
  private int others;
  private int beside;
  private int again;

  /** Starts with nothing found. */
  public ImageSearch() {}

  /**
   * Finds the images in and below a folder. Every call searches anew.
   *
   * @param folder any, hidden or not
   * @return their paths, which begin with the folder's, in order
   */
  public List<Path> images(Path folder) {
    images = new ArrayList<>();
    searched.clear();
    try {
      Path real = folder.toRealPath();
      searched.add(real);
      addAbove(real);
      search(folder);
    } catch (IOException e) {
      fail(folder, e);
    }
    images.sort(null);
    return images;
  }

  /**
   * Finds the folders that lie in a folder. Later searches don't follow links back to it.
   *
   * @param folder any, hidden or not
   * @return their paths, which begin with the folder's, in order
   */
  public List<Path> folders(Path folder) {
    List<Path> folders = new ArrayList<>();
    try {
      Path real = folder.toRealPath();
      above.add(real);
      addAbove(real);
    } catch (IOException e) {
      fail(folder, e);
      return folders;
    }
    for (Path entry : entries(folder)) {
      BasicFileAttributes attributes = attributes(entry);
      if (attributes == null) {
        continue;
      }
      if (attributes.isDirectory()) {
        folders.add(entry);
      } else {
        beside++;
      }
    }
    return folders;
  }

  private void addAbove(Path real) {
    for (Path parent = real.getParent(); parent != null; parent = parent.getParent()) {
      above.add(parent);
    }
  }

  private void search(Path folder) {
    for (Path entry : entries(folder)) {
      BasicFileAttributes attributes = attributes(entry);
      if (attributes == null) {
        continue;
      }
      if (attributes.isDirectory()) {
        if (isNew(entry)) {
          search(entry);
        }
      } else if (attributes.isRegularFile() && isImage(entry)) {
        images.add(entry);
      } else {
        others++;
      }
    }
  }

  private boolean isNew(Path folder) {
    try {
      Path real = folder.toRealPath();
      if (!above.contains(real) && searched.add(real)) {
        return true;
      }
      again++;
    } catch (IOException e) {
      fail(folder, e);
    }
    return false;
  }

  /** What lies in a folder and is not hidden, in order. */
  private List<Path> entries(Path folder) {
    List<Path> entries = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      for (Path entry : stream) {
        if (isHidden(entry)) {
          hidden++;
        } else {
          entries.add(entry);
        }
      }
    } catch (DirectoryIteratorException e) {
      fail(folder, e.getCause());
    } catch (IOException e) {
      fail(folder, e);
    }
    // Unix compares paths by their bytes.
    entries.sort(null);
    return entries;
  }

  /** What a path leads to, or null where it can't be told. */
  private BasicFileAttributes attributes(Path entry) {
    try {
      return Files.readAttributes(entry, BasicFileAttributes.class);
    } catch (IOException e) {
      // A link to itself has no exception of its own.
      if (e.getClass() == FileSystemException.class && Files.isSymbolicLink(entry)) {
        again++;
      } else {
        fail(entry, e);
      }
      return null;
    }
  }

  private void fail(Path path, IOException e) {
    String reason =
        switch (e) {
          case NoSuchFileException _ when Files.isSymbolicLink(path) -> "the link leads nowhere";
          case NoSuchFileException _ -> "it does not exist";
          case AccessDeniedException _ -> "it may not be opened";
          case FileSystemException system when system.getReason() != null -> system.getReason();
          default -> e.toString();
        };
    failures.add(new PanambaException(PathText.printable(path) + ": " + reason, e));
  }

  private static boolean isHidden(Path entry) {
    String name = PathText.of(entry.getFileName());
    return name.startsWith(".") || SYSTEM.contains(name.toLowerCase(Locale.ROOT));
  }

  /** Of UTF-8: in other charsets a byte without meaning may take the dot with it. */
  private static boolean isImage(Path entry) {
    String name = PathText.of(entry.getFileName());
    int dot = name.lastIndexOf('.');
    return dot >= 0 && ENDINGS.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
  }

  /**
   * Returns what could not be read so far: folders, and links that lead nowhere.
   *
   * @return an exception for each, which names it
   */
  public List<PanambaException> failures() {
    return List.copyOf(failures);
  }

  /**
   * Counts what was left out so far.
   *
   * @return a line of text, or nothing if nothing was
   */
  public String leftOut() {
    StringJoiner counts = new StringJoiner(", ");
    count(counts, hidden, "hidden file or folder", "hidden files and folders");
    count(counts, others, "file without an image's ending", "files without an image's ending");
    count(
        counts,
        beside,
        "file beside the folders of classes",
        "files beside the folders of classes");
    count(counts, again, "link to a folder searched already", "links to folders searched already");
    return counts.length() == 0 ? "" : "left out: " + counts;
  }

  private static void count(StringJoiner counts, int count, String one, String several) {
    if (count > 0) {
      counts.add(count + " " + (count == 1 ? one : several));
    }
  }
}

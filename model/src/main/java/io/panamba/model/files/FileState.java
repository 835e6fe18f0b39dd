package io.panamba.model.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.function.Function;

/** What a file was when it was opened: tells whether something wrote to it since. */
public final class FileState {
  /** What is wrong with a file of which {@link #isChanged} is true. */
  public static final String CHANGED =
      "the file changed while it was read: something else writes to it";

  private final Path path;
  private final BasicFileAttributes attributes;

  private FileState(Path path, BasicFileAttributes attributes) {
    this.path = path;
    this.attributes = attributes;
  }

  /**
   * Requires a regular file, or a link to one, before it is opened: opening a pipe waits for its
   * writer, and reading a device may have no end.
   *
   * @param path the file
   * @param what what it should be, with its article
   * @param refusal makes an exception of what is wrong
   * @param <X> that exception
   * @throws X if the file is another kind of file
   * @throws IOException if it can't be asked for, as when there is none
   */
  public static <X extends Exception> void requireRegular(
      Path path, String what, Function<String, X> refusal) throws X, IOException {
    BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
    if (!attributes.isRegularFile()) {
      throw refusal.apply(
          attributes.isDirectory()
              ? "%s is expected, this is a folder".formatted(what)
              : "%s is expected, this is no regular file but a pipe, a device or a socket"
                  .formatted(what));
    }
  }

  /**
   * Remembers a file.
   *
   * @param path a file that is open: if another one took its name meanwhile, mostly the sizes tell
   * @return its size, identity and time of change
   * @throws IOException if they can't be asked for
   */
  public static FileState of(Path path) throws IOException {
    return new FileState(path, Files.readAttributes(path, BasicFileAttributes.class));
  }

  /**
   * Returns the size.
   *
   * @return bytes
   */
  public long size() {
    return attributes.size();
  }

  /**
   * Tells whether something wrote to the file. A file that was removed, or whose name another one
   * has taken, is as it was.
   *
   * @param size the size that the open file has now
   * @return whether its size or its time of change is another one
   * @throws IOException if they can't be asked for
   */
  public boolean isChanged(long size) throws IOException {
    if (size != size()) {
      return true;
    }
    try {
      BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
      return Objects.equals(now.fileKey(), attributes.fileKey())
          && !now.lastModifiedTime().equals(attributes.lastModifiedTime());
    } catch (NoSuchFileException _) {
      return false;
    }
  }
}

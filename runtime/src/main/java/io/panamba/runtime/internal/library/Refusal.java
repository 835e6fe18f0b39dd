package io.panamba.runtime.internal.library;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Why a candidate on the way to the native library is not used; another one may do. */
public final class Refusal extends Exception {
  private static final long serialVersionUID = 1L;

  public Refusal(String reason) {
    super(reason);
  }

  public Refusal(String reason, Throwable cause) {
    super(reason, cause);
  }

  /** Says what a failed access to files means, since their exceptions' messages are bare paths. */
  public static Refusal of(String doing, IOException failure) {
    String reason =
        switch (failure) {
          case AccessDeniedException _ -> "permission denied";
          case NoSuchFileException missing -> "there is no " + missing.getFile();
          case FileAlreadyExistsException present -> present.getFile() + " is in the way";
          case FileSystemException other when other.getReason() != null -> other.getReason();
          default -> failure.toString();
        };
    return new Refusal(doing + ": " + reason, failure);
  }
}

package io.panamba.model.memory;

import com.sun.management.OperatingSystemMXBean;
import io.panamba.runtime.Arenas;
import io.panamba.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** Memory for what a long inference holds of its whole sequence. */
public final class LongMemory {
  private static final int BLOCK = 1 << 22;

  private LongMemory() {}

  /**
   * Allocates memory outside the heap, backed by the machine's memory.
   *
   * @param bytes how much
   * @param arena the owner
   * @return the memory
   * @throws WorkspaceException if there is not so much
   */
  public static MemorySegment inMemory(long bytes, Arena arena) {
    // A system may promise more than it has, and end the process that takes it at its word.
    long all = machineBytes();
    if (bytes > all) {
      throw new WorkspaceException(
          "%s of memory are needed, and this machine has %s; name a folder for a temporary file"
              .formatted(gigabytes(bytes), gigabytes(all)));
    }
    try {
      return arena.allocate(bytes, Tensor.ALIGNMENT);
    } catch (OutOfMemoryError e) {
      throw new WorkspaceException(
          "%s of memory are needed, and are not to be had; name a folder for a temporary file"
              .formatted(gigabytes(bytes)),
          e);
    }
  }

  /**
   * Maps a temporary file. On Unix it loses its name as soon as it is open: when the process ends,
   * in whatever way, the system takes its space back. Elsewhere it is deleted when it is closed.
   *
   * @param bytes how much
   * @param folder where the file will be
   * @param arena the owner
   * @return the memory
   * @throws WorkspaceException if the folder has not so much room
   * @throws InferenceInterruptedException if the thread is interrupted meanwhile
   */
  public static MemorySegment inFile(long bytes, Path folder, Arena arena) {
    Path file = folder.resolve("panamba-" + UUID.randomUUID() + ".tmp");
    try {
      requireSpace(bytes, folder);
      try (FileChannel channel =
          FileChannel.open(
              file,
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.DELETE_ON_CLOSE)) {
        fill(channel, bytes);
        Arena mapping = Arenas.shared();
        MemorySegment memory = channel.map(MapMode.READ_WRITE, 0, bytes, mapping);
        return Arenas.bind(arena, memory, bytes, _ -> mapping.close());
      }
    } catch (ClosedByInterruptException _) {
      throw new InferenceInterruptedException(
          "the thread was interrupted while its temporary file was written");
    } catch (IOException e) {
      throw new WorkspaceException(
          "no temporary file of %s in %s: %s".formatted(gigabytes(bytes), folder, e), e);
    }
  }

  /** Of an inference that needs more memory than the machine has. */
  static WorkspaceException notThere(long bytes) {
    return new WorkspaceException(
        "an inference needs more than %s of memory, and this machine has %s; take a smaller batch or image"
            .formatted(gigabytes(bytes), gigabytes(machineBytes())));
  }

  /**
   * Explains that memory is in use or beyond a limit.
   *
   * @param e what was thrown
   * @return the exception to throw
   */
  public static WorkspaceException notToBeHad(OutOfMemoryError e) {
    return new WorkspaceException(
        "an inference's memory is not to be had (%s); take a smaller batch or image"
            .formatted(e.getMessage()),
        e);
  }

  /** The memory of the machine or of the container; without the module that knows it, any. */
  static long machineBytes() {
    try {
      return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
          ? system.getTotalMemorySize()
          : Long.MAX_VALUE;
    } catch (NoClassDefFoundError _) {
      return Long.MAX_VALUE;
    }
  }

  private static void requireSpace(long bytes, Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new WorkspaceException("there is no folder " + folder + " for a temporary file");
    }
    FileStore store = Files.getFileStore(folder);
    long free = store.getUsableSpace();
    if (free < bytes) {
      throw new WorkspaceException(
          "a temporary file of %s does not fit %s, which has %s left; name another folder"
              .formatted(gigabytes(bytes), folder, gigabytes(free)));
    }
  }

  /**
   * Takes the space now. A file with holes could be mapped too, but if the disk were full when one
   * is first written to, the process would be killed.
   */
  private static void fill(FileChannel channel, long bytes) throws IOException {
    ByteBuffer zeros = ByteBuffer.allocateDirect(BLOCK);
    for (long done = 0; done < bytes; ) {
      zeros.position(0).limit((int) Math.min(BLOCK, bytes - done));
      done += channel.write(zeros);
    }
  }

  private static String gigabytes(long bytes) {
    return "%.2f GB".formatted(bytes / 1e9);
  }
}

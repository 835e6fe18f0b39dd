package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.panamba_cuda_scan_args;
import io.panamba.bindings.panamba_h;
import io.panamba.runtime.Device;
import io.panamba.runtime.internal.struct.Addresses;
import io.panamba.runtime.internal.struct.OperationStructs;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.SelectiveScan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Writes the structs of panamba_cuda.h. Those that it shares with panamba.h are written alike. */
final class CudaArguments {
  /** Rows of the chunks that a scan is cut into; {@code auto} lets the library choose. */
  static final String CHUNK = "panamba.cuda.chunk";

  private final Addresses addresses;
  private final OperationStructs structs;
  private final CudaContext context;
  private final Arena arena;

  CudaArguments(Device device, CudaContext context, Arena arena) {
    this.addresses = new Addresses(device);
    this.structs = new OperationStructs(arena, addresses);
    this.context = context;
    this.arena = arena;
  }

  /** The memory that the structs name. */
  Addresses addresses() {
    return addresses;
  }

  /** Writes a struct that the two libraries share. */
  MemorySegment shared(Operation op) {
    return structs.arguments(op);
  }

  MemorySegment scan(SelectiveScan op) {
    MemorySegment args = panamba_cuda_scan_args.allocate(arena);
    panamba_cuda_scan_args.scan(args).copyFrom(structs.arguments(op));
    panamba_cuda_scan_args.gate_activation(args, panamba_h.PANAMBA_ACTIVATION_NONE());
    panamba_cuda_scan_args.chunk(args, chunk(args, op));
    return args;
  }

  /**
   * The bits of an image's results depend on the chunk. Whoever does not ask for one gets the same
   * for every batch: none.
   */
  private long chunk(MemorySegment args, SelectiveScan op) {
    String wanted = System.getProperty(CHUNK, "0");
    if (wanted.equals("auto")) {
      long chunk = context.api().scanChunk(args);
      requireAccepted(chunk, op);
      return chunk;
    }
    try {
      long chunk = Long.parseLong(wanted);
      if (chunk >= 0) {
        return Math.min(chunk, op.out().shape().size(1));
      }
    } catch (NumberFormatException _) {
      // As below.
    }
    throw new IllegalArgumentException(
        "-D%s=%s: expected a number of rows, 0 for no chunks, or auto".formatted(CHUNK, wanted));
  }

  /** The workspace that a scan needs, in bytes. */
  long scanWorkspace(MemorySegment args, SelectiveScan op) {
    long bytes = context.api().scanWorkspace(args);
    requireAccepted(bytes, op);
    return bytes;
  }

  private void requireAccepted(long answer, SelectiveScan op) {
    if (answer < 0) {
      throw context.refusal(panamba_h.PANAMBA_UNSUPPORTED(), op);
    }
  }
}

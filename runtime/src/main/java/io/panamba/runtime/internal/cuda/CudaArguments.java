package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.panamba_cuda_embedding_args;
import io.panamba.bindings.cuda.panamba_cuda_epilogue_args;
import io.panamba.bindings.cuda.panamba_cuda_scan_args;
import io.panamba.bindings.panamba_h;
import io.panamba.bindings.panamba_step;
import io.panamba.runtime.Device;
import io.panamba.runtime.internal.struct.Addresses;
import io.panamba.runtime.internal.struct.Codes;
import io.panamba.runtime.internal.struct.OperationStructs;
import io.panamba.runtime.operation.Linear;
import io.panamba.runtime.operation.Operation;
import io.panamba.runtime.operation.PatchEmbedding;
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

  /** The code of an operation that the two libraries share. */
  int code(Operation op) {
    return structs.code(op);
  }

  /** Writes a struct that the two libraries share. */
  MemorySegment shared(Operation op) {
    return structs.arguments(op);
  }

  MemorySegment scan(SelectiveScan op) {
    MemorySegment args = panamba_cuda_scan_args.allocate(arena);
    panamba_cuda_scan_args.scan(args).copyFrom(structs.arguments(op));
    panamba_cuda_scan_args.chunk(args, chunk(args, op));
    return args;
  }

  /** Patches and product have no place yet. */
  MemorySegment embedding(PatchEmbedding op) {
    MemorySegment args = panamba_cuda_embedding_args.allocate(arena);
    panamba_cuda_embedding_args.embedding(args).copyFrom(structs.arguments(op));
    return args;
  }

  /** What is done in place to the output of a linear layer. */
  MemorySegment epilogue(Linear op, MemorySegment out, MemorySegment bias) {
    MemorySegment args = panamba_cuda_epilogue_args.allocate(arena);
    int type = Codes.of(op.out().tensor().dtype());
    panamba_cuda_epilogue_args.input(args, out);
    panamba_cuda_epilogue_args.bias(args, bias);
    panamba_cuda_epilogue_args.out(args, out);
    panamba_cuda_epilogue_args.rows(args, op.out().rows());
    panamba_cuda_epilogue_args.columns(args, op.out().count());
    panamba_cuda_epilogue_args.input_row_stride(args, op.out().rowStride());
    panamba_cuda_epilogue_args.out_row_stride(args, op.out().rowStride());
    panamba_cuda_epilogue_args.input_dtype(args, type);
    panamba_cuda_epilogue_args.out_dtype(args, type);
    panamba_cuda_epilogue_args.activation(args, Codes.of(op.activation()));
    return args;
  }

  /** Writes a step: a code and a struct of arguments. */
  MemorySegment step(int code, MemorySegment args) {
    MemorySegment step = panamba_step.allocate(arena);
    panamba_step.operation(step, code);
    panamba_step.args(step, args);
    return step;
  }

  /**
   * The bits of an image's results depend on the chunk. Whoever does not ask for one gets the same
   * for every batch: none.
   */
  private long chunk(MemorySegment args, SelectiveScan op) {
    String wanted = System.getProperty(CHUNK, "0");
    if (wanted.equals("auto")) {
      long chunk = context.kernels().scanChunk(args);
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

  /** The workspace that a step needs, in bytes. */
  long workspace(MemorySegment step, Operation op) {
    long bytes = context.kernels().workspace(step);
    requireAccepted(bytes, op);
    return bytes;
  }

  private void requireAccepted(long answer, Operation op) {
    if (answer < 0) {
      throw context.refusal(panamba_h.PANAMBA_UNSUPPORTED(), op);
    }
  }
}

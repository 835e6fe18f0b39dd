package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.panamba_cuda_embedding_args;
import io.panamba.bindings.cuda.panamba_cuda_epilogue_args;
import io.panamba.bindings.cuda.panamba_cuda_gather_args;
import io.panamba.bindings.cuda.panamba_cuda_scan_args;
import io.panamba.bindings.panamba_conv2d_args;
import io.panamba.bindings.panamba_h;
import io.panamba.bindings.panamba_step;
import io.panamba.runtime.Device;
import io.panamba.runtime.Shape;
import io.panamba.runtime.internal.struct.Addresses;
import io.panamba.runtime.internal.struct.Codes;
import io.panamba.runtime.internal.struct.OperationStructs;
import io.panamba.runtime.operation.Columns;
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

  /** Threads that share a channel's states in a scan, with the same bits: 1, 4, 16; or 0. */
  static final String LANES = "panamba.cuda.lanes";

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
    panamba_cuda_scan_args.state_lanes(args, lanes());
    panamba_cuda_scan_args.chunk(args, chunk(args, op));
    return args;
  }

  /** What a patch embedding gathers; the patches have no place yet. */
  MemorySegment gather(PatchEmbedding op) {
    MemorySegment args = panamba_cuda_gather_args.allocate(arena);
    Shape image = op.image().shape();
    panamba_cuda_gather_args.input(args, addresses.of(op.image()));
    panamba_cuda_gather_args.pixel_values(args, addresses.of(op.pixelValues()));
    panamba_cuda_gather_args.batch(args, image.size(0));
    panamba_cuda_gather_args.height(args, image.size(2));
    panamba_cuda_gather_args.width(args, image.size(3));
    panamba_cuda_gather_args.channels(args, image.size(1));
    panamba_cuda_gather_args.kernel_height(args, op.patch());
    panamba_cuda_gather_args.kernel_width(args, op.patch());
    panamba_cuda_gather_args.stride_height(args, op.stride());
    panamba_cuda_gather_args.stride_width(args, op.stride());
    panamba_cuda_gather_args.out_height(args, (image.size(2) - op.patch()) / op.stride() + 1);
    panamba_cuda_gather_args.out_width(args, (image.size(3) - op.patch()) / op.stride() + 1);
    panamba_cuda_gather_args.planar(args, 1);
    panamba_cuda_gather_args.dtype(args, Codes.of(op.weight().dtype()));
    return args;
  }

  /** What a convolution gathers from an image on; the patches have no place yet. */
  MemorySegment gather(MemorySegment conv, long firstImage) {
    MemorySegment args = panamba_cuda_gather_args.allocate(arena);
    boolean planar = panamba_conv2d_args.planar(conv) == 1;
    boolean bytes = panamba_conv2d_args.pixel_values(conv).address() != 0;
    long pixel =
        planar ? panamba_conv2d_args.channels(conv) : panamba_conv2d_args.input_pixel_stride(conv);
    long image = panamba_conv2d_args.height(conv) * panamba_conv2d_args.width(conv) * pixel;
    boolean wide = planar || panamba_conv2d_args.dtype(conv) == panamba_h.PANAMBA_F32();
    long element = bytes ? Byte.BYTES : wide ? Float.BYTES : Short.BYTES;
    long input = panamba_conv2d_args.input(conv).address() + firstImage * image * element;
    panamba_cuda_gather_args.input(args, MemorySegment.ofAddress(input));
    panamba_cuda_gather_args.pixel_values(args, panamba_conv2d_args.pixel_values(conv));
    panamba_cuda_gather_args.height(args, panamba_conv2d_args.height(conv));
    panamba_cuda_gather_args.width(args, panamba_conv2d_args.width(conv));
    panamba_cuda_gather_args.channels(args, panamba_conv2d_args.channels(conv));
    panamba_cuda_gather_args.kernel_height(args, panamba_conv2d_args.kernel_height(conv));
    panamba_cuda_gather_args.kernel_width(args, panamba_conv2d_args.kernel_width(conv));
    panamba_cuda_gather_args.stride_height(args, panamba_conv2d_args.stride(conv));
    panamba_cuda_gather_args.stride_width(args, panamba_conv2d_args.stride(conv));
    panamba_cuda_gather_args.padding(args, panamba_conv2d_args.padding(conv));
    panamba_cuda_gather_args.out_height(args, panamba_conv2d_args.out_height(conv));
    panamba_cuda_gather_args.out_width(args, panamba_conv2d_args.out_width(conv));
    panamba_cuda_gather_args.input_pixel_stride(args, panamba_conv2d_args.input_pixel_stride(conv));
    panamba_cuda_gather_args.planar(args, panamba_conv2d_args.planar(conv));
    panamba_cuda_gather_args.transposed(args, panamba_conv2d_args.transposed(conv));
    panamba_cuda_gather_args.dtype(args, panamba_conv2d_args.dtype(conv));
    return args;
  }

  /** The product has no place yet. */
  MemorySegment embedding(PatchEmbedding op) {
    MemorySegment args = panamba_cuda_embedding_args.allocate(arena);
    panamba_cuda_embedding_args.embedding(args).copyFrom(structs.arguments(op));
    return args;
  }

  /**
   * What is done to a product of float32 numbers, dense, that has no place yet.
   *
   * @param rows of the output, from {@code to} on
   * @param gated whether they hold what multiplies the result
   */
  MemorySegment epilogue(
      Columns out, MemorySegment to, long rows, Linear.Activation activation, boolean gated) {
    MemorySegment args = panamba_cuda_epilogue_args.allocate(arena);
    panamba_cuda_epilogue_args.gate(args, gated ? to : MemorySegment.NULL);
    panamba_cuda_epilogue_args.out(args, to);
    panamba_cuda_epilogue_args.rows(args, rows);
    panamba_cuda_epilogue_args.columns(args, out.count());
    panamba_cuda_epilogue_args.input_row_stride(args, out.count());
    panamba_cuda_epilogue_args.gate_row_stride(args, gated ? out.rowStride() : 0);
    panamba_cuda_epilogue_args.out_row_stride(args, out.rowStride());
    panamba_cuda_epilogue_args.input_dtype(args, panamba_h.PANAMBA_F32());
    panamba_cuda_epilogue_args.out_dtype(args, Codes.of(out.tensor().dtype()));
    panamba_cuda_epilogue_args.activation(args, Codes.of(activation));
    return args;
  }

  /** Some rows of an output in float32, dense, at a place that is still to be told. */
  MemorySegment widened(Columns out, MemorySegment from, long rows) {
    MemorySegment args = panamba_cuda_epilogue_args.allocate(arena);
    panamba_cuda_epilogue_args.input(args, from);
    panamba_cuda_epilogue_args.rows(args, rows);
    panamba_cuda_epilogue_args.columns(args, out.count());
    panamba_cuda_epilogue_args.input_row_stride(args, out.rowStride());
    panamba_cuda_epilogue_args.out_row_stride(args, out.count());
    panamba_cuda_epilogue_args.input_dtype(args, Codes.of(out.tensor().dtype()));
    panamba_cuda_epilogue_args.out_dtype(args, panamba_h.PANAMBA_F32());
    return args;
  }

  /** Writes a step: a code and a struct of arguments. */
  MemorySegment step(int code, MemorySegment args) {
    MemorySegment step = panamba_step.allocate(arena);
    panamba_step.operation(step, code);
    panamba_step.args(step, args);
    return step;
  }

  private static int lanes() {
    String wanted = System.getProperty(LANES, "0");
    return switch (wanted) {
      case "0", "1", "4", "16" -> Integer.parseInt(wanted);
      default ->
          throw new IllegalArgumentException(
              "-D%s=%s: expected 1, 4, 16, or 0 for the library's choice".formatted(LANES, wanted));
    };
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

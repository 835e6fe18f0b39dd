package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cudnn_h;
import io.panamba.runtime.DType;
import io.panamba.runtime.operation.Grid;
import io.panamba.runtime.operation.Kernel;
import java.lang.foreign.MemorySegment;

/**
 * What cuDNN is asked to compute, as a graph of its operations: types and shapes, which plans share
 * that have the same. Sizes are in elements.
 */
sealed interface DnnGraph {
  /** The numbers by which the tensors are known. */
  long INPUT = 1;

  long WEIGHT = 2;
  long BIAS = 3;
  long OUT = 4;
  long QUERIES = 5;
  long KEYS = 6;
  long VALUES = 7;
  long SCALE = 8;
  long SUMS = 9;

  /** The graph of as many images. */
  DnnGraph ofBatch(long images);

  /**
   * The graph of as many images whose engine all graphs have that differ in what bits must not
   * depend on.
   */
  DnnGraph reference(long images);

  DType dtype();

  /** Whether engines are taken that are compiled when a plan is made, which takes seconds. */
  boolean isCompiled();

  /** Bytes of the output. */
  long outBytes();

  /** The operations, finished. */
  MemorySegment[] operations(DnnDescriptors descriptors) throws DnnRefusal;

  /**
   * A convolution of pixels channels last with weights (columns, taps, channels), and perhaps a
   * bias, everything of one type. With a bias of another type no compiled engine is left.
   *
   * @param pixelStride from one pixel of the input to the next
   * @param weightStride from one column of the weight to the next
   */
  record Convolution(
      long batch,
      Grid grid,
      long channels,
      long pixelStride,
      Kernel kernel,
      Grid outGrid,
      long columns,
      long weightStride,
      boolean hasBias,
      DType dtype)
      implements DnnGraph {
    @Override
    public DnnGraph ofBatch(long images) {
      return new Convolution(
          images,
          grid,
          channels,
          pixelStride,
          kernel,
          outGrid,
          columns,
          weightStride,
          hasBias,
          dtype);
    }

    @Override
    public DnnGraph reference(long images) {
      return ofBatch(images);
    }

    /** Compiled when cuDNN was built, there are engines enough. */
    @Override
    public boolean isCompiled() {
      return false;
    }

    @Override
    public long outBytes() {
      return batch * outGrid.pixels() * columns * dtype.bytes();
    }

    @Override
    public MemorySegment[] operations(DnnDescriptors descriptors) throws DnnRefusal {
      MemorySegment input =
          descriptors.tensor(
              INPUT,
              dtype,
              new long[] {batch, channels, grid.height(), grid.width()},
              channelsLast(grid, pixelStride));
      long[] taps = {columns, channels, kernel.height(), kernel.width()};
      long[] tapStrides = {weightStride, 1, kernel.width() * channels, channels};
      MemorySegment weight = descriptors.tensor(WEIGHT, dtype, taps, tapStrides);
      long[] sizes = {batch, columns, outGrid.height(), outGrid.width()};
      long[] strides = channelsLast(outGrid, columns);
      MemorySegment out = descriptors.tensor(OUT, dtype, sizes, strides);
      if (!hasBias) {
        return new MemorySegment[] {convolution(descriptors, input, weight, out)};
      }
      MemorySegment sums = descriptors.virtual(SUMS, sizes, strides);
      MemorySegment bias =
          descriptors.tensor(
              BIAS,
              dtype,
              new long[] {1, columns, 1, 1},
              new long[] {columns, 1, columns, columns});
      return new MemorySegment[] {
        convolution(descriptors, input, weight, sums), addition(descriptors, sums, bias, out)
      };
    }

    private static long[] channelsLast(Grid grid, long pixelStride) {
      return new long[] {grid.pixels() * pixelStride, 1, grid.width() * pixelStride, pixelStride};
    }

    private MemorySegment convolution(
        DnnDescriptors descriptors, MemorySegment input, MemorySegment weight, MemorySegment out)
        throws DnnRefusal {
      MemorySegment how = descriptors.create(cudnn_h.CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR());
      descriptors.setCode(
          how,
          cudnn_h.CUDNN_ATTR_CONVOLUTION_COMP_TYPE(),
          cudnn_h.CUDNN_TYPE_DATA_TYPE(),
          cudnn_h.CUDNN_DATA_FLOAT());
      descriptors.setCode(
          how,
          cudnn_h.CUDNN_ATTR_CONVOLUTION_CONV_MODE(),
          cudnn_h.CUDNN_TYPE_CONVOLUTION_MODE(),
          cudnn_h.CUDNN_CROSS_CORRELATION());
      long stride = kernel.stride();
      long padding = kernel.padding();
      descriptors.setNumbers(how, cudnn_h.CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS(), 2);
      descriptors.setNumbers(how, cudnn_h.CUDNN_ATTR_CONVOLUTION_DILATIONS(), 1, 1);
      descriptors.setNumbers(how, cudnn_h.CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES(), stride, stride);
      descriptors.setNumbers(how, cudnn_h.CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS(), padding, padding);
      descriptors.setNumbers(how, cudnn_h.CUDNN_ATTR_CONVOLUTION_POST_PADDINGS(), padding, padding);
      descriptors.finish(how);

      MemorySegment operation =
          descriptors.create(cudnn_h.CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR());
      descriptors.setDescriptors(
          operation, cudnn_h.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC(), how);
      descriptors.setDescriptors(
          operation, cudnn_h.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X(), input);
      descriptors.setDescriptors(
          operation, cudnn_h.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W(), weight);
      descriptors.setDescriptors(
          operation, cudnn_h.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y(), out);
      descriptors.setFloat(operation, cudnn_h.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA(), 1);
      descriptors.setFloat(operation, cudnn_h.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA(), 0);
      descriptors.finish(operation);
      return operation;
    }

    private static MemorySegment addition(
        DnnDescriptors descriptors, MemorySegment sums, MemorySegment bias, MemorySegment out)
        throws DnnRefusal {
      MemorySegment how = descriptors.create(cudnn_h.CUDNN_BACKEND_POINTWISE_DESCRIPTOR());
      descriptors.setCode(
          how,
          cudnn_h.CUDNN_ATTR_POINTWISE_MODE(),
          cudnn_h.CUDNN_TYPE_POINTWISE_MODE(),
          cudnn_h.CUDNN_POINTWISE_ADD());
      descriptors.setCode(
          how,
          cudnn_h.CUDNN_ATTR_POINTWISE_MATH_PREC(),
          cudnn_h.CUDNN_TYPE_DATA_TYPE(),
          cudnn_h.CUDNN_DATA_FLOAT());
      descriptors.finish(how);

      MemorySegment operation =
          descriptors.create(cudnn_h.CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR());
      descriptors.setDescriptors(
          operation, cudnn_h.CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR(), how);
      descriptors.setDescriptors(operation, cudnn_h.CUDNN_ATTR_OPERATION_POINTWISE_XDESC(), sums);
      descriptors.setDescriptors(operation, cudnn_h.CUDNN_ATTR_OPERATION_POINTWISE_BDESC(), bias);
      descriptors.setDescriptors(operation, cudnn_h.CUDNN_ATTR_OPERATION_POINTWISE_YDESC(), out);
      descriptors.finish(operation);
      return operation;
    }
  }

  /**
   * Attention of bfloat16 rows that lie anywhere, a head's columns beside each other.
   *
   * @param queryStride from one row to the next
   */
  record SelfAttention(
      long batch,
      long heads,
      long queries,
      long length,
      long headDim,
      long queryStride,
      long keyStride,
      long valueStride,
      long outStride)
      implements DnnGraph {
    @Override
    public DnnGraph ofBatch(long images) {
      return of(images, queries);
    }

    /** Few queries have the engine that they have among all. */
    @Override
    public DnnGraph reference(long images) {
      return of(images, length);
    }

    private DnnGraph of(long images, long rows) {
      return new SelfAttention(
          images, heads, rows, length, headDim, queryStride, keyStride, valueStride, outStride);
    }

    @Override
    public DType dtype() {
      return DType.BF16;
    }

    /** There are no others. */
    @Override
    public boolean isCompiled() {
      return true;
    }

    @Override
    public long outBytes() {
      return batch * queries * outStride * DType.BF16.bytes();
    }

    @Override
    public MemorySegment[] operations(DnnDescriptors descriptors) throws DnnRefusal {
      MemorySegment operation =
          descriptors.create(cudnn_h.CUDNN_BACKEND_OPERATION_SDPA_FWD_DESCRIPTOR());
      descriptors.setDescriptors(
          operation,
          cudnn_h.CUDNN_ATTR_OPERATION_SDPA_FWD_QDESC(),
          rows(descriptors, QUERIES, queries, queryStride));
      descriptors.setDescriptors(
          operation,
          cudnn_h.CUDNN_ATTR_OPERATION_SDPA_FWD_KDESC(),
          rows(descriptors, KEYS, length, keyStride));
      descriptors.setDescriptors(
          operation,
          cudnn_h.CUDNN_ATTR_OPERATION_SDPA_FWD_VDESC(),
          rows(descriptors, VALUES, length, valueStride));
      descriptors.setDescriptors(
          operation,
          cudnn_h.CUDNN_ATTR_OPERATION_SDPA_FWD_ODESC(),
          rows(descriptors, OUT, queries, outStride));
      descriptors.setDescriptors(
          operation, cudnn_h.CUDNN_ATTR_OPERATION_SDPA_FWD_SCALEDESC(), descriptors.scalar(SCALE));
      descriptors.finish(operation);
      return new MemorySegment[] {operation};
    }

    private MemorySegment rows(DnnDescriptors descriptors, long id, long count, long stride)
        throws DnnRefusal {
      return descriptors.tensor(
          id,
          DType.BF16,
          new long[] {batch, heads, count, headDim},
          new long[] {count * stride, headDim, stride, 1});
    }
  }
}

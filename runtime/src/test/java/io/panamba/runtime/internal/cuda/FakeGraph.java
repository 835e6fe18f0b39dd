package io.panamba.runtime.internal.cuda;

import io.panamba.bindings.cuda.cudnn_h;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/** An operation graph of {@link FakeDnn}, computed element by element in double precision. */
final class FakeGraph {
  /** Four axes of numbers. */
  private record Grid(FakeNumbers numbers, long[] sizes, long[] strides) {
    long at(long... place) {
      long index = 0;
      for (int axis = 0; axis < strides.length; axis++) {
        index += place[axis] * strides[axis];
      }
      return index;
    }

    double get(long... place) {
      return numbers.get(at(place));
    }
  }

  private final FakeDnn dnn;
  private final FakeDnn.Descriptor first;

  /** The addition of a bias, or null. */
  private final FakeDnn.Descriptor addition;

  FakeGraph(FakeDnn dnn, long[] operations) {
    this.dnn = dnn;
    this.first = dnn.held(operations[0]);
    this.addition = operations.length > 1 ? dnn.held(operations[1]) : null;
  }

  boolean isAttention() {
    return first.kind() == cudnn_h.CUDNN_BACKEND_OPERATION_SDPA_FWD_DESCRIPTOR();
  }

  /** Images. */
  long batch() {
    return tensor(
            first,
            isAttention()
                ? cudnn_h.CUDNN_ATTR_OPERATION_SDPA_FWD_QDESC()
                : cudnn_h.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X())
        .get(cudnn_h.CUDNN_ATTR_TENSOR_DIMENSIONS())[0];
  }

  private FakeDnn.Descriptor tensor(FakeDnn.Descriptor operation, int attribute) {
    return dnn.referred(operation, attribute);
  }

  private Grid grid(FakeDnn.Descriptor operation, int attribute, Map<Long, Long> places) {
    FakeDnn.Descriptor tensor = tensor(operation, attribute);
    long id = tensor.get(cudnn_h.CUDNN_ATTR_TENSOR_UNIQUE_ID())[0];
    long address = places.get(id);
    long alignment = tensor.get(cudnn_h.CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT())[0];
    dnn.requireAligned(id, address, alignment);
    boolean halved =
        tensor.get(cudnn_h.CUDNN_ATTR_TENSOR_DATA_TYPE())[0] == cudnn_h.CUDNN_DATA_BFLOAT16();
    return new Grid(
        new FakeNumbers(MemorySegment.ofAddress(address), halved),
        tensor.get(cudnn_h.CUDNN_ATTR_TENSOR_DIMENSIONS()),
        tensor.get(cudnn_h.CUDNN_ATTR_TENSOR_STRIDES()));
  }

  /** What is to be done when the stream comes to it, with everything read from descriptors. */
  Runnable computation(Map<Long, Long> places) {
    return isAttention() ? attention(places) : convolution(places);
  }

  private Runnable convolution(Map<Long, Long> places) {
    Grid input = grid(first, cudnn_h.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X(), places);
    Grid weight = grid(first, cudnn_h.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W(), places);
    Grid bias =
        addition == null
            ? null
            : grid(addition, cudnn_h.CUDNN_ATTR_OPERATION_POINTWISE_BDESC(), places);
    Grid out =
        addition == null
            ? grid(first, cudnn_h.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y(), places)
            : grid(addition, cudnn_h.CUDNN_ATTR_OPERATION_POINTWISE_YDESC(), places);
    FakeDnn.Descriptor how =
        tensor(first, cudnn_h.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC());
    long stride = how.get(cudnn_h.CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES())[0];
    long padding = how.get(cudnn_h.CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS())[0];
    return () -> convolve(input, weight, bias, out, stride, padding);
  }

  private static void convolve(
      Grid input, Grid weight, Grid bias, Grid out, long stride, long padding) {
    for (long b = 0; b < out.sizes[0]; b++) {
      for (long n = 0; n < out.sizes[1]; n++) {
        for (long y = 0; y < out.sizes[2]; y++) {
          for (long x = 0; x < out.sizes[3]; x++) {
            double sum = bias == null ? 0 : bias.get(0, n, 0, 0);
            sum += sum(input, weight, b, n, y * stride - padding, x * stride - padding);
            out.numbers.set(out.at(b, n, y, x), (float) sum);
          }
        }
      }
    }
  }

  /** What lies under a kernel times a column of its weight. */
  private static double sum(Grid input, Grid weight, long b, long n, long top, long left) {
    double sum = 0;
    for (long c = 0; c < weight.sizes[1]; c++) {
      for (long ky = 0; ky < weight.sizes[2]; ky++) {
        for (long kx = 0; kx < weight.sizes[3]; kx++) {
          long y = top + ky;
          long x = left + kx;
          boolean isInside = y >= 0 && y < input.sizes[2] && x >= 0 && x < input.sizes[3];
          sum += isInside ? input.get(b, c, y, x) * weight.get(n, c, ky, kx) : 0;
        }
      }
    }
    return sum;
  }

  private Runnable attention(Map<Long, Long> places) {
    Grid q = grid(first, cudnn_h.CUDNN_ATTR_OPERATION_SDPA_FWD_QDESC(), places);
    Grid k = grid(first, cudnn_h.CUDNN_ATTR_OPERATION_SDPA_FWD_KDESC(), places);
    Grid v = grid(first, cudnn_h.CUDNN_ATTR_OPERATION_SDPA_FWD_VDESC(), places);
    Grid out = grid(first, cudnn_h.CUDNN_ATTR_OPERATION_SDPA_FWD_ODESC(), places);
    Grid scale = grid(first, cudnn_h.CUDNN_ATTR_OPERATION_SDPA_FWD_SCALEDESC(), places);
    // By value: it is read when the graph is executed, not when it runs.
    double factor = scale.get(0, 0, 0, 0);
    return () -> {
      for (long b = 0; b < q.sizes[0]; b++) {
        for (long h = 0; h < q.sizes[1]; h++) {
          for (long i = 0; i < q.sizes[2]; i++) {
            attend(q, k, v, out, factor, b, h, i);
          }
        }
      }
    };
  }

  private static void attend(
      Grid q, Grid k, Grid v, Grid out, double scale, long b, long h, long i) {
    int length = (int) k.sizes[2];
    double[] scores = new double[length];
    double most = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < length; j++) {
      for (long d = 0; d < q.sizes[3]; d++) {
        scores[j] += scale * q.get(b, h, i, d) * k.get(b, h, j, d);
      }
      most = Math.max(most, scores[j]);
    }
    double total = 0;
    for (int j = 0; j < length; j++) {
      scores[j] = Math.exp(scores[j] - most);
      total += scores[j];
    }
    for (long d = 0; d < v.sizes[3]; d++) {
      double sum = 0;
      for (int j = 0; j < length; j++) {
        sum += scores[j] * v.get(b, h, j, d);
      }
      out.numbers.set(out.at(b, h, i, d), (float) (sum / total));
    }
  }
}

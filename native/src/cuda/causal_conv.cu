/* Depthwise causal convolution, bias and SiLU, both directions from one read: a thread has `Width` neighbouring
 * channels of ROWS rows, and the rows around them, in registers. */
#include <stdio.h>

#include "divide.h"
#include "element.h"
#include "launch.h"
#include "run.h"

namespace panamba {

template <class Element, int Kernel, int Width>
struct conv_kernel {
  static constexpr int THREADS = 64;
  static constexpr int BLOCKS = 4;
  static constexpr int ROWS = 8;
  static constexpr int REACH = Kernel - 1;
  using shared = nothing;
  using thread = nothing;

  struct direction {
    const float *weight;
    const float *bias;
    Element *out; /* null leaves the direction out */
  };

  const Element *x;
  direction forward;
  direction backward;
  int64_t length;
  int64_t channels;
  int64_t x_row_stride;
  int64_t x_batch_stride;
  int64_t first; /* rows [first, end) of x exist */
  int64_t end;
  int64_t channel_blocks;
  int64_t row_blocks;

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    quotient part = divide(block.index(), channel_blocks);
    quotient rows = divide(part.whole, row_blocks);
    for (int i : block.all()) {
      int64_t channel = (part.rest * THREADS + i) * Width;
      if (channel < channels) {
        convolve(rows.whole, rows.rest * ROWS, channel);
      }
    }
  }

  PANAMBA_HD void convolve(int64_t image, int64_t from, int64_t channel) const {
    pack<Element, Width> window[ROWS + 2 * REACH];
    const Element *base = x + image * x_batch_stride + channel;
    PANAMBA_UNROLL
    for (int i = 0; i < ROWS + 2 * REACH; i++) {
      int64_t row = from - REACH + i;
      if (row >= first && row < end) {
        window[i] = load<Element, Width>(base + row * x_row_stride);
      } else {
        window[i] = {};
      }
    }
    int64_t place = (image * length + from) * channels + channel;
    int rows = static_cast<int>(lesser(ROWS, length - from));
    if (forward.out) {
      slide<-1>(forward, window, place, rows, channel);
    }
    if (backward.out) {
      slide<1>(backward, window, place, rows, channel);
    }
  }

  /* Side is -1 where the convolution reaches back, and 1 where it reaches forward. */
  template <int Side>
  PANAMBA_HD void slide(const direction &d, const pack<Element, Width> (&window)[ROWS + 2 * REACH], int64_t place,
                        int rows, int64_t channel) const {
    float weight[Kernel][Width];
    float bias[Width];
    PANAMBA_UNROLL
    for (int j = 0; j < Width; j++) {
      PANAMBA_UNROLL
      for (int k = 0; k < Kernel; k++) {
        weight[k][j] = d.weight[k * channels + channel + j];
      }
      bias[j] = d.bias ? d.bias[channel + j] : 0.0f;
    }
    PANAMBA_UNROLL
    for (int i = 0; i < ROWS; i++) {
      if (i < rows) {
        float sum[Width];
        PANAMBA_UNROLL
        for (int j = 0; j < Width; j++) {
          sum[j] = bias[j];
          PANAMBA_UNROLL
          for (int k = 0; k < Kernel; k++) {
            sum[j] = fmaf(weight[k][j], widen(window[i + REACH + Side * (REACH - k)].element[j]), sum[j]);
          }
          sum[j] = panamba_silu(sum[j]);
        }
        store_narrow<Element, Width>(sum, d.out + place + i * channels);
      }
    }
  }
};

template <class Element, int Kernel, int Width>
static int32_t launch_conv(const panamba_causal_conv_args &a, void *stream) {
  using kernel_type = conv_kernel<Element, Kernel, Width>;
  kernel_type kernel = {};
  kernel.x = static_cast<const Element *>(a.x);
  kernel.forward = {a.forward.weight, a.forward.bias, static_cast<Element *>(a.forward.out)};
  kernel.backward = {a.backward.weight, a.backward.bias, static_cast<Element *>(a.backward.out)};
  kernel.length = a.length;
  kernel.channels = a.channels;
  kernel.x_row_stride = a.x_row_stride;
  kernel.x_batch_stride = a.x_batch_stride;
  kernel.first = -a.rows_before;
  kernel.end = a.length + a.rows_after;
  kernel.channel_blocks = ceil_div(a.channels, kernel_type::THREADS * Width);
  kernel.row_blocks = ceil_div(a.length, kernel_type::ROWS);
  char shapes[100];
  snprintf(shapes, sizeof shapes, "batch %lld, length %lld, channels %lld, kernel %d", static_cast<long long>(a.batch),
           static_cast<long long>(a.length), static_cast<long long>(a.channels), Kernel);
  return launch("causal_conv", shapes, kernel, {a.batch * kernel.row_blocks * kernel.channel_blocks},
                kernel_type::THREADS, stream);
}

template <class Element, int Kernel>
static int32_t launch_width(const panamba_causal_conv_args &a, void *stream) {
  constexpr int64_t size = sizeof(Element);
  bool pairs = a.channels % 2 == 0 && fits(a.x, a.x_row_stride, size, 2 * size) && a.x_batch_stride % 2 == 0 &&
               fits(a.forward.out, 0, size, 2 * size) && fits(a.backward.out, 0, size, 2 * size);
  return pairs ? launch_conv<Element, Kernel, 2>(a, stream) : launch_conv<Element, Kernel, 1>(a, stream);
}

template <class Element>
static int32_t launch_kernel(const panamba_causal_conv_args &a, void *stream) {
  switch (a.kernel) {
    case 2: return launch_width<Element, 2>(a, stream);
    case 3: return launch_width<Element, 3>(a, stream);
    default: return launch_width<Element, 4>(a, stream);
  }
}

}  // namespace panamba

int32_t panamba_launch_causal_conv(const panamba_causal_conv_args *args, void *, void *stream) {
  return args->dtype == PANAMBA_F32 ? panamba::launch_kernel<float>(*args, stream)
                                    : panamba::launch_kernel<panamba::bfloat>(*args, stream);
}

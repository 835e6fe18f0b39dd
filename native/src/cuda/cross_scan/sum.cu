/* The sum of walks that ran at the same time, in the order in which walks in turn add to `out`. A thread has Width
 * neighbouring channels of a pixel. */
#include "element.h"
#include "launch.h"
#include "plan.h"

namespace panamba {

template <class Element, int Width>
struct cross_sum_kernel {
  static constexpr int THREADS = 128;
  static constexpr int BLOCKS = 1;
  using shared = nothing;
  using thread = nothing;

  const Element *u;
  const float *d;
  const float *planes;
  float *out;
  int64_t plane;
  int64_t pixels; /* of all images */
  int32_t channels;
  int32_t packs; /* of a pixel */

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    for (int i : block.all()) {
      int64_t place = block.index() * THREADS + i;
      int64_t pixel = place / packs;
      if (pixel < pixels) {
        int channel = static_cast<int>(place - pixel * packs) * Width;
        add(pixel * channels + channel, channel);
      }
    }
  }

  PANAMBA_HD void add(int64_t place, int channel) const {
    float inputs[Width];
    float first[Width];
    float y[PANAMBA_WALKS - 1][Width];
    load_wide<Element, Width>(u + place, inputs);
    load_wide<float, Width>(out + place, first);
    PANAMBA_UNROLL
    for (int k = 0; k < PANAMBA_WALKS - 1; k++) {
      load_wide<float, Width>(planes + k * plane + place, y[k]);
    }
    float sums[Width];
    PANAMBA_UNROLL
    for (int c = 0; c < Width; c++) {
      float sum = sum_of_skips(d, channels, channel + c) * inputs[c] + first[c];
      PANAMBA_UNROLL
      for (int k = 0; k < PANAMBA_WALKS - 1; k++) {
        sum += y[k][c];
      }
      sums[c] = sum;
    }
    store_narrow<float, Width>(sums, out + place);
  }
};

template <class Element, int Width>
static int32_t launch_sum(const panamba_cross_scan_args &a, const cross_plan &plan, void *stream) {
  cross_sum_kernel<Element, Width> kernel = {};
  kernel.u = static_cast<const Element *>(a.u);
  kernel.d = a.d;
  kernel.planes = plan.planes;
  kernel.out = a.out;
  kernel.plane = plan.plane_bytes / 4;
  kernel.pixels = a.batch * a.height * a.width;
  kernel.channels = static_cast<int32_t>(a.channels);
  kernel.packs = static_cast<int32_t>(a.channels / Width);
  int64_t blocks = ceil_div(kernel.pixels * kernel.packs, kernel.THREADS);
  return launch("cross_scan", plan.shapes, kernel, {blocks}, kernel.THREADS, stream);
}

template <class Element>
static int32_t launch_width(const panamba_cross_scan_args &a, const cross_plan &plan, void *stream) {
  bool wide = fits(a.u, a.channels, sizeof(Element), 4 * sizeof(Element)) && fits(a.out, a.channels, 4, 16);
  return wide ? launch_sum<Element, 4>(a, plan, stream) : launch_sum<Element, 1>(a, plan, stream);
}

int32_t launch_sum_of_walks(const panamba_cross_scan_args &args, const cross_plan &plan, void *stream) {
  return args.dtype == PANAMBA_F32 ? launch_width<float>(args, plan, stream) : launch_width<bfloat>(args, plan, stream);
}

}  // namespace panamba

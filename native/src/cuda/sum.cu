/* Sums of parts in a fixed order. */
#include <stdio.h>

#include "element.h"
#include "launch.h"
#include "run.h"

namespace panamba {

/* A thread has `Width` neighbours of the sum. */
template <int Width>
struct sum_kernel {
  static constexpr int THREADS = 128;
  static constexpr int BLOCKS = 4;
  /* So many parts are added up before they join the sum: rounding grows with the root of their number. */
  static constexpr int64_t PARTS = 64;
  using shared = nothing;
  using thread = nothing;

  const float *parts;
  float *out;
  int64_t count;
  int64_t width;
  int64_t part_stride;
  float accumulate;
  float scale;

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    for (int i : block.all()) {
      int64_t place = (block.index() * THREADS + i) * Width;
      if (place < width) {
        add(place);
      }
    }
  }

  PANAMBA_HD void add(int64_t place) const {
    float sum[Width] = {};
    for (int64_t first = 0; first < count; first += PARTS) {
      float some[Width];
      load_wide<float, Width>(parts + first * part_stride + place, some);
      for (int64_t p = first + 1; p < lesser(count, first + PARTS); p++) {
        float part[Width];
        load_wide<float, Width>(parts + p * part_stride + place, part);
        PANAMBA_UNROLL
        for (int j = 0; j < Width; j++) {
          some[j] += part[j];
        }
      }
      PANAMBA_UNROLL
      for (int j = 0; j < Width; j++) {
        sum[j] += some[j];
      }
    }
    float old[Width] = {};
    if (accumulate != 0.0f) {
      load_wide<float, Width>(out + place, old);
    }
    PANAMBA_UNROLL
    for (int j = 0; j < Width; j++) {
      sum[j] = accumulate != 0.0f ? fmaf(accumulate, old[j], sum[j] * scale) : sum[j] * scale;
    }
    store_narrow<float, Width>(sum, out + place);
  }
};

template <int Width>
static int32_t launch_sum(const panamba_sum_args &a, void *stream) {
  sum_kernel<Width> kernel = {};
  kernel.parts = a.parts;
  kernel.out = a.out;
  kernel.count = a.count;
  kernel.width = a.width;
  kernel.part_stride = a.part_stride;
  kernel.accumulate = a.accumulate;
  kernel.scale = a.scale;
  char shapes[80];
  snprintf(shapes, sizeof shapes, "count %lld, width %lld", static_cast<long long>(a.count),
           static_cast<long long>(a.width));
  return launch("sum", shapes, kernel, {ceil_div(a.width, kernel.THREADS * Width)}, kernel.THREADS, stream);
}

}  // namespace panamba

int32_t panamba_launch_sum(const panamba_sum_args *args, void *, void *stream) {
  bool wide = args->width % 4 == 0 && panamba::fits(args->out, 0, 4, 16) &&
              panamba::fits(args->parts, args->part_stride, 4, 16);
  return wide ? panamba::launch_sum<4>(*args, stream) : panamba::launch_sum<1>(*args, stream);
}

/* What lets the chunks of a long sequence run at the same time: the states at their ends, and from these the states at
 * their beginnings. A chunk multiplies the state that it is given by exp(A * the sum of its dt). */
#include "fill.h"
#include "kernel.h"

namespace panamba {

template <class Element>
static int32_t launch_ends(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream) {
  return args.scan.states > 16 ? launch_scan<scan_kernel<Element, 0, 64, 4, true>>(args, plan, stream)
                               : launch_scan<scan_kernel<Element, 0, 16, 1, true>>(args, plan, stream);
}

int32_t launch_scan_ends(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream) {
  return args.scan.dtype == PANAMBA_F32 ? launch_ends<float>(args, plan, stream)
                                        : launch_ends<bfloat>(args, plan, stream);
}

/* A thread has one state of one channel, of one direction and image. */
struct carry_kernel {
  static constexpr int THREADS = 128;
  static constexpr int BLOCKS = 1;
  using shared = nothing;
  using thread = nothing;

  const float *a;
  const float *initial_state;
  const float *dt_sum;
  float *state;
  int64_t chunks;
  int64_t states;
  int64_t channels;
  int64_t count; /* batch * states * channels */
  bool backward;

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    for (int i : block.all()) {
      int64_t place = block.index() * THREADS + i;
      if (place < count) {
        carry(place);
      }
    }
  }

  PANAMBA_HD void carry(int64_t place) const {
    int64_t plane = states * channels;
    int64_t image = place / plane;
    int64_t channel = place % channels;
    float decay = a[place % plane];
    float h = initial_state ? initial_state[place] : 0.0f;
    float *s = state + image * chunks * plane + place % plane;
    const float *sum = dt_sum + image * chunks * channels + channel;
    for (int64_t i = 0; i < chunks; i++) {
      int64_t chunk = backward ? chunks - 1 - i : i;
      float end = s[chunk * plane];
      s[chunk * plane] = h;
      h = fmaf(panamba_exp2(decay * sum[chunk * channels]), h, end);
    }
  }
};

int32_t launch_carry(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream) {
  const panamba_selective_scan_args &a = args.scan;
  for (int i = 0; i < 2; i++) {
    const panamba_scan_direction &d = i ? a.backward : a.forward;
    if (d.u) {
      carry_kernel kernel = {d.a,         d.initial_state, plan.sum[i], plan.state[i],
                             plan.chunks, a.states,        a.channels,  a.batch * a.states * a.channels,
                             i == 1};
      int32_t status = launch("selective_scan", plan.shapes, kernel, {ceil_div(kernel.count, carry_kernel::THREADS)},
                              carry_kernel::THREADS, stream);
      if (status != PANAMBA_OK) {
        return status;
      }
    }
  }
  return PANAMBA_OK;
}

}  // namespace panamba

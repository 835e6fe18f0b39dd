/* From the arguments of a scan to the parameters of a kernel. */
#ifndef PANAMBA_CUDA_SCAN_FILL_H
#define PANAMBA_CUDA_SCAN_FILL_H

#include "plan.h"
#include "walk.h"

namespace panamba {

/* Whether rows of `projected` can be copied 16 bytes at a time, as columns of exactly dt_rank + 2 * states numbers. */
inline bool has_wide_rows(const panamba_selective_scan_args &a, const panamba_scan_direction &d, int64_t states) {
  return !d.u || (a.states == states && a.dt_rank % 4 == 0 && fits(d.projected, a.projected_row_stride, 4, 16));
}

template <class Kernel>
void fill_walk(Kernel &kernel, int i, const panamba_cuda_scan_args &args, const scan_plan &plan) {
  const panamba_scan_direction &d = i ? args.scan.backward : args.scan.forward;
  auto &walk = kernel.walk[i];
  walk.u = static_cast<const typename Kernel::Element *>(d.u);
  walk.projected = d.projected;
  walk.dt = plan.dt[i];
  walk.dt_weight = d.dt_weight;
  walk.dt_bias = d.dt_bias;
  walk.a = d.a;
  walk.d = d.d;
  walk.initial_state = plan.chunks > 1 ? plan.state[i] : d.initial_state;
  walk.final_state = d.final_state;
  if (Kernel::ENDS) {
    walk.initial_state = nullptr;
    walk.final_state = plan.state[i];
    walk.dt_sum = plan.sum[i];
  }
}

template <class Kernel>
int32_t launch_scan(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream) {
  const panamba_selective_scan_args &a = args.scan;
  Kernel kernel = {};
  fill_walk(kernel, 0, args, plan);
  fill_walk(kernel, 1, args, plan);
  kernel.gate = static_cast<const typename Kernel::Element *>(a.gate);
  kernel.out = static_cast<typename Kernel::Element *>(a.out);
  kernel.chunks = static_cast<int32_t>(plan.chunks);
  kernel.projected_row_stride = a.projected_row_stride;
  kernel.length = static_cast<int32_t>(a.length);
  kernel.chunk = static_cast<int32_t>(plan.chunk);
  kernel.gate_row_stride = static_cast<int32_t>(a.gate ? a.gate_row_stride : 0);
  kernel.channels = static_cast<int32_t>(a.channels);
  kernel.states = static_cast<int32_t>(a.states);
  kernel.dt_rank = static_cast<int32_t>(a.dt_rank);
  kernel.scale = a.scale;
  kernel.first_walk = a.forward.u ? 0 : 1;
  kernel.walks = a.forward.u && a.backward.u ? 2 : 1;
  kernel.accumulate = a.accumulate != 0;
  kernel.wide_copies = has_wide_rows(a, a.forward, Kernel::STATES) && has_wide_rows(a, a.backward, Kernel::STATES);
  grid blocks = {a.batch, ceil_div(a.channels, Kernel::CHANNELS), plan.chunks};
  return launch("selective_scan", plan.shapes, kernel, blocks, kernel.walks * GROUP, stream);
}

}  // namespace panamba

#endif

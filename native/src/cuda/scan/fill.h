/* From the arguments of a scan to the parameters of a kernel. */
#ifndef PANAMBA_CUDA_SCAN_FILL_H
#define PANAMBA_CUDA_SCAN_FILL_H

#include "kernel.h"
#include "plan.h"

namespace panamba {

/* Whether rows of `projected` can be copied 16 bytes at a time, as columns of exactly Rank + 2 * States numbers. */
template <int Rank, int States>
bool has_wide_rows(const panamba_selective_scan_args &a, const panamba_scan_direction &d) {
  return !d.u || (a.states == States && a.dt_rank % 4 == 0 && fits(d.projected, a.projected_row_stride, 4, 16));
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
}

template <class Element, int Rank, int States, int Lanes, bool Ends>
int32_t launch_scan(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream) {
  using kernel_type = scan_kernel<Element, Rank, States, Lanes, Ends>;
  const panamba_selective_scan_args &a = args.scan;
  kernel_type kernel = {};
  for (int i = 0; i < 2; i++) {
    fill_walk(kernel, i, args, plan);
    if (Ends) {
      kernel.walk[i].initial_state = nullptr;
      kernel.walk[i].final_state = plan.state[i];
      kernel.walk[i].dt_sum = plan.sum[i];
    }
  }
  kernel.gate = static_cast<const Element *>(a.gate);
  kernel.out = static_cast<Element *>(a.out);
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
  kernel.wide_copies = has_wide_rows<Rank, States>(a, a.forward) && has_wide_rows<Rank, States>(a, a.backward);
  grid blocks = {a.batch, ceil_div(a.channels, kernel_type::CHANNELS), plan.chunks};
  return launch("selective_scan", plan.shapes, kernel, blocks, kernel.walks * GROUP, stream);
}

}  // namespace panamba

#endif

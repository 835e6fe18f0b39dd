/* From the arguments of a cross scan to the parameters of a kernel. */
#ifndef PANAMBA_CUDA_CROSS_SCAN_FILL_H
#define PANAMBA_CUDA_CROSS_SCAN_FILL_H

#include "kernel.h"

namespace panamba {

template <class Element, int Steps, int States>
int32_t launch_walks(const panamba_cross_scan_args &a, const cross_plan &plan, void *stream) {
  cross_kernel<Element, Steps, States> kernel = {};
  kernel.u = static_cast<const Element *>(a.u);
  kernel.d = a.d;
  for (int k = 0; k < PANAMBA_WALKS; k++) {
    kernel.walks[k] = plan.walks[k];
  }
  kernel.length = static_cast<int32_t>(a.height * a.width);
  kernel.channels = static_cast<int32_t>(a.channels);
  kernel.states = static_cast<int32_t>(a.states);
  kernel.dt_rank = static_cast<int32_t>(a.dt_rank);
  kernel.projected_row_stride = static_cast<int32_t>(a.projected_row_stride);
  kernel.width_shift = plan.width_shift;
  kernel.segments = plan.segments;
  kernel.segment_floats = plan.segment_floats;
  kernel.copy_shift = plan.copy_shift;
  kernel.copy_width = plan.copy_width;
  kernel.together = plan.together;
  grid blocks = {a.batch, ceil_div(a.channels, 1 << plan.width_shift), plan.together ? PANAMBA_WALKS : 1};
  return launch("cross_scan", plan.shapes, kernel, blocks, plan.segments << plan.width_shift, stream);
}

}  // namespace panamba

#endif

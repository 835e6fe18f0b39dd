/* The scan that finds dt ready: for few images, for chunks, for other ranks and for more than 16 states. */
#include "fill.h"
#include "kernel.h"

namespace panamba {

template <class Element>
static int32_t launch_lanes(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream) {
  if (args.scan.states > 16) {
    return launch_scan<scan_kernel<Element, 0, 64, 4, false>>(args, plan, stream);
  }
  return plan.lanes == 4 ? launch_scan<scan_kernel<Element, 0, 16, 4, false>>(args, plan, stream)
                         : launch_scan<scan_kernel<Element, 0, 16, 1, false>>(args, plan, stream);
}

int32_t launch_scan_projected(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream) {
  return args.scan.dtype == PANAMBA_F32 ? launch_lanes<float>(args, plan, stream)
                                        : launch_lanes<bfloat>(args, plan, stream);
}

}  // namespace panamba

/* The scan by four lanes a channel that projects dt itself. */
#include "fill.h"
#include "kernel.h"

namespace panamba {

template <class Element>
static int32_t launch_rank(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream) {
  if (args.scan.states > 16) {
    return launch_scan<scan_kernel<Element, ANY_RANK, 64, 4, false>>(args, plan, stream);
  }
  switch (args.scan.dt_rank) {
    case 12: return launch_scan<scan_kernel<Element, 12, 16, 4, false>>(args, plan, stream);
    case 24: return launch_scan<scan_kernel<Element, 24, 16, 4, false>>(args, plan, stream);
    default: return launch_scan<scan_kernel<Element, ANY_RANK, 16, 4, false>>(args, plan, stream);
  }
}

int32_t launch_scan_four_lanes(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream) {
  return args.scan.dtype == PANAMBA_F32 ? launch_rank<float>(args, plan, stream)
                                        : launch_rank<bfloat>(args, plan, stream);
}

}  // namespace panamba

/* The scan that projects dt itself, for the ranks of Vim-Ti and -S: registers hold a channel's weights, and
 * have no room for those of Vim-B. */
#include "fill.h"
#include "kernel.h"

namespace panamba {

template <class Element>
static int32_t launch_rank(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream) {
  return args.scan.dt_rank == 12 ? launch_scan<scan_kernel<Element, 12, 16, 1, false>>(args, plan, stream)
                                 : launch_scan<scan_kernel<Element, 24, 16, 1, false>>(args, plan, stream);
}

int32_t launch_scan_fused(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream) {
  return args.scan.dtype == PANAMBA_F32 ? launch_rank<float>(args, plan, stream)
                                        : launch_rank<bfloat>(args, plan, stream);
}

}  // namespace panamba

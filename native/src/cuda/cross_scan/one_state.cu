/* The cross scan of one state, VMamba's: segments as long as divides its images' sides of 7 * 2^n pixels, or others'. */
#include "fill.h"

namespace panamba {

template <class Element>
static int32_t launch_steps(const panamba_cross_scan_args &args, const cross_plan &plan, void *stream) {
  switch (plan.steps) {
    case 7: return launch_walks<Element, 7, 1>(args, plan, stream);
    case 14: return launch_walks<Element, 14, 1>(args, plan, stream);
    default: return launch_walks<Element, 16, 1>(args, plan, stream);
  }
}

int32_t launch_one_state(const panamba_cross_scan_args &args, const cross_plan &plan, void *stream) {
  return args.dtype == PANAMBA_F32 ? launch_steps<float>(args, plan, stream) : launch_steps<bfloat>(args, plan, stream);
}

}  // namespace panamba

/* The cross scan of several states, one after the other. */
#include "fill.h"

namespace panamba {

template <class Element>
static int32_t launch_steps(const panamba_cross_scan_args &args, const cross_plan &plan, void *stream) {
  return plan.steps == 7 ? launch_walks<Element, 7, PANAMBA_MAX_STATES>(args, plan, stream)
                         : launch_walks<Element, 14, PANAMBA_MAX_STATES>(args, plan, stream);
}

int32_t launch_many_states(const panamba_cross_scan_args &args, const cross_plan &plan, void *stream) {
  return args.dtype == PANAMBA_F32 ? launch_steps<float>(args, plan, stream) : launch_steps<bfloat>(args, plan, stream);
}

}  // namespace panamba

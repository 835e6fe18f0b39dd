/* The cross scan of several states, one after the other. */
#include "fill.h"

namespace panamba {

int32_t launch_many_states(const panamba_cross_scan_args &args, const cross_plan &plan, void *stream) {
  return args.dtype == PANAMBA_F32 ? launch_walks<float, 7, PANAMBA_MAX_STATES>(args, plan, stream)
                                   : launch_walks<bfloat, 7, PANAMBA_MAX_STATES>(args, plan, stream);
}

}  // namespace panamba

/* The launches that a selective scan is made of, each in a source of its own. */
#ifndef PANAMBA_CUDA_SCAN_PLAN_H
#define PANAMBA_CUDA_SCAN_PLAN_H

#include "panamba_cuda.h"

namespace panamba {

/* The largest dt_rank that a scan projects within its tiles, if it is neither of those that a kernel is made for. */
constexpr int MOST_TILE_RANK = 48;

/* How a scan is cut, and where its workspace is. */
struct scan_plan {
  int64_t chunk;
  int64_t chunks;
  int32_t lanes;
  bool fused;          /* dt is projected within the scan */
  int64_t dt_bytes;    /* of one direction's dt; 0 if fused */
  int64_t state_bytes; /* of one direction's states between chunks; 0 if there is one chunk */
  int64_t sum_bytes;   /* of one direction's sums of dt */
  int64_t bytes;
  float *dt[2];
  float *state[2]; /* (batch, chunks, states, channels): first where chunks end, then where they begin */
  float *sum[2];   /* (batch, chunks, channels) */
  const char *shapes;
};

/* dt[row, channel] = softplus(dt_bias + dt_weight . projected_dt[row]), of both directions. */
int32_t launch_project_dt(const panamba_selective_scan_args &args, const scan_plan &plan, void *stream);

/* The states at the ends of all chunks, each from zero, and the sums of dt over them. */
int32_t launch_scan_ends(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream);

/* From these, the states at the beginnings. */
int32_t launch_carry(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream);

/* The scan itself, with dt projected before or, the others, within; that by state takes it from either. */
int32_t launch_scan_projected(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream);
int32_t launch_scan_fused(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream);
int32_t launch_scan_four_lanes(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream);
int32_t launch_scan_by_state(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream);

}  // namespace panamba

#endif

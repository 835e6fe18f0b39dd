/* How a cross scan is cut, and the launches that it is made of, each in a source of its own. */
#ifndef PANAMBA_CUDA_CROSS_SCAN_PLAN_H
#define PANAMBA_CUDA_CROSS_SCAN_PLAN_H

#include "arithmetic.h"
#include "panamba_cuda.h"

namespace panamba {

/* Most channels of a block, a warp's. */
constexpr int CROSS_WIDTH_SHIFT = 5;
constexpr int CROSS_WIDTH = 1 << CROSS_WIDTH_SHIFT;

/* Most threads of a block: the more pixels a segment has, and the more states, the more registers a thread needs. */
constexpr int cross_threads(int steps, bool one_state) { return steps == 7 ? 256 : !one_state ? 448 : 640; }

/* Ranks of dt that are in shared memory at a time, and numbers that it has room for. */
constexpr int CROSS_RANKS = 64;
constexpr int CROSS_TILE = 6144;

/* The order of a walk. Its pixels are a line, all by rows, or several, the columns, and a line is cut into segments. Pixels
 * are counted by rows; strides are negative where it goes backwards. */
struct cross_order {
  int32_t first; /* pixel */
  int32_t step;  /* to the next of a line */
  int32_t line;  /* pixels of a line */
  int32_t lines;
  int32_t next_line;   /* from a line's first pixel to the next line's */
  int32_t segment;     /* pixels of a segment; a line's last has as many as are left */
  int32_t pieces;      /* segments of a line */
  int32_t count;       /* of all segments */
  int32_t leap_lines;  /* from a segment on by as many as a block has: lines, */
  int32_t leap_pieces; /* and segments of a line */
};

struct cross_walk {
  const float *projected; /* its own numbers of the first pixel */
  const float *dt_weight;
  const float *dt_bias;
  const float *a;
  float *out;
  cross_order order;
};

struct cross_plan {
  cross_walk walks[PANAMBA_WALKS];
  int32_t steps;       /* most pixels of a segment: 7, 14 or 16 */
  int32_t width_shift; /* 2^width_shift channels of a block */
  int32_t segments;    /* of a block */
  int32_t segment_floats;
  int32_t copy_width;
  int32_t copy_shift;
  bool together;       /* all walks at the same time, */
  int64_t plane_bytes; /* with y of walks 1, 2 and 3 in planes of so many bytes, */
  const float *planes; /* and that of walk 0 in `out` */
  const char *shapes;
};

int32_t launch_one_state(const panamba_cross_scan_args &args, const cross_plan &plan, void *stream);
int32_t launch_many_states(const panamba_cross_scan_args &args, const cross_plan &plan, void *stream);

/* out = (d[0] + d[1] + d[2] + d[3]) u + out + the planes, in their order. */
int32_t launch_sum_of_walks(const panamba_cross_scan_args &args, const cross_plan &plan, void *stream);

/* The weight with which u passes the walks by: the sum of all walks'. */
PANAMBA_HD float sum_of_skips(const float *d, int64_t channels, int64_t channel) {
  float sum = 0.0f;
  PANAMBA_UNROLL
  for (int k = 0; k < PANAMBA_WALKS && d; k++) {
    sum += d[k * channels + channel];
  }
  return sum;
}

}  // namespace panamba

#endif

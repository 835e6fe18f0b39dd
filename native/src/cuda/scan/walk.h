/*
 * What all scans of an image have in common: parameters, and who walks along which rows. The two directions of some
 * channels are the two groups of a block: each walks one half of the rows, leaves its sums in `out`, and, after a
 * barrier, walks the half that the other has left.
 */
#ifndef PANAMBA_CUDA_SCAN_WALK_H
#define PANAMBA_CUDA_SCAN_WALK_H

#include "element.h"
#include "launch.h"
#include "plan.h"

namespace panamba {

/* Threads of one direction in a block. */
constexpr int GROUP = 64;

/* As a kernel's Rank: every dt_rank up to this. */
constexpr int ANY_RANK = MOST_TILE_RANK;

/* What a scan does to `out` beside writing y. */
enum scan_task { PARTIAL, FINISH, GENERAL };

struct scan_flags {
  bool add;  /* what `out` holds */
  bool last; /* scale and gate: no other direction comes after */
};

template <class Element>
struct scan_walk {
  const Element *u; /* null where the direction is left out */
  const float *projected;
  const float *dt; /* with ReadyDt: (batch, length, channels) */
  const float *dt_weight;
  const float *dt_bias;
  const float *a;
  const float *d;
  const float *initial_state; /* (batch, chunks, states, channels), or null */
  float *final_state;         /* (batch, states, channels); with Ends (batch, chunks, states, channels) */
  float *dt_sum;              /* with Ends: (batch, chunks, channels) */
};

/* With ReadyDt dt comes from where project_dt (dt.cu) has left it. With Ends the kernel only finds the states at the ends
 * of chunks that start from zero, and the sums of their dt. */
template <class Element_, bool ReadyDt, bool Ends>
struct scan_parameters {
  using Element = Element_;
  static constexpr bool ENDS = Ends;

  scan_walk<Element> walk[2];
  const Element *gate;
  Element *out;
  int64_t projected_row_stride;
  int32_t chunks;
  int32_t length;
  int32_t chunk; /* rows of a block */
  int32_t gate_row_stride;
  int32_t channels;
  int32_t states;
  int32_t dt_rank;
  float scale;
  int8_t first_walk; /* direction of group 0 */
  int8_t walks;      /* 1 or 2 */
  bool accumulate;
  bool wide_copies; /* projected can be copied 16 bytes at a time */

  /* What a group walks along: `count` rows of an image from `row` on. Strides are negative where it walks backwards. */
  struct position {
    int group;
    int direction;
    int count;
    int row;
    int stride;
    int gate_stride;
    int64_t first_row; /* of the image, counted over all images */
    int64_t projected_stride;
    const Element *u; /* these four of the image */
    const float *dt;
    const Element *gate;
    Element *out;
    scan_flags flags;
  };

  PANAMBA_HD int direction_of(int group) const { return first_walk + group; }

  /* The index of this block's image and chunk. */
  template <class Block>
  PANAMBA_HD int64_t plane_of(const Block &block) const {
    return block.index() * chunks + block.index_z();
  }

  /* One direction has all rows to itself; of two, each has the half that it comes to first, and then the other's. */
  PANAMBA_HD int halves() const { return Ends ? 1 : walks; }

  template <class Block>
  PANAMBA_HD position place(const Block &block, int group, int half) const {
    int from = block.index_z() * chunk;
    int to = length - from < chunk ? length : from + chunk;
    position p;
    p.group = group;
    p.direction = direction_of(group);
    int middle = from + (to - from) / 2;
    bool upper = halves() == 2 && p.direction != half;
    bool lower = halves() == 2 && p.direction == half;
    int first = upper ? middle : from;
    int end = lower ? middle : to;
    p.count = end - first;
    p.row = p.direction ? end - 1 : first;
    p.stride = p.direction ? -channels : channels;
    p.gate_stride = p.direction ? -gate_row_stride : gate_row_stride;
    p.first_row = block.index() * length;
    p.projected_stride = p.direction ? -projected_row_stride : projected_row_stride;
    p.u = walk[p.direction].u + p.first_row * channels;
    p.dt = ReadyDt ? walk[p.direction].dt + p.first_row * channels : nullptr;
    p.gate = gate ? gate + p.first_row * gate_row_stride : nullptr;
    p.out = out + p.first_row * channels;
    p.flags.add = half == 1 || accumulate;
    p.flags.last = half == halves() - 1;
    return p;
  }

  template <scan_task Task>
  PANAMBA_HD float finish(const scan_flags &flags, float y, float added, float gated) const {
    if (Task == PARTIAL) {
      return y;
    }
    /* Both directions are rounded to the type of `out`, so that it makes no difference which comes first. */
    if (Task == FINISH) {
      return (added + rounded<Element>(y)) * scale * panamba_silu(gated);
    }
    y = flags.add ? added + rounded<Element>(y) : y;
    if (flags.last) {
      y *= scale;
      y = gate ? y * panamba_silu(gated) : y;
    }
    return y;
  }
};

/* The work of a block: start(), walk_rows() for each half, and end(), of a kernel of scan_parameters. */
template <class Kernel, class Block>
PANAMBA_HD void run_walks(const Kernel &kernel, Block &block) {
  for (int group : block.template groups<GROUP>()) {
    for (int i : block.template group<GROUP>(group)) {
      kernel.start(block, i, kernel.direction_of(group));
    }
  }
  PANAMBA_ROLL
  for (int half = 0; half < kernel.halves(); half++) {
    if (half) {
      block.synchronize();
    }
    for (int group : block.template groups<GROUP>()) {
      kernel.walk_rows(block, kernel.place(block, group, half));
    }
  }
  for (int group : block.template groups<GROUP>()) {
    for (int i : block.template group<GROUP>(group)) {
      kernel.end(block, i, kernel.direction_of(group));
    }
  }
}

}  // namespace panamba

#endif

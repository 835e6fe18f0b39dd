/*
 * What the two sources of the scan's gradient share: a tile at work. A tile is the PANAMBA_SCAN_PART_CHANNELS channels
 * of a part, of one image. It walks the chunks of rows between saved states from the last to the first; in a chunk, its
 * vectors of channels follow each other.
 */
#ifndef PANAMBA_SCAN_GRADIENT_H
#define PANAMBA_SCAN_GRADIENT_H

#include "scan_steps.h"
#include "tier.h"

#define GROUP_CHANNELS PANAMBA_SCAN_PART_CHANNELS
#define GROUP_VECTORS (GROUP_CHANNELS / VEC_WIDTH)

#if SCAN_GROUP != 4
#error "a fold takes the four states of a group"
#endif

/* Two of a group of states, and one of each that is left over. */
#define MAX_FOLDS (PANAMBA_MAX_STATES / 2 + SCAN_GROUP)

#define LOG_2 0.69314718f

/* One row of one vector of channels. Vectors that cross lines of the cache take twice as long. */
typedef struct {
  _Alignas(VEC_WIDTH * sizeof(float)) float dt[VEC_WIDTH];
  float slope[VEC_WIDTH]; /* of softplus */
  float dtu[VEC_WIDTH];
  float y[VEC_WIDTH];
  float y_gradient[VEC_WIDTH];
  float gate[VEC_WIDTH];    /* scale * silu(z) */
  float z_slope[VEC_WIDTH]; /* scale * out_gradient * the derivative of silu at z */
  float g_b[VEC_WIDTH];     /* g . B */
  float ge_h_a[VEC_WIDTH];  /* (e g h[t - 1]) . a */
} gradient_row;

typedef struct {
  const panamba_scan_gradient_args *args;
  const panamba_scan_gradient_direction *direction;
  int64_t image;
  int64_t channel; /* the tile's first */
  int64_t part;
  int64_t step; /* +1 or -1: the way time runs */
  int vectors;
  int last_lanes; /* channels of the last vector */
  int first;      /* direction: no sum of y is there yet */
  int last;       /* direction: gradients of z, and outputs, are of the sum of y */
  float scale;
  /* Of the chunk: */
  int64_t row; /* its first in time, of all images' rows */
  int count;
  int folds;
  int64_t ahead; /* from a row to that of the next chunk which is prefetched meanwhile */
  /* Of the vector in hand: */
  _Alignas(VEC_WIDTH * sizeof(float)) gradient_row rows[CHUNK_ROWS];
  float longest[VEC_WIDTH]; /* the largest dt */
  /* Of all vectors: */
  float v_gradient[GROUP_VECTORS][CHUNK_ROWS][VEC_WIDTH]; /* of the argument of softplus */
  float sums[CHUNK_ROWS * MAX_FOLDS][VEC_WIDTH];          /* over channels, row by row, `folds` of each */
  /* e[t + 1] g[t + 1], from the chunk after; vector by vector, `states` of each. */
  float carried[GROUP_VECTORS * PANAMBA_MAX_STATES][VEC_WIDTH];
} gradient_task;

/* All states of a vector of channels, from their values at the chunk's beginning: y, g_b and ge_h_a of the rows, the
 * gradient of A_log, and what the vector adds to the sums. */
void TIER_NAME(scan_gradient_states)(gradient_task *task, int vector, const float *saved);

/* The gradients of B and C, from their folded sums over all channels of the tile. */
void TIER_NAME(scan_gradient_store_sums)(const gradient_task *task);

INLINE int lanes_of(const gradient_task *task, int vector) {
  return vector == task->vectors - 1 ? task->last_lanes : VEC_WIDTH;
}

INLINE int64_t row_of(const gradient_task *task, int i) { return task->row + i * task->step; }

INLINE const float *projected_of(const gradient_task *task, int i) {
  return task->direction->projected + row_of(task, i) * task->args->projected_row_stride;
}

/* Row i of the tile's part of the gradient of projected. */
INLINE float *projected_part(const gradient_task *task, int i) {
  const panamba_scan_gradient_args *args = task->args;
  int64_t row = task->part * args->batch * args->length + row_of(task, i);
  return task->direction->projected_parts + row * (args->dt_rank + 2 * args->states);
}

/* This image's row of parameter_parts, at a vector's channels. */
INLINE float *parameter_of(const gradient_task *task, int64_t row, int vector) {
  const panamba_scan_gradient_args *args = task->args;
  int64_t rows = args->states + args->dt_rank + 2;
  return task->direction->parameter_parts + (task->image * rows + row) * args->channels + task->channel +
         vector * VEC_WIDTH;
}

INLINE void add_parameter(const gradient_task *task, int64_t row, int vector, vec addend) {
  float *parameter = parameter_of(task, row, vector);
  int lanes = lanes_of(task, vector);
  vec_store_lanes(parameter, vec_add(vec_load_lanes(parameter, lanes), addend), lanes);
}

INLINE scan_buffer buffer_of(gradient_task *task) {
  gradient_row *row = task->rows;
  return (scan_buffer){.dt = row->dt, .dtu = row->dtu, .y = row->y, .stride = sizeof *row / sizeof(float)};
}

INLINE scan_chunk chunk_of(const gradient_task *task, int vector) {
  const panamba_scan_gradient_args *args = task->args;
  const panamba_scan_gradient_direction *d = task->direction;
  int64_t channel = task->channel + vector * VEC_WIDTH;
  return (scan_chunk){
      .projected = projected_of(task, 0),
      .row_stride = task->step * args->projected_row_stride,
      .dt_weight = d->dt_weight + channel,
      .dt_bias = d->dt_bias ? d->dt_bias + channel : 0,
      .a = d->a + channel,
      .d = d->d ? d->d + channel : 0,
      .dt_rank = args->dt_rank,
      .states = args->states,
      .channels = args->channels,
      .count = task->count,
      .lanes = lanes_of(task, vector),
  };
}

#endif

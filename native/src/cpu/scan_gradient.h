/*
 * What the gradients of all scans share: a tile at work. A tile is the PANAMBA_SCAN_PART_CHANNELS channels of a part, of
 * one image. It walks the chunks of rows between saved states from the last to the first; in a chunk, its vectors of
 * channels follow each other. What is pointwise before the states and after them belongs to the scan itself, and to
 * its own source.
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
  int64_t channels;
  int64_t states;
  int64_t dt_rank;
  int vectors;
  int last_lanes; /* channels of the last vector */
  int folds;
  /* Of the direction in hand, at the tile's first channel, rows `channels` apart: */
  const float *dt_weight;
  const float *dt_bias; /* or null */
  const float *a;
  float *a_gradient; /* of A_log */
  float *weight_gradient;
  float *bias_gradient;
  /* Of the chunk in hand, row by row in the order of time: */
  int count;
  int first_chunk;                    /* none comes after it */
  const float *projected[CHUNK_ROWS]; /* [dt | B | C] */
  float *parts[CHUNK_ROWS];           /* of the tile's part of the gradient of projected */
  /* Of the vector in hand: */
  _Alignas(VEC_WIDTH * sizeof(float)) gradient_row rows[CHUNK_ROWS];
  float longest[VEC_WIDTH]; /* the largest dt */
  /* Of all vectors: */
  float v_gradient[GROUP_VECTORS][CHUNK_ROWS][VEC_WIDTH]; /* of the argument of softplus */
  float sums[CHUNK_ROWS * MAX_FOLDS][VEC_WIDTH];          /* over channels, row by row, `folds` of each */
  /* e[t + 1] g[t + 1], from the chunk after; vector by vector, `states` of each. */
  float carried[GROUP_VECTORS * PANAMBA_MAX_STATES][VEC_WIDTH];
} gradient_task;

/* Sizes, of a tile of `channels` channels. */
void TIER_NAME(scan_gradient_begin)(gradient_task *task, int64_t channels);

/* A direction's gradients are zero, and so is what its last chunk gets from one after it. */
void TIER_NAME(scan_gradient_clear)(gradient_task *task);

/* All states of a vector of channels, from `saved`, their values at the chunk's beginning at the tile's first channel:
 * y, g_b and ge_h_a of the rows, the gradient of A_log, and what the vector adds to the sums. */
void TIER_NAME(scan_gradient_states)(gradient_task *task, int vector, const float *saved);

/* The gradient of dt_weight, from a vector's v_gradient. */
void TIER_NAME(scan_gradient_weights)(const gradient_task *task, int vector);

/* The tile's part of the gradient of projected: of B and C from the folded sums over all its channels, of dt from
 * v_gradient. */
void TIER_NAME(scan_gradient_projected)(const gradient_task *task);

INLINE int lanes_of(const gradient_task *task, int vector) {
  return vector == task->vectors - 1 ? task->last_lanes : VEC_WIDTH;
}

/* Adds to a row of gradients of parameters, at the tile's first channel. */
INLINE void add_parameter(const gradient_task *task, float *row, int vector, vec addend) {
  float *parameter = row + vector * VEC_WIDTH;
  int lanes = lanes_of(task, vector);
  vec_store_lanes(parameter, vec_add(vec_load_lanes(parameter, lanes), addend), lanes);
}

INLINE void clear_parameter(const gradient_task *task, float *row, int vector) {
  vec_store_lanes(row + vector * VEC_WIDTH, vec_set(0.0f), lanes_of(task, vector));
}

INLINE scan_buffer buffer_of(gradient_task *task) {
  gradient_row *row = task->rows;
  return (scan_buffer){
      .dt = row->dt, .slope = row->slope, .dtu = row->dtu, .y = row->y, .stride = sizeof *row / sizeof(float)};
}

INLINE scan_chunk chunk_of(const gradient_task *task, int vector) {
  int64_t channel = vector * VEC_WIDTH;
  return (scan_chunk){
      .rows = task->projected,
      .dt_weight = task->dt_weight + channel,
      .dt_weight_stride = task->channels,
      .dt_bias = task->dt_bias ? task->dt_bias + channel : 0,
      .a = task->a + channel,
      .dt_rank = task->dt_rank,
      .states = task->states,
      .channels = task->channels,
      .count = task->count,
      .lanes = lanes_of(task, vector),
  };
}

/* The gradient of the argument of softplus of row i, from what the states left; and of the bias, the sum. */
INLINE void finish_step(gradient_task *task, int vector, int i, vec u, vec *bias_gradient) {
  const gradient_row *r = &task->rows[i];
  vec dt_gradient = vec_fma(u, vec_load(r->g_b), vec_mul(vec_set(LOG_2), vec_load(r->ge_h_a)));
  vec v_gradient = vec_mul(dt_gradient, vec_load(r->slope));
  vec_store(task->v_gradient[vector][i], v_gradient);
  *bias_gradient = vec_add(*bias_gradient, v_gradient);
}

#endif

/*
 * The beginning of a tile of a scan's gradient, and what comes after the states: the gradient of dt_weight, and the
 * tile's part of the gradient of projected.
 */
#include <string.h>

#include "scan_gradient.h"

/* Ranks whose gradients are added up together: chains that hide each other's latency and share the loads of v_gradient. */
#define WEIGHT_RANKS 4

void TIER_NAME(scan_gradient_begin)(gradient_task *task, int64_t channels) {
  task->vectors = (int)ceil_div(channels, VEC_WIDTH);
  task->last_lanes = (int)(channels - (task->vectors - 1) * VEC_WIDTH);
  task->folds = (int)(task->states / SCAN_GROUP * 2 + task->states % SCAN_GROUP);
}

void TIER_NAME(scan_gradient_clear)(gradient_task *task) {
  for (int vector = 0; vector < task->vectors; vector++) {
    for (int64_t n = 0; n < task->states; n++) {
      clear_parameter(task, task->a_gradient + n * task->channels, vector);
    }
    for (int64_t r = 0; r < task->dt_rank; r++) {
      clear_parameter(task, task->weight_gradient + r * task->channels, vector);
    }
    clear_parameter(task, task->bias_gradient, vector);
  }
  memset(task->carried, 0, (size_t)(task->vectors * task->states) * sizeof task->carried[0]);
}

/* The gradients of `ranks` rows of dt_weight. */
INLINE void add_weight_rows(const gradient_task *task, int vector, int64_t first, const int ranks) {
  vec sum[WEIGHT_RANKS];
  for (int r = 0; r < ranks; r++) {
    sum[r] = vec_set(0.0f);
  }
  for (int i = 0; i < task->count; i++) {
    const float *projected = task->projected[i] + first;
    vec v_gradient = vec_load(task->v_gradient[vector][i]);
    for (int r = 0; r < ranks; r++) {
      sum[r] = vec_fma(vec_set(projected[r]), v_gradient, sum[r]);
    }
  }
  for (int r = 0; r < ranks; r++) {
    add_parameter(task, task->weight_gradient + (first + r) * task->channels, vector, sum[r]);
  }
}

void TIER_NAME(scan_gradient_weights)(const gradient_task *task, int vector) {
  int64_t r = 0;
  for (; r + WEIGHT_RANKS <= task->dt_rank; r += WEIGHT_RANKS) {
    add_weight_rows(task, vector, r, WEIGHT_RANKS);
  }
  for (; r < task->dt_rank; r++) {
    add_weight_rows(task, vector, r, 1);
  }
}

/* The gradients of B and C. */
static void store_sums(const gradient_task *task) {
  float results[(MAX_FOLDS + VEC_WIDTH / 4) * 4];
  for (int i = 0; i < task->count; i++) {
    for (int f = 0; f < task->folds; f += VEC_WIDTH / 4) {
      vec folds[VEC_WIDTH / 4];
      for (int j = 0; j < VEC_WIDTH / 4; j++) {
        folds[j] = f + j < task->folds ? vec_load(task->sums[i * task->folds + f + j]) : vec_set(0.0f);
      }
      vec_store(results + f * 4, vec_folded_sums(folds));
    }
    float *b = task->parts[i] + task->dt_rank;
    float *c = b + task->states;
    const float *result = results;
    int64_t n = 0;
    for (; n + SCAN_GROUP <= task->states; n += SCAN_GROUP, result += 2 * SCAN_GROUP) {
      memcpy(b + n, result, SCAN_GROUP * sizeof(float));
      memcpy(c + n, result + SCAN_GROUP, SCAN_GROUP * sizeof(float));
    }
    for (; n < task->states; n++, result += 4) {
      b[n] = result[0];
      c[n] = result[1];
    }
  }
}

/* The gradient of projected dt: the tile's v_gradient . dt_weight^T. */
static void project_back(const gradient_task *task) {
  for (int64_t first = 0; first < task->dt_rank; first += VEC_WIDTH) {
    int64_t ranks = min64(VEC_WIDTH, task->dt_rank - first);
    vec weight[VEC_WIDTH][GROUP_VECTORS];
    for (int r = 0; r < VEC_WIDTH; r++) {
      const float *row = task->dt_weight + (first + r) * task->channels;
      for (int v = 0; v < task->vectors; v++) {
        weight[r][v] = r < ranks ? vec_load_lanes(row + v * VEC_WIDTH, lanes_of(task, v)) : vec_set(0.0f);
      }
    }
    for (int i = 0; i < task->count; i++) {
      vec folds[VEC_WIDTH / 4];
      for (int fold = 0; fold < VEC_WIDTH / 4; fold++) {
        vec sum[4] = {vec_set(0.0f), vec_set(0.0f), vec_set(0.0f), vec_set(0.0f)};
        for (int v = 0; v < task->vectors && fold * 4 < ranks; v++) {
          vec v_gradient = vec_load(task->v_gradient[v][i]);
          for (int r = 0; r < 4; r++) {
            sum[r] = vec_fma(weight[fold * 4 + r][v], v_gradient, sum[r]);
          }
        }
        folds[fold] = vec_fold(sum[0], sum[1], sum[2], sum[3]);
      }
      float results[VEC_WIDTH];
      vec_store(results, vec_folded_sums(folds));
      memcpy(task->parts[i] + first, results, (size_t)ranks * sizeof(float));
    }
  }
}

void TIER_NAME(scan_gradient_projected)(const gradient_task *task) {
  store_sums(task);
  project_back(task);
}

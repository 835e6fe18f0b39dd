/*
 * The states of the scan's gradient. For a few states at a time, each vector of channels goes through a chunk twice:
 * recur() computes e and h again, from the saved state on, as the forward pass to the bit; walk_back() comes back in
 * time. All states of a vector follow each other, so that what the chunk needs of it stays in the first-level cache.
 * Sums over channels are folded to a quarter at once, and become numbers when all vectors of the tile have been added.
 */
#include <string.h>

#include "scan_gradient.h"

/* Two folds for a group, of B and of C, or one for a single state. */
INLINE void fold_sums(const vec *b, const vec *c, float (*sums)[VEC_WIDTH], const int add, const int states) {
  vec folds[2];
  if (states == SCAN_GROUP) {
    folds[0] = vec_fold(b[0], b[1], b[2], b[3]);
    folds[1] = vec_fold(c[0], c[1], c[2], c[3]);
  } else {
    folds[0] = vec_fold(b[0], c[0], b[0], c[0]);
  }
  for (int i = 0; i < (states == SCAN_GROUP ? 2 : 1); i++) {
    vec_store(sums[i], add ? vec_add(vec_load(sums[i]), folds[i]) : folds[i]);
  }
}

/* Back in time: the folds of sums over channels go to `sums`; e g to `carried`, and the sum of dt e g h to
 * `decay_gradient`. `h` comes in as the states after the last row. */
INLINE void walk_back(gradient_task *task, const scan_chunk *chunk, int64_t first, const vec *a, vec *h,
                      const scan_trace *trace, vec *carried, vec *decay_gradient, float (*sums)[VEC_WIDTH],
                      const int add, const int states) {
  const int folds = task->folds;
  const int last = chunk->count - 1;
  gradient_row *row = task->rows + last;
  trace += last;
  sums += last * folds;
  for (int i = last; i >= 0; i--, row--, trace--, sums -= folds) {
    const float *b = projected_row(chunk, i) + chunk->dt_rank + first;
    const float *c = b + chunk->states;
    vec dt = vec_load(row->dt);
    vec dtu = vec_load(row->dtu);
    vec y_gradient = vec_load(row->y_gradient);
    vec g_b = vec_load(row->g_b);
    vec ge_h_a = vec_load(row->ge_h_a);
    vec b_sum[SCAN_GROUP];
    vec c_sum[SCAN_GROUP];
    for (int n = 0; n < states; n++) {
      vec before = vec_load(trace->h[n]);
      vec g = vec_fma(y_gradient, vec_set(c[n]), carried[n]);
      b_sum[n] = vec_mul(dtu, g);
      c_sum[n] = vec_mul(y_gradient, h[n]);
      g_b = vec_fma(g, vec_set(b[n]), g_b);
      carried[n] = vec_mul(g, vec_load(trace->e[n]));
      vec ge_h = vec_mul(carried[n], before);
      ge_h_a = vec_fma(ge_h, a[n], ge_h_a);
      decay_gradient[n] = vec_fma(ge_h, dt, decay_gradient[n]);
      h[n] = before;
    }
    fold_sums(b_sum, c_sum, sums, add, states);
    vec_store(row->g_b, g_b);
    vec_store(row->ge_h_a, ge_h_a);
  }
}

/* `states` states of a vector of channels, whose sums begin at `fold`. */
INLINE void walk_states(gradient_task *task, int vector, int64_t first, int64_t fold, const float *saved,
                        const int states) {
  const scan_chunk chunk = chunk_of(task, vector);
  scan_trace trace[CHUNK_ROWS];
  vec a[SCAN_GROUP];
  vec h[SCAN_GROUP];
  vec carried[SCAN_GROUP];
  vec decay_gradient[SCAN_GROUP];
  float(*kept)[VEC_WIDTH] = task->carried + vector * task->states + first;
  for (int n = 0; n < states; n++) {
    const float *place = saved + (first + n) * task->channels + vector * VEC_WIDTH;
    __builtin_prefetch(task->first_chunk ? place : place - task->states * task->channels);
    h[n] = vec_load_lanes(place, chunk.lanes);
    carried[n] = vec_load(kept[n]);
    decay_gradient[n] = vec_set(0.0f);
  }
  recur(&chunk, buffer_of(task), vec_load(task->longest), first, a, h, trace, states);
  walk_back(task, &chunk, first, a, h, trace, carried, decay_gradient, task->sums + fold, vector > 0, states);
  for (int n = 0; n < states; n++) {
    vec_store(kept[n], carried[n]);
    add_parameter(task, task->a_gradient + (first + n) * task->channels, vector,
                  vec_mul(vec_mul(decay_gradient[n], vec_set(LOG_2)), a[n]));
  }
}

static void walk_group(gradient_task *task, int vector, int64_t first, int64_t fold, const float *saved) {
  walk_states(task, vector, first, fold, saved, SCAN_GROUP);
}

static void walk_one(gradient_task *task, int vector, int64_t first, int64_t fold, const float *saved) {
  walk_states(task, vector, first, fold, saved, 1);
}

void TIER_NAME(scan_gradient_states)(gradient_task *task, int vector, const float *saved) {
  int64_t n = 0;
  int64_t fold = 0;
  for (; n + SCAN_GROUP <= task->states; n += SCAN_GROUP, fold += 2) {
    walk_group(task, vector, n, fold, saved);
  }
  for (; n < task->states; n++, fold++) {
    walk_one(task, vector, n, fold, saved);
  }
}

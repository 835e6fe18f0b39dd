/*
 * The steps that every selective scan is made of, for a vector of VEC_WIDTH neighbouring channels in one direction:
 *
 *   dt[t] = softplus(dt_bias + dt_weight . projected_dt[t])
 *   h[t]  = e[t] h[t - 1] + dt[t] u[t] B[t]                 e[t] = exp2(dt[t] a)
 *   y[t]  = D u[t] + C[t] . h[t]
 *
 * Rows are walked a chunk at a time, in the order in which time runs. All scans call the same inline functions with
 * buffers of their own, so that the gradient finds the states of the forward pass to the bit.
 */
#ifndef PANAMBA_SCAN_STEPS_H
#define PANAMBA_SCAN_STEPS_H

#include "packed_layout.h"
#include "vec_math.h"

/* Most rows of a chunk. */
#define CHUNK_ROWS PANAMBA_MAX_SAVED_INTERVAL

/* Rows of dt projected together: independent chains that share the loads of weights, as many as hide the latency of a
 * multiply-add on two pipes. */
#define PROJECTED_ROWS 8

/* As far as vec_exp2_near() is right. */
#define NEAR_EXPONENT 126.0f

/* A chunk of rows and the weights, at the vector's first channel. */
typedef struct {
  const float *projected;   /* of the first row: [dt (dt_rank) | B (states) | C (states)] */
  int64_t row_stride;       /* of projected, to the row that comes next in time: negative where time runs backwards */
  const float *const *rows; /* of projected, one by one, where no stride leads from each to the next; or null */
  const float *dt_weight;   /* (dt_rank), rows dt_weight_stride apart */
  int64_t dt_weight_stride;
  const float *dt_bias; /* or null */
  const float *a;       /* (states, channels) */
  const float *d;       /* or null */
  int64_t dt_rank;
  int64_t states;
  int64_t channels;
  int count; /* of rows */
  int lanes; /* channels of the vector */
} scan_chunk;

/* Where the rows of a chunk keep their vectors: row i's are at [i * stride]. */
typedef struct {
  float *dt;
  float *slope; /* of softplus; or null */
  float *dtu;
  float *y;              /* or, where places are given, */
  const int64_t *places; /* row i's y alone is at [places[i]]; or null */
  int64_t stride;
} scan_buffer;

/* Of a row, for a gradient, which walks back in time: the states before it, and its e. */
typedef struct {
  float h[SCAN_GROUP][VEC_WIDTH];
  float e[SCAN_GROUP][VEC_WIDTH];
} scan_trace;

INLINE const float *projected_row(const scan_chunk *chunk, int i) {
  return chunk->rows ? chunk->rows[i] : chunk->projected + i * chunk->row_stride;
}

INLINE vec scan_weight(const scan_chunk *chunk, const float *weight) {
  return weight ? vec_load_lanes(weight, chunk->lanes) : vec_set(0.0f);
}

/* Rows [first, first + rows) of dt_bias + dt_weight . projected_dt, to `dt`. */
INLINE void project_rows(const scan_chunk *chunk, int first, scan_buffer to, vec bias, const int rows) {
  const float *projected[PROJECTED_ROWS];
  vec v[PROJECTED_ROWS];
  for (int i = 0; i < rows; i++) {
    projected[i] = projected_row(chunk, first + i);
    v[i] = bias;
  }
  for (int64_t r = 0; r < chunk->dt_rank; r++) {
    vec w = vec_load_lanes(chunk->dt_weight + r * chunk->dt_weight_stride, chunk->lanes);
    for (int i = 0; i < rows; i++) {
      v[i] = vec_fma(vec_set(projected[i][r]), w, v[i]);
    }
  }
  for (int i = 0; i < rows; i++) {
    vec_store(to.dt + (first + i) * to.stride, v[i]);
  }
}

/* The arguments of softplus of all rows, to `dt`. */
INLINE void project_dt(const scan_chunk *chunk, scan_buffer to) {
  vec bias = scan_weight(chunk, chunk->dt_bias);
  int first = 0;
  for (; first + PROJECTED_ROWS <= chunk->count; first += PROJECTED_ROWS) {
    project_rows(chunk, first, to, bias, PROJECTED_ROWS);
  }
  for (; first + PROJECTED_ROWS / 4 <= chunk->count; first += PROJECTED_ROWS / 4) {
    project_rows(chunk, first, to, bias, PROJECTED_ROWS / 4);
  }
  for (; first < chunk->count; first++) {
    project_rows(chunk, first, to, bias, 1);
  }
}

/* dt of all rows, and the slopes of softplus if there is a place for them; returns the largest dt. Each loop's chain of
 * operations is so short that a processor works on many rows of it at a time. */
INLINE vec step_sizes(const scan_chunk *chunk, scan_buffer to) {
  _Alignas(VEC_WIDTH * sizeof(float)) float decay[CHUNK_ROWS][VEC_WIDTH];
  project_dt(chunk, to);
  for (int i = 0; i < chunk->count; i++) {
    vec_store(decay[i], vec_softplus_decay(vec_load(to.dt + i * to.stride)));
  }
  for (int i = 0; to.slope && i < chunk->count; i++) {
    vec_store(to.slope + i * to.stride, vec_softplus_slope(vec_load(to.dt + i * to.stride), vec_load(decay[i])));
  }
  vec longest = vec_set(0.0f);
  for (int i = 0; i < chunk->count; i++) {
    vec dt = vec_softplus_of(vec_load(to.dt + i * to.stride), vec_load(decay[i]));
    longest = vec_max(longest, dt);
    vec_store(to.dt + i * to.stride, dt);
  }
  return longest;
}

/* After step_sizes(): dt u of row i. */
INLINE void start_row(scan_buffer rows, int i, vec u) {
  vec_store(rows.dtu + i * rows.stride, vec_mul(vec_load(rows.dt + i * rows.stride), u));
}

/*
 * h = e h + dt u B, y += C h, through all rows, for `states` states from `first` on. `near`: no exponent is beyond
 * NEAR_EXPONENT. `trace` may be null.
 */
INLINE void recur_rows(const scan_chunk *chunk, scan_buffer rows, int64_t first, const vec *a, vec *h,
                       scan_trace *trace, const int states, const int near) {
  const int y_lanes = rows.places ? chunk->lanes : VEC_WIDTH;
  for (int i = 0; i < chunk->count; i++) {
    const float *b = projected_row(chunk, i) + chunk->dt_rank + first;
    const float *c = b + chunk->states;
    vec dt = vec_load(rows.dt + i * rows.stride);
    vec dtu = vec_load(rows.dtu + i * rows.stride);
    float *y_at = rows.y + (rows.places ? rows.places[i] : i * rows.stride);
    vec y = vec_load_lanes(y_at, y_lanes);
    for (int n = 0; n < states; n++) {
      vec exponent = vec_mul(dt, a[n]);
      vec e = near ? vec_exp2_near(exponent) : vec_exp2(exponent);
      if (trace) {
        vec_store(trace[i].e[n], e);
        vec_store(trace[i].h[n], h[n]);
      }
      h[n] = vec_fma(e, h[n], vec_mul(dtu, vec_set(b[n])));
      y = vec_fma(h[n], vec_set(c[n]), y);
    }
    vec_store_lanes(y_at, y, y_lanes);
  }
}

/* recur_rows() with a's rows loaded to `a`. Exponents are clamped only in chunks where one may need it: elsewhere that
 * changes no bit and costs a tenth. */
INLINE void recur(const scan_chunk *chunk, scan_buffer rows, vec longest, int64_t first, vec *a, vec *h,
                  scan_trace *trace, const int states) {
  int beyond = 0;
  for (int n = 0; n < states; n++) {
    a[n] = vec_load_lanes(chunk->a + (first + n) * chunk->channels, chunk->lanes);
    beyond |= vec_any_beyond(vec_abs(vec_mul(a[n], longest)), NEAR_EXPONENT);
  }
  if (beyond) {
    recur_rows(chunk, rows, first, a, h, trace, states, 0);
  } else {
    recur_rows(chunk, rows, first, a, h, trace, states, 1);
  }
}

/* recur() with states that come from `state` and are left there. */
INLINE void recur_group(const scan_chunk *chunk, scan_buffer rows, vec longest, int64_t first,
                        float (*state)[VEC_WIDTH], const int states) {
  vec a[SCAN_GROUP];
  vec h[SCAN_GROUP];
  for (int n = 0; n < states; n++) {
    h[n] = vec_load(state[first + n]);
  }
  recur(chunk, rows, longest, first, a, h, 0, states);
  for (int n = 0; n < states; n++) {
    vec_store(state[first + n], h[n]);
  }
}

/* Of all states. */
INLINE void recur_all(const scan_chunk *chunk, scan_buffer rows, vec longest, float (*state)[VEC_WIDTH]) {
  int64_t n = 0;
  for (; n + SCAN_GROUP <= chunk->states; n += SCAN_GROUP) {
    recur_group(chunk, rows, longest, n, state, SCAN_GROUP);
  }
  for (; n < chunk->states; n++) {
    recur_group(chunk, rows, longest, n, state, 1);
  }
}

#endif

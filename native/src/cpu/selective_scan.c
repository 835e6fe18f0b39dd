/*
 * The fused selective scan. A vector holds one state of VEC_WIDTH neighbouring channels, and a group of states stays in
 * registers while time runs: no sum across lanes, no layout but channels last, and the same chain of operations per
 * channel wherever it falls in a vector.
 *
 * Time is cut into stretches of STEPS. Each passes through three loops, which talk through a small buffer in the
 * first-level cache: prepare (dt, dt * u, D * u), recur (once per group of states) and finish (sum of directions,
 * gate). Separated, each loop fits the registers.
 */
#include <string.h>

#include "tier.h"
#include "vec_math.h"

#define STEPS PANAMBA_MAX_SAVED_INTERVAL

/* Rows of dt projected together: independent chains that share the loads of weights. */
#define PROJECTED_ROWS 4

/* As far as vec_exp2_near() is right. */
#define NEAR_EXPONENT 126.0f

typedef struct {
  float dt[STEPS][VEC_WIDTH];
  float dtu[STEPS][VEC_WIDTH];
  float y[STEPS][VEC_WIDTH];
  float longest[VEC_WIDTH]; /* the largest dt of the stretch */
} stretch;

/* One direction, one image, one vector of channels. `step` is +1 or -1: the way time runs. */
typedef struct {
  const panamba_selective_scan_args *args;
  const panamba_scan_direction *direction;
  int64_t image;
  int64_t channel;
  int64_t step;
  float scale;
  int add;  /* to what `out` holds */
  int gate; /* this direction is the last to write `out` */
} scan_task;

int64_t TIER_NAME(selective_scan_tiles)(const void *args) {
  const panamba_selective_scan_args *a = args;
  return a->batch * ceil_div(a->channels, VEC_WIDTH);
}

/* Rows [first, first + rows) of dt_bias + dt_weight . projected_dt, to s->dt. */
INLINE void project_dt(const scan_task *task, int64_t t, int first, stretch *s, vec bias, const int rows,
                       const int lanes) {
  const panamba_selective_scan_args *a = task->args;
  const float *weight = task->direction->dt_weight + task->channel;
  const float *projected[PROJECTED_ROWS];
  vec v[PROJECTED_ROWS];
  for (int i = 0; i < rows; i++) {
    int64_t row = task->image * a->length + t + (first + i) * task->step;
    projected[i] = task->direction->projected + row * a->projected_row_stride;
    v[i] = bias;
  }
  for (int64_t r = 0; r < a->dt_rank; r++) {
    vec w = vec_load_lanes(weight + r * a->channels, lanes);
    for (int i = 0; i < rows; i++) {
      v[i] = vec_fma(vec_set(projected[i][r]), w, v[i]);
    }
  }
  for (int i = 0; i < rows; i++) {
    vec_store(s->dt[first + i], v[i]);
  }
}

INLINE void prepare(const scan_task *task, int64_t t, int count, stretch *s, const int lanes, const int dtype) {
  const panamba_selective_scan_args *a = task->args;
  const panamba_scan_direction *d = task->direction;
  vec bias = d->dt_bias ? vec_load_lanes(d->dt_bias + task->channel, lanes) : vec_set(0.0f);
  int first = 0;
  for (; first + PROJECTED_ROWS <= count; first += PROJECTED_ROWS) {
    project_dt(task, t, first, s, bias, PROJECTED_ROWS, lanes);
  }
  for (; first < count; first++) {
    project_dt(task, t, first, s, bias, 1, lanes);
  }
  vec skip = d->d ? vec_load_lanes(d->d + task->channel, lanes) : vec_set(0.0f);
  vec longest = vec_set(0.0f);
  for (int i = 0; i < count; i++) {
    int64_t row = task->image * a->length + t + i * task->step;
    int64_t place = row * a->channels + task->channel;
    /* Of a long sequence `out` lies beyond the second-level cache, in rows too far apart for the processor to foresee:
     * it comes while the recurrence runs. */
    __builtin_prefetch((const char *)a->out + place * (dtype == PANAMBA_F32 ? 4 : 2), 1);
    vec u = vec_load_as(dtype, d->u, place, lanes);
    vec dt = vec_softplus(vec_load(s->dt[i]));
    longest = vec_max(longest, dt);
    vec_store(s->dt[i], dt);
    vec_store(s->dtu[i], vec_mul(dt, u));
    vec_store(s->y[i], vec_mul(skip, u));
  }
  vec_store(s->longest, longest);
}

/* h = exp2(dt * a) h + dt u B, y += C h, for `states` states from `first` on. */
INLINE void recur_steps(const scan_task *task, int64_t t, int count, int64_t first, float (*state)[VEC_WIDTH],
                        float (*decay)[VEC_WIDTH], stretch *s, const int states, const int near) {
  const panamba_selective_scan_args *args = task->args;
  const panamba_scan_direction *d = task->direction;
  vec h[SCAN_GROUP];
  for (int n = 0; n < states; n++) {
    h[n] = vec_load(state[first + n]);
  }
  for (int i = 0; i < count; i++) {
    int64_t row = task->image * args->length + t + i * task->step;
    const float *b = d->projected + row * args->projected_row_stride + args->dt_rank + first;
    const float *c = b + args->states;
    vec dt = vec_load(s->dt[i]);
    vec dtu = vec_load(s->dtu[i]);
    vec y = vec_load(s->y[i]);
    for (int n = 0; n < states; n++) {
      vec exponent = vec_mul(dt, vec_load(decay[n]));
      vec e = near ? vec_exp2_near(exponent) : vec_exp2(exponent);
      h[n] = vec_fma(e, h[n], vec_mul(dtu, vec_set(b[n])));
      y = vec_fma(h[n], vec_set(c[n]), y);
    }
    vec_store(s->y[i], y);
  }
  for (int n = 0; n < states; n++) {
    vec_store(state[first + n], h[n]);
  }
}

/* Exponents are clamped only in stretches where one may need it: elsewhere that changes no bit and costs a tenth. */
INLINE void recur(const scan_task *task, int64_t t, int count, int64_t first, float (*state)[VEC_WIDTH], stretch *s,
                  const int states, const int lanes) {
  const float *a = task->direction->a + first * task->args->channels + task->channel;
  float decay[SCAN_GROUP][VEC_WIDTH];
  int beyond = 0;
  for (int n = 0; n < states; n++) {
    vec exponent = vec_load_lanes(a + n * task->args->channels, lanes);
    vec_store(decay[n], exponent);
    beyond |= vec_any_beyond(vec_abs(vec_mul(exponent, vec_load(s->longest))), NEAR_EXPONENT);
  }
  if (beyond) {
    recur_steps(task, t, count, first, state, decay, s, states, 0);
  } else {
    recur_steps(task, t, count, first, state, decay, s, states, 1);
  }
}

INLINE void finish(const scan_task *task, int64_t t, int count, const stretch *s, const int lanes, const int dtype) {
  const panamba_selective_scan_args *a = task->args;
  for (int i = 0; i < count; i++) {
    int64_t row = task->image * a->length + t + i * task->step;
    int64_t place = row * a->channels + task->channel;
    vec y = vec_load(s->y[i]);
    if (task->add) {
      /* Both directions are rounded to the type of `out`, so that it makes no difference which comes first. */
      vec own = dtype == PANAMBA_BF16 ? vec_round_bf16(y) : y;
      y = vec_add(vec_load_as(dtype, a->out, place, lanes), own);
    }
    if (task->gate) {
      y = vec_mul(vec_set(task->scale), y);
      if (a->gate) {
        y = vec_mul(y, vec_load_as(dtype, a->gate, row * a->gate_row_stride + task->channel, lanes));
      }
    }
    vec_store_as(dtype, a->out, place, y, lanes);
  }
}

INLINE void scan_vector(const scan_task *task, const int lanes, const int dtype) {
  const panamba_selective_scan_args *a = task->args;
  const panamba_scan_direction *d = task->direction;
  float state[PANAMBA_MAX_STATES][VEC_WIDTH];
  stretch s;
  int64_t plane = task->image * a->states * a->channels + task->channel;
  for (int64_t n = 0; n < a->states; n++) {
    vec_store(state[n],
              d->initial_state ? vec_load_lanes(d->initial_state + plane + n * a->channels, lanes) : vec_set(0.0f));
  }
  const int64_t steps = d->saved_states ? a->saved_interval : STEPS;
  int64_t saved = task->image * ceil_div(a->length, steps) * a->states * a->channels + task->channel;
  for (int64_t done = 0; done < a->length; done += steps) {
    for (int64_t n = 0; d->saved_states && n < a->states; n++, saved += a->channels) {
      vec_store_lanes(d->saved_states + saved, vec_load(state[n]), lanes);
    }
    int count = (int)min64(steps, a->length - done);
    int64_t t = task->step > 0 ? done : a->length - 1 - done;
    prepare(task, t, count, &s, lanes, dtype);
    int64_t n = 0;
    for (; n + SCAN_GROUP <= a->states; n += SCAN_GROUP) {
      recur(task, t, count, n, state, &s, SCAN_GROUP, lanes);
    }
    for (; n < a->states; n++) {
      recur(task, t, count, n, state, &s, 1, lanes);
    }
    finish(task, t, count, &s, lanes, dtype);
  }
  if (d->final_state) {
    for (int64_t n = 0; n < a->states; n++) {
      vec_store_lanes(d->final_state + plane + n * a->channels, vec_load(state[n]), lanes);
    }
  }
}

static void scan_f32(const scan_task *task) { scan_vector(task, VEC_WIDTH, PANAMBA_F32); }

static void scan_bf16(const scan_task *task) { scan_vector(task, VEC_WIDTH, PANAMBA_BF16); }

static void scan_partial(const scan_task *task, int lanes) { scan_vector(task, lanes, task->args->dtype); }

static void run_task(const scan_task *task) {
  int64_t lanes = min64(VEC_WIDTH, task->args->channels - task->channel);
  if (lanes < VEC_WIDTH) {
    scan_partial(task, (int)lanes);
  } else if (task->args->dtype == PANAMBA_F32) {
    scan_f32(task);
  } else {
    scan_bf16(task);
  }
}

void TIER_NAME(selective_scan_tile)(const void *args, int64_t tile) {
  const panamba_selective_scan_args *a = args;
  int64_t blocks = ceil_div(a->channels, VEC_WIDTH);
  scan_task task = {
      .args = a, .image = tile / blocks, .channel = tile % blocks * VEC_WIDTH, .scale = a->scale, .add = a->accumulate};
  if (a->image_scale) {
    task.scale *= a->image_scale[task.image];
  }
  if (a->forward.u) {
    task.direction = &a->forward;
    task.step = 1;
    task.gate = !a->backward.u;
    run_task(&task);
    task.add = 1;
  }
  if (a->backward.u) {
    task.direction = &a->backward;
    task.step = -1;
    task.gate = 1;
    run_task(&task);
  }
}

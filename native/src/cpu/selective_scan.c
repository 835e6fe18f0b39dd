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

#define STEPS 32

typedef struct {
  float dt[STEPS][VEC_WIDTH];
  float dtu[STEPS][VEC_WIDTH];
  float y[STEPS][VEC_WIDTH];
} stretch;

/* One direction, one image, one vector of channels. `step` is +1 or -1: the way time runs. */
typedef struct {
  const panamba_selective_scan_args *args;
  const panamba_scan_direction *direction;
  int64_t image;
  int64_t channel;
  int64_t step;
  int add;  /* to what `out` holds */
  int gate; /* this direction is the last to write `out` */
} scan_task;

int64_t TIER_NAME(selective_scan_tiles)(const void *args) {
  const panamba_selective_scan_args *a = args;
  return a->batch * ceil_div(a->channels, VEC_WIDTH);
}

INLINE void prepare(const scan_task *task, int64_t t, int count, stretch *s, const int lanes) {
  const panamba_selective_scan_args *a = task->args;
  const panamba_scan_direction *d = task->direction;
  const float *weight = d->dt_weight + task->channel;
  vec bias = d->dt_bias ? vec_load_lanes(d->dt_bias + task->channel, lanes) : vec_set(0.0f);
  vec skip = d->d ? vec_load_lanes(d->d + task->channel, lanes) : vec_set(0.0f);
  for (int i = 0; i < count; i++) {
    int64_t row = task->image * a->length + t + i * task->step;
    const float *projected = (const float *)d->projected + row * a->projected_row_stride;
    vec v = bias;
    for (int64_t r = 0; r < a->dt_rank; r++) {
      v = vec_fma(vec_set(projected[r]), vec_load_lanes(weight + r * a->channels, lanes), v);
    }
    vec u = vec_load_lanes((const float *)d->u + row * a->channels + task->channel, lanes);
    vec dt = vec_softplus(v);
    vec_store(s->dt[i], dt);
    vec_store(s->dtu[i], vec_mul(dt, u));
    vec_store(s->y[i], vec_mul(skip, u));
  }
}

/* h = exp2(dt * a) h + dt u B, y += C h, for `states` states from `first` on. */
INLINE void recur(const scan_task *task, int64_t t, int count, int64_t first, float (*state)[VEC_WIDTH], stretch *s,
                  const int states, const int lanes) {
  const panamba_selective_scan_args *args = task->args;
  const panamba_scan_direction *d = task->direction;
  const float *a = d->a + first * args->channels + task->channel;
  float decay[SCAN_GROUP][VEC_WIDTH];
  vec h[SCAN_GROUP];
  for (int n = 0; n < states; n++) {
    vec_store(decay[n], vec_load_lanes(a + n * args->channels, lanes));
    h[n] = vec_load(state[first + n]);
  }
  for (int i = 0; i < count; i++) {
    int64_t row = task->image * args->length + t + i * task->step;
    const float *b = (const float *)d->projected + row * args->projected_row_stride + args->dt_rank + first;
    const float *c = b + args->states;
    vec dt = vec_load(s->dt[i]);
    vec dtu = vec_load(s->dtu[i]);
    vec y = vec_load(s->y[i]);
    for (int n = 0; n < states; n++) {
      vec e = vec_exp2(vec_mul(dt, vec_load(decay[n])));
      h[n] = vec_fma(e, h[n], vec_mul(dtu, vec_set(b[n])));
      y = vec_fma(h[n], vec_set(c[n]), y);
    }
    vec_store(s->y[i], y);
  }
  for (int n = 0; n < states; n++) {
    vec_store(state[first + n], h[n]);
  }
}

INLINE void finish(const scan_task *task, int64_t t, int count, const stretch *s, const int lanes) {
  const panamba_selective_scan_args *a = task->args;
  for (int i = 0; i < count; i++) {
    int64_t row = task->image * a->length + t + i * task->step;
    float *out = (float *)a->out + row * a->channels + task->channel;
    vec y = vec_load(s->y[i]);
    if (task->add) {
      y = vec_add(vec_load_lanes(out, lanes), y);
    }
    if (task->gate) {
      y = vec_mul(vec_set(a->scale), y);
      if (a->z) {
        y = vec_mul(y, vec_silu(vec_load_lanes((const float *)a->z + row * a->z_row_stride + task->channel, lanes)));
      }
    }
    vec_store_lanes(out, y, lanes);
  }
}

INLINE void scan_vector(const scan_task *task, const int lanes) {
  const panamba_selective_scan_args *a = task->args;
  const panamba_scan_direction *d = task->direction;
  float state[PANAMBA_MAX_STATES][VEC_WIDTH];
  stretch s;
  int64_t plane = task->image * a->states * a->channels + task->channel;
  for (int64_t n = 0; n < a->states; n++) {
    vec_store(state[n],
              d->initial_state ? vec_load_lanes(d->initial_state + plane + n * a->channels, lanes) : vec_set(0.0f));
  }
  for (int64_t done = 0; done < a->length; done += STEPS) {
    int count = (int)min64(STEPS, a->length - done);
    int64_t t = task->step > 0 ? done : a->length - 1 - done;
    prepare(task, t, count, &s, lanes);
    int64_t n = 0;
    for (; n + SCAN_GROUP <= a->states; n += SCAN_GROUP) {
      recur(task, t, count, n, state, &s, SCAN_GROUP, lanes);
    }
    for (; n < a->states; n++) {
      recur(task, t, count, n, state, &s, 1, lanes);
    }
    finish(task, t, count, &s, lanes);
  }
  if (d->final_state) {
    for (int64_t n = 0; n < a->states; n++) {
      vec_store_lanes(d->final_state + plane + n * a->channels, vec_load(state[n]), lanes);
    }
  }
}

static void scan_whole(const scan_task *task) { scan_vector(task, VEC_WIDTH); }

static void scan_partial(const scan_task *task, int lanes) { scan_vector(task, lanes); }

static void run_task(const scan_task *task) {
  int64_t lanes = min64(VEC_WIDTH, task->args->channels - task->channel);
  if (lanes == VEC_WIDTH) {
    scan_whole(task);
  } else {
    scan_partial(task, (int)lanes);
  }
}

void TIER_NAME(selective_scan_tile)(const void *args, int64_t tile) {
  const panamba_selective_scan_args *a = args;
  int64_t blocks = ceil_div(a->channels, VEC_WIDTH);
  scan_task task = {.args = a, .image = tile / blocks, .channel = tile % blocks * VEC_WIDTH, .add = a->accumulate};
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

/*
 * The gradient of the fused selective scan. With g[t] the gradient of h[t], and time running as in the forward pass,
 *
 *   h[t]  = e[t] h[t - 1] + dt[t] u[t] B[t]                           e[t] = exp2(dt[t] a)
 *   g[t]  = C[t] y_gradient[t] + e[t + 1] g[t + 1]
 *   B_gradient[t] = sum over channels of g[t] dt[t] u[t]               C_gradient[t] = that of y_gradient[t] h[t]
 *   u_gradient[t] = dt[t] (g[t] . B[t]) + D y_gradient[t]
 *   dt_gradient[t] = u[t] (g[t] . B[t]) + log(2) (e[t] g[t] h[t - 1]) . a
 *   a_gradient = log(2) sum over t of dt[t] e[t] g[t] h[t - 1]                  A_log_gradient = a a_gradient
 *
 * A tile is the PANAMBA_SCAN_PART_CHANNELS channels of a part, of one image. It walks the stretches between saved
 * states from the last to the first. For a few states at a time, each vector of channels goes through a stretch twice:
 * `trace` computes e and h again, from the saved state on, and `retrace` comes back. All states of a vector follow each
 * other, so that what the stretch needs of it stays in the first-level cache. Sums over channels are folded to a
 * quarter at once, and become numbers when all vectors of the tile have been added.
 */
#include <string.h>

#include "tier.h"
#include "vec_math.h"

#define STEPS PANAMBA_MAX_SAVED_INTERVAL
#define GROUP_CHANNELS PANAMBA_SCAN_PART_CHANNELS
#define GROUP_VECTORS (GROUP_CHANNELS / VEC_WIDTH)

#if SCAN_GROUP != 4
#error "a fold takes the four states of a group"
#endif

/* Two of a group of states, and one of each that is left over. */
#define MAX_FOLDS (PANAMBA_MAX_STATES / 2 + SCAN_GROUP)

/* Rows of dt projected together, and rows of dt_weight whose gradients are summed together. */
#define PROJECTED_ROWS 4

/* As far as vec_exp2_near() is right. */
#define NEAR_EXPONENT 126.0f
#define LOG_2 0.69314718f

/* One row of one vector of channels. Vectors that cross lines of the cache take twice as long. */
typedef struct {
  _Alignas(VEC_WIDTH * sizeof(float)) float dt[VEC_WIDTH];
  float slope[VEC_WIDTH]; /* of softplus; before that, its argument */
  float dtu[VEC_WIDTH];
  float y[VEC_WIDTH];
  float y_gradient[VEC_WIDTH];
  float gate[VEC_WIDTH];    /* scale * silu(z) */
  float z_slope[VEC_WIDTH]; /* scale * out_gradient * the derivative of silu at z */
  float g_b[VEC_WIDTH];     /* g . B */
  float ge_h_a[VEC_WIDTH];  /* (e g h[t - 1]) . a */
} slot;

/* What `trace` leaves for `retrace`: h before each row, and after the last; e of each row. */
typedef struct {
  float h[SCAN_GROUP][VEC_WIDTH];
  float e[SCAN_GROUP][VEC_WIDTH];
} footprint;

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
  /* Of the stretch: */
  int64_t row; /* its first in time, of all images' rows */
  int count;
  int folds;
  int64_t ahead; /* from a row to that of the next stretch which is asked for meanwhile: they come back in time */
  /* Of the vector in hand: */
  _Alignas(VEC_WIDTH * sizeof(float)) slot slots[STEPS];
  float longest[VEC_WIDTH]; /* the largest dt */
  /* Of all vectors: */
  float v_gradient[GROUP_VECTORS][STEPS][VEC_WIDTH]; /* of the argument of softplus */
  float sums[STEPS * MAX_FOLDS][VEC_WIDTH];          /* over channels, row by row, `folds` of each */
  /* e[t + 1] g[t + 1], from the stretch after; vector by vector, `states` of each. */
  float carried[GROUP_VECTORS * PANAMBA_MAX_STATES][VEC_WIDTH];
} scan_task;

int64_t TIER_NAME(scan_gradient_tiles)(const void *args) {
  const panamba_scan_gradient_args *a = args;
  return a->batch * ceil_div(a->channels, GROUP_CHANNELS);
}

static int lanes_of(const scan_task *task, int vector) {
  return vector == task->vectors - 1 ? task->last_lanes : VEC_WIDTH;
}

static int64_t row_of(const scan_task *task, int i) { return task->row + i * task->step; }

static const float *projected_of(const scan_task *task, int i) {
  return task->direction->projected + row_of(task, i) * task->args->projected_row_stride;
}

/* This image's row of parameter_parts, at a vector's channels. */
static float *parameter_of(const scan_task *task, int64_t row, int vector) {
  const panamba_scan_gradient_args *a = task->args;
  int64_t rows = a->states + a->dt_rank + 2;
  return task->direction->parameter_parts + (task->image * rows + row) * a->channels + task->channel +
         vector * VEC_WIDTH;
}

static void add_parameter(const scan_task *task, int64_t row, int vector, vec addend) {
  float *parameter = parameter_of(task, row, vector);
  int lanes = lanes_of(task, vector);
  vec_store_lanes(parameter, vec_add(vec_load_lanes(parameter, lanes), addend), lanes);
}

/* Rows [first, first + rows) of dt_bias + dt_weight . projected_dt, to `slope`. */
INLINE void project_dt(const scan_task *task, int vector, int first, slot *s, vec bias, const int rows) {
  const panamba_scan_gradient_args *a = task->args;
  const float *weight = task->direction->dt_weight + task->channel + vector * VEC_WIDTH;
  int lanes = lanes_of(task, vector);
  const float *projected[PROJECTED_ROWS];
  vec v[PROJECTED_ROWS];
  for (int i = 0; i < rows; i++) {
    projected[i] = projected_of(task, first + i);
    v[i] = bias;
  }
  for (int64_t r = 0; r < a->dt_rank; r++) {
    vec w = vec_load_lanes(weight + r * a->channels, lanes);
    for (int i = 0; i < rows; i++) {
      v[i] = vec_fma(vec_set(projected[i][r]), w, v[i]);
    }
  }
  for (int i = 0; i < rows; i++) {
    vec_store(s[first + i].slope, v[i]);
  }
}

/* Everything pointwise that comes before the states. */
static void prepare(scan_task *task, int vector) {
  const panamba_scan_gradient_args *a = task->args;
  const panamba_scan_gradient_direction *d = task->direction;
  slot *slots = task->slots;
  int64_t channel = task->channel + vector * VEC_WIDTH;
  int lanes = lanes_of(task, vector);
  vec bias = d->dt_bias ? vec_load_lanes(d->dt_bias + channel, lanes) : vec_set(0.0f);
  int first = 0;
  for (; first + PROJECTED_ROWS <= task->count; first += PROJECTED_ROWS) {
    project_dt(task, vector, first, slots, bias, PROJECTED_ROWS);
  }
  for (; first < task->count; first++) {
    project_dt(task, vector, first, slots, bias, 1);
  }
  vec skip = d->d ? vec_load_lanes(d->d + channel, lanes) : vec_set(0.0f);
  vec longest = vec_set(0.0f);
  for (int i = 0; i < task->count; i++) {
    slot *s = &slots[i];
    int64_t row = row_of(task, i);
    const float *u_place = d->u + row * a->channels + channel;
    const float *gradient_place = a->out_gradient + row * a->channels + channel;
    __builtin_prefetch(u_place + task->ahead * a->channels);
    __builtin_prefetch(gradient_place + task->ahead * a->channels);
    vec u = vec_load_lanes(u_place, lanes);
    vec v = vec_load(s->slope);
    vec slope;
    vec dt = vec_softplus_slope(v, &slope);
    longest = vec_max(longest, dt);
    vec_store(s->dt, dt);
    vec_store(s->slope, slope);
    vec_store(s->dtu, vec_mul(dt, u));
    vec_store(s->y, vec_mul(skip, u));
    vec gradient = vec_mul(vec_set(task->scale), vec_load_lanes(gradient_place, lanes));
    vec gate = vec_set(task->scale);
    vec y_gradient = gradient;
    if (a->z) {
      const float *z_place = a->z + row * a->z_row_stride + channel;
      __builtin_prefetch(z_place + task->ahead * a->z_row_stride);
      vec z = vec_load_lanes(z_place, lanes);
      vec sigmoid = vec_sigmoid(z);
      vec silu = vec_mul(z, sigmoid);
      gate = vec_mul(gate, silu);
      y_gradient = vec_mul(gradient, silu);
      if (task->last) {
        vec_store(s->z_slope, vec_mul(gradient, vec_silu_slope(z, sigmoid)));
      }
    }
    if (task->last) {
      vec_store(s->gate, gate);
    }
    vec_store(s->y_gradient, y_gradient);
    vec_store(s->g_b, vec_set(0.0f));
    vec_store(s->ge_h_a, vec_set(0.0f));
  }
  vec_store(task->longest, longest);
}

/* As the forward pass, to the bit: h = exp2(dt a) h + dt u B, y += C h, for `states` states from `first` on. */
INLINE void trace(scan_task *task, const vec *decay, vec *h, int64_t first, footprint *prints, const int states,
                  const int near) {
  const int64_t stride = task->step * task->args->projected_row_stride;
  const int64_t to_c = task->args->states;
  const float *b = projected_of(task, 0) + task->args->dt_rank + first;
  slot *s = task->slots;
  for (int i = 0, count = task->count; i < count; i++, s++, prints++, b += stride) {
    vec dt = vec_load(s->dt);
    vec dtu = vec_load(s->dtu);
    vec y = vec_load(s->y);
    for (int n = 0; n < states; n++) {
      vec exponent = vec_mul(dt, decay[n]);
      vec e = near ? vec_exp2_near(exponent) : vec_exp2(exponent);
      vec_store(prints->e[n], e);
      vec_store(prints->h[n], h[n]);
      h[n] = vec_fma(e, h[n], vec_mul(dtu, vec_set(b[n])));
      y = vec_fma(h[n], vec_set(b[to_c + n]), y);
    }
    vec_store(s->y, y);
  }
}

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
 * `decay_gradient`. */
INLINE void retrace(scan_task *task, const vec *decay, vec *h, int64_t first, const footprint *prints, vec *carried,
                    vec *decay_gradient, float (*sums)[VEC_WIDTH], const int add, const int states) {
  const int64_t stride = task->step * task->args->projected_row_stride;
  const int64_t to_c = task->args->states;
  const int folds = task->folds;
  const float *b = projected_of(task, task->count - 1) + task->args->dt_rank + first;
  slot *s = task->slots + task->count - 1;
  prints += task->count - 1;
  sums += (task->count - 1) * folds;
  for (int i = task->count; i > 0; i--, s--, prints--, sums -= folds, b -= stride) {
    vec dt = vec_load(s->dt);
    vec dtu = vec_load(s->dtu);
    vec y_gradient = vec_load(s->y_gradient);
    vec g_b = vec_load(s->g_b);
    vec ge_h_a = vec_load(s->ge_h_a);
    vec b_sum[SCAN_GROUP];
    vec c_sum[SCAN_GROUP];
    for (int n = 0; n < states; n++) {
      vec before = vec_load(prints->h[n]);
      vec g = vec_fma(y_gradient, vec_set(b[to_c + n]), carried[n]);
      b_sum[n] = vec_mul(dtu, g);
      c_sum[n] = vec_mul(y_gradient, h[n]);
      g_b = vec_fma(g, vec_set(b[n]), g_b);
      carried[n] = vec_mul(g, vec_load(prints->e[n]));
      vec ge_h = vec_mul(carried[n], before);
      ge_h_a = vec_fma(ge_h, decay[n], ge_h_a);
      decay_gradient[n] = vec_fma(ge_h, dt, decay_gradient[n]);
      h[n] = before;
    }
    fold_sums(b_sum, c_sum, sums, add, states);
    vec_store(s->g_b, g_b);
    vec_store(s->ge_h_a, ge_h_a);
  }
}

/* `states` states of a vector of channels, whose sums begin at `fold`. */
INLINE void pass_states(scan_task *task, int vector, int64_t first, int64_t fold, const float *saved,
                        const int states) {
  const panamba_scan_gradient_args *a = task->args;
  footprint prints[STEPS];
  vec decay[SCAN_GROUP];
  vec h[SCAN_GROUP];
  vec carried[SCAN_GROUP];
  vec decay_gradient[SCAN_GROUP];
  float(*kept)[VEC_WIDTH] = task->carried + vector * a->states + first;
  int64_t channel = task->channel + vector * VEC_WIDTH;
  int lanes = lanes_of(task, vector);
  int beyond = 0;
  for (int n = 0; n < states; n++) {
    decay[n] = vec_load_lanes(task->direction->a + (first + n) * a->channels + channel, lanes);
    const float *place = saved + (first + n) * a->channels + channel;
    __builtin_prefetch(task->ahead ? place - a->states * a->channels : place);
    h[n] = vec_load_lanes(place, lanes);
    carried[n] = vec_load(kept[n]);
    decay_gradient[n] = vec_set(0.0f);
    beyond |= vec_any_beyond(vec_abs(vec_mul(decay[n], vec_load(task->longest))), NEAR_EXPONENT);
  }
  if (beyond) {
    trace(task, decay, h, first, prints, states, 0);
  } else {
    trace(task, decay, h, first, prints, states, 1);
  }
  retrace(task, decay, h, first, prints, carried, decay_gradient, task->sums + fold, vector > 0, states);
  for (int n = 0; n < states; n++) {
    vec_store(kept[n], carried[n]);
    add_parameter(task, first + n, vector, vec_mul(vec_mul(decay_gradient[n], vec_set(LOG_2)), decay[n]));
  }
}

static void pass_whole_group(scan_task *task, int vector, int64_t first, int64_t fold, const float *saved) {
  pass_states(task, vector, first, fold, saved, SCAN_GROUP);
}

static void pass_one_state(scan_task *task, int vector, int64_t first, int64_t fold, const float *saved) {
  pass_states(task, vector, first, fold, saved, 1);
}

/* All states of a vector of channels. */
static void pass_vector(scan_task *task, int vector, const float *saved) {
  int64_t n = 0;
  int64_t fold = 0;
  for (; n + SCAN_GROUP <= task->args->states; n += SCAN_GROUP, fold += 2) {
    pass_whole_group(task, vector, n, fold, saved);
  }
  for (; n < task->args->states; n++, fold++) {
    pass_one_state(task, vector, n, fold, saved);
  }
}

static float *projected_part(const scan_task *task, int i) {
  const panamba_scan_gradient_args *a = task->args;
  int64_t row = task->part * a->batch * a->length + row_of(task, i);
  return task->direction->projected_parts + row * (a->dt_rank + 2 * a->states);
}

/* The gradients of B and C, from their folded sums over all channels of the tile. */
static void store_sums(const scan_task *task) {
  const panamba_scan_gradient_args *a = task->args;
  float results[(MAX_FOLDS + VEC_WIDTH / 4) * 4];
  for (int i = 0; i < task->count; i++) {
    for (int f = 0; f < task->folds; f += VEC_WIDTH / 4) {
      vec folds[VEC_WIDTH / 4];
      for (int j = 0; j < VEC_WIDTH / 4; j++) {
        folds[j] = f + j < task->folds ? vec_load(task->sums[i * task->folds + f + j]) : vec_set(0.0f);
      }
      vec_store(results + f * 4, vec_folded_sums(folds));
    }
    float *b = projected_part(task, i) + a->dt_rank;
    float *c = b + a->states;
    const float *result = results;
    int64_t n = 0;
    for (; n + SCAN_GROUP <= a->states; n += SCAN_GROUP, result += 2 * SCAN_GROUP) {
      memcpy(b + n, result, SCAN_GROUP * sizeof(float));
      memcpy(c + n, result + SCAN_GROUP, SCAN_GROUP * sizeof(float));
    }
    for (; n < a->states; n++, result += 4) {
      b[n] = result[0];
      c[n] = result[1];
    }
  }
}

/* y of the first of two directions waits where the gradient of z, or else the output, is to be. */
static inline void finish_y(const scan_task *task, const slot *s, int64_t row, int64_t channel, int lanes) {
  const panamba_scan_gradient_args *a = task->args;
  float *out = a->out ? a->out + row * a->channels + channel : 0;
  float *z_gradient = a->z ? a->z_gradient + row * a->z_gradient_row_stride + channel : 0;
  float *waiting = a->z ? z_gradient : out;
  vec y = vec_load(s->y);
  if (!waiting) {
    return;
  }
  __builtin_prefetch(waiting + task->ahead * (a->z ? a->z_gradient_row_stride : a->channels), 1);
  if (!task->first) {
    y = vec_add(vec_load_lanes(waiting, lanes), y);
  }
  if (!task->last) {
    vec_store_lanes(waiting, y, lanes);
    return;
  }
  if (z_gradient) {
    vec_store_lanes(z_gradient, vec_mul(y, vec_load(s->z_slope)), lanes);
  }
  if (out) {
    __builtin_prefetch(out + task->ahead * a->channels, 1);
    vec_store_lanes(out, vec_mul(y, vec_load(s->gate)), lanes);
  }
}

/* Everything pointwise that comes after the states. */
static void finish(scan_task *task, int vector) {
  const panamba_scan_gradient_args *a = task->args;
  const panamba_scan_gradient_direction *d = task->direction;
  int64_t channel = task->channel + vector * VEC_WIDTH;
  int lanes = lanes_of(task, vector);
  vec skip = d->d ? vec_load_lanes(d->d + channel, lanes) : vec_set(0.0f);
  vec bias_gradient = vec_set(0.0f);
  vec skip_gradient = vec_set(0.0f);
  for (int i = 0; i < task->count; i++) {
    slot *s = &task->slots[i];
    int64_t row = row_of(task, i);
    vec u = vec_load_lanes(d->u + row * a->channels + channel, lanes);
    vec y_gradient = vec_load(s->y_gradient);
    vec g_b = vec_load(s->g_b);
    vec dt_gradient = vec_fma(u, g_b, vec_mul(vec_set(LOG_2), vec_load(s->ge_h_a)));
    vec v_gradient = vec_mul(dt_gradient, vec_load(s->slope));
    vec_store(task->v_gradient[vector][i], v_gradient);
    bias_gradient = vec_add(bias_gradient, v_gradient);
    skip_gradient = vec_fma(y_gradient, u, skip_gradient);
    float *u_gradient = d->u_gradient + row * a->channels + channel;
    __builtin_prefetch(u_gradient + task->ahead * a->channels, 1);
    vec_store_lanes(u_gradient, vec_fma(vec_load(s->dt), g_b, vec_mul(skip, y_gradient)), lanes);
    finish_y(task, s, row, channel, lanes);
  }
  add_parameter(task, a->states + a->dt_rank, vector, bias_gradient);
  add_parameter(task, a->states + a->dt_rank + 1, vector, skip_gradient);
}

/* The gradients of `rows` rows of dt_weight. */
INLINE void add_weight_rows(const scan_task *task, int vector, int64_t first, const int rows) {
  vec sum[PROJECTED_ROWS];
  for (int r = 0; r < rows; r++) {
    sum[r] = vec_set(0.0f);
  }
  for (int i = 0; i < task->count; i++) {
    const float *projected = projected_of(task, i) + first;
    vec v_gradient = vec_load(task->v_gradient[vector][i]);
    for (int r = 0; r < rows; r++) {
      sum[r] = vec_fma(vec_set(projected[r]), v_gradient, sum[r]);
    }
  }
  for (int r = 0; r < rows; r++) {
    add_parameter(task, task->args->states + first + r, vector, sum[r]);
  }
}

static void add_weight_gradient(const scan_task *task, int vector) {
  int64_t r = 0;
  for (; r + PROJECTED_ROWS <= task->args->dt_rank; r += PROJECTED_ROWS) {
    add_weight_rows(task, vector, r, PROJECTED_ROWS);
  }
  for (; r < task->args->dt_rank; r++) {
    add_weight_rows(task, vector, r, 1);
  }
}

/* The tile's part of the gradient of projected dt: its channels' v_gradient . dt_weight^T. */
static void project_back(const scan_task *task) {
  const panamba_scan_gradient_args *a = task->args;
  for (int64_t first = 0; first < a->dt_rank; first += VEC_WIDTH) {
    int64_t ranks = min64(VEC_WIDTH, a->dt_rank - first);
    vec weight[VEC_WIDTH][GROUP_VECTORS];
    for (int r = 0; r < VEC_WIDTH; r++) {
      const float *row = task->direction->dt_weight + (first + r) * a->channels + task->channel;
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
      memcpy(projected_part(task, i) + first, results, (size_t)ranks * sizeof(float));
    }
  }
}

static void pass_stretch(scan_task *task, const float *saved) {
  for (int vector = 0; vector < task->vectors; vector++) {
    prepare(task, vector);
    pass_vector(task, vector, saved);
    finish(task, vector);
    add_weight_gradient(task, vector);
  }
  store_sums(task);
  project_back(task);
}

static void run_direction(scan_task *task) {
  const panamba_scan_gradient_args *a = task->args;
  for (int vector = 0; vector < task->vectors; vector++) {
    for (int64_t row = 0; row < a->states + a->dt_rank + 2; row++) {
      vec_store_lanes(parameter_of(task, row, vector), vec_set(0.0f), lanes_of(task, vector));
    }
  }
  memset(task->carried, 0, (size_t)(task->vectors * a->states) * sizeof task->carried[0]);
  int64_t stretches = ceil_div(a->length, a->saved_interval);
  for (int64_t k = stretches - 1; k >= 0; k--) {
    int64_t done = k * a->saved_interval;
    task->ahead = k > 0 ? -task->step * a->saved_interval : 0;
    task->count = (int)min64(a->saved_interval, a->length - done);
    task->row = task->image * a->length + (task->step > 0 ? done : a->length - 1 - done);
    pass_stretch(task, task->direction->saved_states + (task->image * stretches + k) * a->states * a->channels);
  }
}

void TIER_NAME(scan_gradient_tile)(const void *args, int64_t tile) {
  const panamba_scan_gradient_args *a = args;
  int64_t groups = ceil_div(a->channels, GROUP_CHANNELS);
  scan_task task;
  task.args = a;
  task.image = tile / groups;
  task.part = tile % groups;
  task.channel = task.part * GROUP_CHANNELS;
  int64_t channels = min64(GROUP_CHANNELS, a->channels - task.channel);
  task.vectors = (int)ceil_div(channels, VEC_WIDTH);
  task.last_lanes = (int)(channels - (task.vectors - 1) * VEC_WIDTH);
  task.scale = a->image_scale ? a->scale * a->image_scale[task.image] : a->scale;
  task.folds = (int)(a->states / SCAN_GROUP * 2 + a->states % SCAN_GROUP);
  task.first = 1;
  if (a->forward.u) {
    task.direction = &a->forward;
    task.step = 1;
    task.last = !a->backward.u;
    run_direction(&task);
    task.first = 0;
  }
  if (a->backward.u) {
    task.direction = &a->backward;
    task.step = -1;
    task.last = 1;
    run_direction(&task);
  }
}

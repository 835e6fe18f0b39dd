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
 * Here is what is pointwise and what goes through the projection of dt; scan_gradient_states.c has the states.
 */
#include <string.h>

#include "scan_gradient.h"

int64_t TIER_NAME(scan_gradient_tiles)(const void *given) {
  const panamba_scan_gradient_args *args = given;
  return args->batch * ceil_div(args->channels, GROUP_CHANNELS);
}

/* Everything pointwise that comes before the states. */
static void prepare(gradient_task *task, int vector) {
  const panamba_scan_gradient_args *args = task->args;
  const scan_chunk chunk = chunk_of(task, vector);
  const scan_buffer buffer = buffer_of(task);
  int64_t channel = task->channel + vector * VEC_WIDTH;
  project_dt(&chunk, buffer);
  vec skip = scan_weight(&chunk, chunk.d);
  vec longest = vec_set(0.0f);
  for (int i = 0; i < task->count; i++) {
    gradient_row *r = &task->rows[i];
    int64_t row = row_of(task, i);
    const float *u_place = task->direction->u + row * args->channels + channel;
    const float *gradient_place = args->out_gradient + row * args->channels + channel;
    __builtin_prefetch(u_place + task->ahead * args->channels);
    __builtin_prefetch(gradient_place + task->ahead * args->channels);
    vec slope;
    start_row(buffer, i, vec_load_lanes(u_place, chunk.lanes), skip, &longest, &slope);
    vec_store(r->slope, slope);
    vec gradient = vec_mul(vec_set(task->scale), vec_load_lanes(gradient_place, chunk.lanes));
    vec gate = vec_set(task->scale);
    vec y_gradient = gradient;
    if (args->z) {
      const float *z_place = args->z + row * args->z_row_stride + channel;
      __builtin_prefetch(z_place + task->ahead * args->z_row_stride);
      vec z = vec_load_lanes(z_place, chunk.lanes);
      vec sigmoid = vec_sigmoid(z);
      vec silu = vec_mul(z, sigmoid);
      gate = vec_mul(gate, silu);
      y_gradient = vec_mul(gradient, silu);
      if (task->last) {
        vec_store(r->z_slope, vec_mul(gradient, vec_silu_slope(z, sigmoid)));
      }
    }
    if (task->last) {
      vec_store(r->gate, gate);
    }
    vec_store(r->y_gradient, y_gradient);
    vec_store(r->g_b, vec_set(0.0f));
    vec_store(r->ge_h_a, vec_set(0.0f));
  }
  vec_store(task->longest, longest);
}

/* y of the first of two directions waits where the gradient of z, or else the output, is to be. */
static inline void finish_y(const gradient_task *task, const gradient_row *r, int64_t row, int64_t channel, int lanes) {
  const panamba_scan_gradient_args *args = task->args;
  float *out = args->out ? args->out + row * args->channels + channel : 0;
  float *z_gradient = args->z ? args->z_gradient + row * args->z_gradient_row_stride + channel : 0;
  float *waiting = args->z ? z_gradient : out;
  vec y = vec_load(r->y);
  if (!waiting) {
    return;
  }
  __builtin_prefetch(waiting + task->ahead * (args->z ? args->z_gradient_row_stride : args->channels), 1);
  if (!task->first) {
    y = vec_add(vec_load_lanes(waiting, lanes), y);
  }
  if (!task->last) {
    vec_store_lanes(waiting, y, lanes);
    return;
  }
  if (z_gradient) {
    vec_store_lanes(z_gradient, vec_mul(y, vec_load(r->z_slope)), lanes);
  }
  if (out) {
    __builtin_prefetch(out + task->ahead * args->channels, 1);
    vec_store_lanes(out, vec_mul(y, vec_load(r->gate)), lanes);
  }
}

/* Everything pointwise that comes after the states. */
static void finish(gradient_task *task, int vector) {
  const panamba_scan_gradient_args *args = task->args;
  const panamba_scan_gradient_direction *d = task->direction;
  int64_t channel = task->channel + vector * VEC_WIDTH;
  int lanes = lanes_of(task, vector);
  vec skip = d->d ? vec_load_lanes(d->d + channel, lanes) : vec_set(0.0f);
  vec bias_gradient = vec_set(0.0f);
  vec skip_gradient = vec_set(0.0f);
  for (int i = 0; i < task->count; i++) {
    gradient_row *r = &task->rows[i];
    int64_t row = row_of(task, i);
    vec u = vec_load_lanes(d->u + row * args->channels + channel, lanes);
    vec y_gradient = vec_load(r->y_gradient);
    vec g_b = vec_load(r->g_b);
    vec dt_gradient = vec_fma(u, g_b, vec_mul(vec_set(LOG_2), vec_load(r->ge_h_a)));
    vec v_gradient = vec_mul(dt_gradient, vec_load(r->slope));
    vec_store(task->v_gradient[vector][i], v_gradient);
    bias_gradient = vec_add(bias_gradient, v_gradient);
    skip_gradient = vec_fma(y_gradient, u, skip_gradient);
    float *u_gradient = d->u_gradient + row * args->channels + channel;
    __builtin_prefetch(u_gradient + task->ahead * args->channels, 1);
    vec_store_lanes(u_gradient, vec_fma(vec_load(r->dt), g_b, vec_mul(skip, y_gradient)), lanes);
    finish_y(task, r, row, channel, lanes);
  }
  add_parameter(task, args->states + args->dt_rank, vector, bias_gradient);
  add_parameter(task, args->states + args->dt_rank + 1, vector, skip_gradient);
}

/* The gradients of `rows` rows of dt_weight. */
INLINE void add_weight_rows(const gradient_task *task, int vector, int64_t first, const int rows) {
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

static void add_weight_gradient(const gradient_task *task, int vector) {
  int64_t r = 0;
  for (; r + PROJECTED_ROWS <= task->args->dt_rank; r += PROJECTED_ROWS) {
    add_weight_rows(task, vector, r, PROJECTED_ROWS);
  }
  for (; r < task->args->dt_rank; r++) {
    add_weight_rows(task, vector, r, 1);
  }
}

/* The tile's part of the gradient of projected dt: its channels' v_gradient . dt_weight^T. */
static void project_back(const gradient_task *task) {
  const panamba_scan_gradient_args *args = task->args;
  for (int64_t first = 0; first < args->dt_rank; first += VEC_WIDTH) {
    int64_t ranks = min64(VEC_WIDTH, args->dt_rank - first);
    vec weight[VEC_WIDTH][GROUP_VECTORS];
    for (int r = 0; r < VEC_WIDTH; r++) {
      const float *row = task->direction->dt_weight + (first + r) * args->channels + task->channel;
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

static void run_chunk(gradient_task *task, const float *saved) {
  for (int vector = 0; vector < task->vectors; vector++) {
    prepare(task, vector);
    TIER_NAME(scan_gradient_states)(task, vector, saved);
    finish(task, vector);
    add_weight_gradient(task, vector);
  }
  TIER_NAME(scan_gradient_store_sums)(task);
  project_back(task);
}

static void run_direction(gradient_task *task) {
  const panamba_scan_gradient_args *args = task->args;
  for (int vector = 0; vector < task->vectors; vector++) {
    for (int64_t row = 0; row < args->states + args->dt_rank + 2; row++) {
      vec_store_lanes(parameter_of(task, row, vector), vec_set(0.0f), lanes_of(task, vector));
    }
  }
  memset(task->carried, 0, (size_t)(task->vectors * args->states) * sizeof task->carried[0]);
  int64_t chunks = ceil_div(args->length, args->saved_interval);
  for (int64_t k = chunks - 1; k >= 0; k--) {
    int64_t done = k * args->saved_interval;
    task->ahead = k > 0 ? -task->step * args->saved_interval : 0;
    task->count = (int)min64(args->saved_interval, args->length - done);
    task->row = task->image * args->length + (task->step > 0 ? done : args->length - 1 - done);
    run_chunk(task, task->direction->saved_states + (task->image * chunks + k) * args->states * args->channels);
  }
}

void TIER_NAME(scan_gradient_tile)(const void *given, int64_t tile) {
  const panamba_scan_gradient_args *args = given;
  int64_t groups = ceil_div(args->channels, GROUP_CHANNELS);
  gradient_task task;
  task.args = args;
  task.image = tile / groups;
  task.part = tile % groups;
  task.channel = task.part * GROUP_CHANNELS;
  int64_t channels = min64(GROUP_CHANNELS, args->channels - task.channel);
  task.vectors = (int)ceil_div(channels, VEC_WIDTH);
  task.last_lanes = (int)(channels - (task.vectors - 1) * VEC_WIDTH);
  task.scale = args->image_scale ? args->scale * args->image_scale[task.image] : args->scale;
  task.folds = (int)(args->states / SCAN_GROUP * 2 + args->states % SCAN_GROUP);
  task.first = 1;
  if (args->forward.u) {
    task.direction = &args->forward;
    task.step = 1;
    task.last = !args->backward.u;
    run_direction(&task);
    task.first = 0;
  }
  if (args->backward.u) {
    task.direction = &args->backward;
    task.step = -1;
    task.last = 1;
    run_direction(&task);
  }
}

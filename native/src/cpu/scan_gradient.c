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
 * Here is what is pointwise; scan_gradient_states.c has the states, scan_gradient_projection.c what goes through the
 * projection of dt.
 */
#include "scan_gradient.h"

typedef struct {
  const panamba_scan_gradient_args *args;
  const panamba_scan_gradient_direction *direction;
  int64_t image;
  int64_t channel; /* the tile's first */
  int64_t part;
  int64_t step; /* +1 or -1: the way time runs */
  int first;    /* direction: no sum of y is there yet */
  int last;     /* direction: gradients of z, and outputs, are of the sum of y */
  float scale;
  float *skip_gradient;
  /* Of the chunk: */
  int64_t row;   /* its first in time, of all images' rows */
  int64_t ahead; /* from a row to that of the next chunk which is prefetched meanwhile */
  gradient_task tile;
} direction_task;

INLINE int64_t row_of(const direction_task *task, int i) { return task->row + i * task->step; }

int64_t TIER_NAME(scan_gradient_tiles)(const void *given) {
  const panamba_scan_gradient_args *args = given;
  return args->batch * ceil_div(args->channels, GROUP_CHANNELS);
}

/* Everything pointwise that comes before the states. */
static void prepare(direction_task *task, int vector) {
  const panamba_scan_gradient_args *args = task->args;
  const scan_chunk chunk = chunk_of(&task->tile, vector);
  const scan_buffer buffer = buffer_of(&task->tile);
  int64_t channel = task->channel + vector * VEC_WIDTH;
  vec longest = step_sizes(&chunk, buffer);
  const float *d = task->direction->d;
  vec skip = scan_weight(&chunk, d ? d + channel : 0);
  for (int i = 0; i < task->tile.count; i++) {
    gradient_row *r = &task->tile.rows[i];
    int64_t row = row_of(task, i);
    const float *u_place = task->direction->u + row * args->channels + channel;
    const float *gradient_place = args->out_gradient + row * args->channels + channel;
    __builtin_prefetch(u_place + task->ahead * args->channels);
    __builtin_prefetch(gradient_place + task->ahead * args->channels);
    vec u = vec_load_lanes(u_place, chunk.lanes);
    start_row(buffer, i, u);
    vec_store(r->y, vec_mul(skip, u));
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
  vec_store(task->tile.longest, longest);
}

/* y of the first of two directions waits where the gradient of z, or else the output, is to be. */
static inline void finish_y(const direction_task *task, const gradient_row *r, int64_t row, int64_t channel,
                            int lanes) {
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
static void finish(direction_task *task, int vector) {
  const panamba_scan_gradient_args *args = task->args;
  const panamba_scan_gradient_direction *d = task->direction;
  int64_t channel = task->channel + vector * VEC_WIDTH;
  int lanes = lanes_of(&task->tile, vector);
  vec skip = d->d ? vec_load_lanes(d->d + channel, lanes) : vec_set(0.0f);
  vec bias_gradient = vec_set(0.0f);
  vec skip_gradient = vec_set(0.0f);
  for (int i = 0; i < task->tile.count; i++) {
    gradient_row *r = &task->tile.rows[i];
    int64_t row = row_of(task, i);
    vec u = vec_load_lanes(d->u + row * args->channels + channel, lanes);
    vec y_gradient = vec_load(r->y_gradient);
    vec g_b = vec_load(r->g_b);
    finish_step(&task->tile, vector, i, u, &bias_gradient);
    skip_gradient = vec_fma(y_gradient, u, skip_gradient);
    float *u_gradient = d->u_gradient + row * args->channels + channel;
    __builtin_prefetch(u_gradient + task->ahead * args->channels, 1);
    vec_store_lanes(u_gradient, vec_fma(vec_load(r->dt), g_b, vec_mul(skip, y_gradient)), lanes);
    finish_y(task, r, row, channel, lanes);
  }
  add_parameter(&task->tile, task->tile.bias_gradient, vector, bias_gradient);
  add_parameter(&task->tile, task->skip_gradient, vector, skip_gradient);
}

static void run_chunk(direction_task *task, const float *saved) {
  for (int vector = 0; vector < task->tile.vectors; vector++) {
    prepare(task, vector);
    TIER_NAME(scan_gradient_states)(&task->tile, vector, saved);
    finish(task, vector);
    TIER_NAME(scan_gradient_weights)(&task->tile, vector);
  }
  TIER_NAME(scan_gradient_projected)(&task->tile);
}

static void begin_direction(direction_task *task) {
  const panamba_scan_gradient_args *args = task->args;
  const panamba_scan_gradient_direction *d = task->direction;
  gradient_task *tile = &task->tile;
  tile->dt_weight = d->dt_weight + task->channel;
  tile->dt_bias = d->dt_bias ? d->dt_bias + task->channel : 0;
  tile->a = d->a + task->channel;
  float *parameters =
      d->parameter_parts + task->image * (args->states + args->dt_rank + 2) * args->channels + task->channel;
  tile->a_gradient = parameters;
  tile->weight_gradient = tile->a_gradient + args->states * args->channels;
  tile->bias_gradient = tile->weight_gradient + args->dt_rank * args->channels;
  task->skip_gradient = tile->bias_gradient + args->channels;
  TIER_NAME(scan_gradient_clear)(tile);
  for (int vector = 0; vector < tile->vectors; vector++) {
    clear_parameter(tile, task->skip_gradient, vector);
  }
}

static void run_direction(direction_task *task) {
  const panamba_scan_gradient_args *args = task->args;
  const panamba_scan_gradient_direction *d = task->direction;
  const int64_t width = args->dt_rank + 2 * args->states;
  begin_direction(task);
  int64_t chunks = ceil_div(args->length, args->saved_interval);
  for (int64_t k = chunks - 1; k >= 0; k--) {
    int64_t done = k * args->saved_interval;
    task->ahead = k > 0 ? -task->step * args->saved_interval : 0;
    task->tile.first_chunk = k == 0;
    task->tile.count = (int)min64(args->saved_interval, args->length - done);
    task->row = task->image * args->length + (task->step > 0 ? done : args->length - 1 - done);
    for (int i = 0; i < task->tile.count; i++) {
      int64_t row = row_of(task, i);
      task->tile.projected[i] = d->projected + row * args->projected_row_stride;
      task->tile.parts[i] = d->projected_parts + (task->part * args->batch * args->length + row) * width;
    }
    run_chunk(task, d->saved_states + (task->image * chunks + k) * args->states * args->channels + task->channel);
  }
}

void TIER_NAME(scan_gradient_tile)(const void *given, int64_t tile) {
  const panamba_scan_gradient_args *args = given;
  int64_t groups = ceil_div(args->channels, GROUP_CHANNELS);
  direction_task task;
  task.args = args;
  task.image = tile / groups;
  task.part = tile % groups;
  task.channel = task.part * GROUP_CHANNELS;
  task.scale = args->image_scale ? args->scale * args->image_scale[task.image] : args->scale;
  task.tile.channels = args->channels;
  task.tile.states = args->states;
  task.tile.dt_rank = args->dt_rank;
  TIER_NAME(scan_gradient_begin)(&task.tile, min64(GROUP_CHANNELS, args->channels - task.channel));
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

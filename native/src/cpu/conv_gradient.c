/*
 * The gradient of the depthwise causal convolution with SiLU. Tap k of a direction reads the row (kernel - 1) - k steps
 * back in its time, so that a row's gradient gathers from as many steps ahead. A chunk of rows is worked on in buffers
 * that hold those neighbours too, zeros where the sequence ends.
 */
#include <string.h>

#include "tier.h"
#include "vec_math.h"

#define TILE_VECTORS 4
#define TILE_CHANNELS (TILE_VECTORS * VEC_WIDTH)
#define CHUNK 64
#define HALO (PANAMBA_MAX_KERNEL - 1)

typedef float rows[CHUNK + 2 * HALO][VEC_WIDTH];

typedef struct {
  const panamba_conv_gradient_args *args;
  int64_t image;
  int64_t channel;
  int lanes;
  int64_t from; /* rows of the chunk */
  int64_t to;
} conv_task;

int64_t TIER_NAME(conv_gradient_tiles)(const void *args) {
  const panamba_conv_gradient_args *a = args;
  return a->batch * ceil_div(a->channels, TILE_CHANNELS);
}

/* Rows [from - HALO, to + HALO) of x. */
static void load_rows(const conv_task *task, rows x) {
  const panamba_conv_gradient_args *a = task->args;
  const float *source = a->x + task->image * a->length * a->x_row_stride + task->channel;
  for (int64_t t = task->from - HALO; t < task->to + HALO; t++) {
    int inside = t >= 0 && t < a->length;
    vec_store(x[t - task->from + HALO],
              inside ? vec_load_lanes(source + t * a->x_row_stride, task->lanes) : vec_set(0.0f));
  }
}

/* The gradients of what came before SiLU, of the chunk's rows and of those ahead in time; `before` is zero elsewhere.
 * Adds the chunk's to the gradients of the parameters. */
INLINE void pass_activation(const conv_task *task, const panamba_conv_gradient_direction *d, const int step, rows x,
                            rows before, vec *parameters, const int kernel) {
  const panamba_conv_gradient_args *a = task->args;
  const float *out_gradient = d->out_gradient + task->image * a->length * a->channels + task->channel;
  vec weight[PANAMBA_MAX_KERNEL];
  for (int k = 0; k < kernel; k++) {
    weight[k] = vec_load_lanes(d->weight + k * a->channels + task->channel, task->lanes);
  }
  vec bias = d->bias ? vec_load_lanes(d->bias + task->channel, task->lanes) : vec_set(0.0f);
  int64_t first = step > 0 ? task->from : max64(0, task->from - (kernel - 1));
  int64_t last = step > 0 ? min64(a->length, task->to + kernel - 1) : task->to;
  memset(before, 0, sizeof(rows));
  for (int64_t t = first; t < last; t++) {
    int64_t place = t - task->from + HALO;
    vec sum = bias;
    for (int k = 0; k < kernel; k++) {
      sum = vec_fma(weight[k], vec_load(x[place - step * (kernel - 1 - k)]), sum);
    }
    vec gradient =
        vec_mul(vec_load_lanes(out_gradient + t * a->channels, task->lanes), vec_silu_slope(sum, vec_sigmoid(sum)));
    vec_store(before[place], gradient);
    if (t >= task->from && t < task->to) {
      for (int k = 0; k < kernel; k++) {
        parameters[k] = vec_fma(gradient, vec_load(x[place - step * (kernel - 1 - k)]), parameters[k]);
      }
      parameters[kernel] = vec_add(parameters[kernel], gradient);
    }
  }
}

/* Adds what the chunk's rows of x are to the rows ahead of them. */
INLINE void gather_gradient(const conv_task *task, const panamba_conv_gradient_direction *d, const int step,
                            rows before, rows x_gradient, const int kernel) {
  vec weight[PANAMBA_MAX_KERNEL];
  for (int k = 0; k < kernel; k++) {
    weight[k] = vec_load_lanes(d->weight + k * task->args->channels + task->channel, task->lanes);
  }
  for (int64_t place = HALO; place < task->to - task->from + HALO; place++) {
    vec sum = vec_load(x_gradient[place]);
    for (int k = 0; k < kernel; k++) {
      sum = vec_fma(weight[k], vec_load(before[place + step * (kernel - 1 - k)]), sum);
    }
    vec_store(x_gradient[place], sum);
  }
}

static void store_parameters(const conv_task *task, const panamba_conv_gradient_direction *d, const vec *parameters) {
  const panamba_conv_gradient_args *a = task->args;
  float *part = d->parameter_parts + task->image * (a->kernel + 1) * a->channels + task->channel;
  for (int k = 0; k <= a->kernel; k++) {
    vec_store_lanes(part + k * a->channels, parameters[k], task->lanes);
  }
}

INLINE void pass_vector(conv_task *task, const int kernel) {
  const panamba_conv_gradient_args *a = task->args;
  const panamba_conv_gradient_direction *directions[2] = {&a->forward, &a->backward};
  vec parameters[2][PANAMBA_MAX_KERNEL + 1];
  rows x;
  rows before;
  rows x_gradient;
  for (int i = 0; i < 2 * (PANAMBA_MAX_KERNEL + 1); i++) {
    parameters[i / (PANAMBA_MAX_KERNEL + 1)][i % (PANAMBA_MAX_KERNEL + 1)] = vec_set(0.0f);
  }
  float *target = a->x_gradient + task->image * a->length * a->x_gradient_row_stride + task->channel;
  for (task->from = 0; task->from < a->length; task->from += CHUNK) {
    task->to = min64(a->length, task->from + CHUNK);
    load_rows(task, x);
    memset(x_gradient, 0, sizeof x_gradient);
    if (a->forward.out_gradient) {
      pass_activation(task, &a->forward, 1, x, before, parameters[0], kernel);
      gather_gradient(task, &a->forward, 1, before, x_gradient, kernel);
    }
    if (a->backward.out_gradient) {
      pass_activation(task, &a->backward, -1, x, before, parameters[1], kernel);
      gather_gradient(task, &a->backward, -1, before, x_gradient, kernel);
    }
    for (int64_t t = task->from; t < task->to; t++) {
      vec_store_lanes(target + t * a->x_gradient_row_stride, vec_load(x_gradient[t - task->from + HALO]), task->lanes);
    }
  }
  for (int i = 0; i < 2; i++) {
    if (directions[i]->out_gradient) {
      store_parameters(task, directions[i], parameters[i]);
    }
  }
}

static void pass_vector_2(conv_task *task) { pass_vector(task, 2); }

static void pass_vector_3(conv_task *task) { pass_vector(task, 3); }

static void pass_vector_4(conv_task *task) { pass_vector(task, 4); }

void TIER_NAME(conv_gradient_tile)(const void *args, int64_t tile) {
  const panamba_conv_gradient_args *a = args;
  int64_t blocks = ceil_div(a->channels, TILE_CHANNELS);
  conv_task task = {.args = a, .image = tile / blocks, .channel = tile % blocks * TILE_CHANNELS};
  int64_t end = min64(a->channels, task.channel + TILE_CHANNELS);
  for (; task.channel < end; task.channel += VEC_WIDTH) {
    task.lanes = (int)min64(VEC_WIDTH, end - task.channel);
    switch (a->kernel) {
      case 2: pass_vector_2(&task); break;
      case 3: pass_vector_3(&task); break;
      default: pass_vector_4(&task); break;
    }
  }
}

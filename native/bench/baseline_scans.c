/*
 * The selective scan in plain C, for benchmarks: what the fused kernel is compared with. One direction, one image, the
 * arguments of panamba_selective_scan_args, float32, one thread, expf of the C library for every state of every step.
 * Compiled for the processor family's least common instruction set, as a library of its own.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#define API __attribute__((visibility("default")))
#define MOST_STATES 64
#define LN2 0.693147180559945309417f

typedef struct {
  const float *u;         /* (length, channels) */
  const float *projected; /* (length, rank + 2 * states) */
  const float *dt_weight; /* (rank, channels) */
  const float *dt_bias;   /* (channels) */
  const float *a;         /* (states, channels), A * log2(e) */
  const float *d;         /* (channels) */
  const float *gate;      /* z: (length, channels), rows gate_stride apart */
  float *out;             /* (length, channels) */
  int64_t length;
  int64_t channels;
  int64_t states;
  int64_t rank;
  int64_t gate_stride;
  float scale;
  int32_t backward; /* 0 writes out, 1 adds to it and gates */
} baseline_args;

API void panamba_baseline_scalar(const baseline_args *args);
API void panamba_baseline_ggml(const baseline_args *args);

static float step_size(const baseline_args *args, const float *projected, int64_t channel) {
  float v = args->dt_bias[channel];
  for (int64_t r = 0; r < args->rank; r++) {
    v += projected[r] * args->dt_weight[r * args->channels + channel];
  }
  return v > 20.0f ? v : log1pf(expf(v));
}

static void finish(const baseline_args *args, int64_t t, int64_t channel, float y) {
  float *out = args->out + t * args->channels + channel;
  float z = args->gate[t * args->gate_stride + channel];
  *out = args->backward ? args->scale * z / (1.0f + expf(-z)) * (*out + y) : y;
}

/* Channel by channel: the states of one stay in the first-level cache. */
void panamba_baseline_scalar(const baseline_args *args) {
  int64_t width = args->rank + 2 * args->states;
  for (int64_t channel = 0; channel < args->channels; channel++) {
    float h[MOST_STATES] = {0};
    float a[MOST_STATES];
    for (int64_t n = 0; n < args->states; n++) {
      a[n] = args->a[n * args->channels + channel] * LN2;
    }
    for (int64_t i = 0; i < args->length; i++) {
      int64_t t = args->backward ? args->length - 1 - i : i;
      const float *projected = args->projected + t * width;
      const float *b = projected + args->rank;
      const float *c = b + args->states;
      float u = args->u[t * args->channels + channel];
      float dt = step_size(args, projected, channel);
      float y = args->d[channel] * u;
      for (int64_t n = 0; n < args->states; n++) {
        h[n] = expf(dt * a[n]) * h[n] + dt * u * b[n];
        y += h[n] * c[n];
      }
      finish(args, t, channel, y);
    }
  }
}

/* Token by token over all channels, states innermost and kept in memory: the order of ggml's ssm_scan on a CPU. */
void panamba_baseline_ggml(const baseline_args *args) {
  int64_t width = args->rank + 2 * args->states;
  size_t count = (size_t)(args->channels * args->states);
  float *h = calloc(2 * count, sizeof *h);
  if (!h) {
    return;
  }
  float *a = h + count;
  for (int64_t channel = 0; channel < args->channels; channel++) {
    for (int64_t n = 0; n < args->states; n++) {
      a[channel * args->states + n] = args->a[n * args->channels + channel] * LN2;
    }
  }
  for (int64_t i = 0; i < args->length; i++) {
    int64_t t = args->backward ? args->length - 1 - i : i;
    const float *projected = args->projected + t * width;
    const float *b = projected + args->rank;
    const float *c = b + args->states;
    for (int64_t channel = 0; channel < args->channels; channel++) {
      float *state = h + channel * args->states;
      const float *decay = a + channel * args->states;
      float u = args->u[t * args->channels + channel];
      float dt = step_size(args, projected, channel);
      float sum = args->d[channel] * u;
      for (int64_t n = 0; n < args->states; n++) {
        state[n] = state[n] * expf(dt * decay[n]) + b[n] * (u * dt);
        sum += state[n] * c[n];
      }
      finish(args, t, channel, sum);
    }
  }
  free(h);
}

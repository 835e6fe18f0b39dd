#include "scan_case.h"

#include <math.h>
#include <string.h>

#include "harness.h"
#include "silu.h"

/* softplus, relative, as test_vec_math.c asserts it; and exp2 of an exact argument. A GPU's exp2 is off by up to two
 * units in the last place. */
#if defined(PANAMBA_TEST_CUDA)
#define SOFTPLUS_BOUND 6e-7
#define EXP2_BOUND 2.5e-7
#else
#define SOFTPLUS_BOUND 3e-7
#define EXP2_BOUND 2e-7
#endif

/* Between two spikes there are this many rows, on average. */
#define SPIKES 60

#define LONGEST 2048
#define LOG2 0.69314718055994530942

const scan_ranges ordinary_ranges = {
    .u = {-1, 1}, .dt_weight = {-0.5, 0.5}, .dt_bias = {-5, -1}, .a = {-24, -0.5}, .gate = {-3, 3}};

static const float scales[] = {1.0f, 0.5f};
static const int64_t ranks[] = {1, 3, 12, 24, 37};
static const int64_t gaps[] = {0, 0, 1, 4, 9};

scan_shape draw_scan_shape(int64_t batch, int64_t length, int64_t channels, int64_t states) {
  return (scan_shape){.batch = batch,
                      .length = length,
                      .channels = channels,
                      .states = states,
                      .dt_rank = PICK(ranks),
                      .projected_gap = PICK(gaps),
                      .gate_gap = draw(2) ? channels : PICK(gaps),
                      .run = (directions)(1 + draw(3)),
                      .scale = PICK(scales),
                      .gated = draw(3) != 0,
                      .accumulated = draw(2) == 0,
                      .biased = draw(4) != 0,
                      .skipped = draw(4) != 0,
                      .started = draw(2) == 0,
                      .kept = draw(2) == 0,
                      .spiked = draw(4) == 0,
                      .dtype = draw_dtype()};
}

void describe_scan(const char *what, const scan_shape *s, placement where, int misalignment) {
  describe(
      "scan, %s: batch %d length %d channels %d states %d rank %d gaps %d and %d directions %d scale %g gate %d "
      "accumulate %d dt_bias %d d %d initial %d final %d spikes %d dtype %d, placed %d misaligned %d",
      what, (int)s->batch, (int)s->length, (int)s->channels, (int)s->states, (int)s->dt_rank, (int)s->projected_gap,
      (int)s->gate_gap, s->run, (double)s->scale, s->gated, s->accumulated, s->biased, s->skipped, s->started, s->kept,
      s->spiked, s->dtype, where, misalignment);
}

static float *take_range(int64_t count, const double range[2]) { return take_filled(count, range[0], range[1]); }

static void take_direction(panamba_scan_direction *d, const scan_shape *s, const scan_ranges *ranges) {
  int64_t rows = s->batch * s->length;
  int64_t width = s->dt_rank + 2 * s->states;
  int64_t plane = s->batch * s->states * s->channels;
  d->u = take_filled_of(s->dtype, rows * s->channels, ranges->u[0], ranges->u[1]);
  float *projected = take_rows(rows, width, width + s->projected_gap, -1, 1);
  for (int64_t row = 0; row < rows && s->spiked; row++) {
    if (draw(SPIKES) == 0) {
      fill(projected + row * (width + s->projected_gap), s->dt_rank, -100, 100);
    }
  }
  d->projected = projected;
  d->dt_weight = take_range(s->dt_rank * s->channels, ranges->dt_weight);
  d->dt_bias = s->biased ? take_range(s->channels, ranges->dt_bias) : 0;
  d->a = take_range(s->states * s->channels, ranges->a);
  d->d = s->skipped ? take_filled(s->channels, -1.5, 1.5) : 0;
  d->initial_state = s->started ? take_filled(plane, -1, 1) : 0;
  d->final_state = s->kept ? take_output(plane) : 0;
}

panamba_selective_scan_args take_scan(const scan_shape *s, const scan_ranges *ranges) {
  int64_t rows = s->batch * s->length;
  panamba_selective_scan_args args = {.batch = s->batch,
                                      .length = s->length,
                                      .channels = s->channels,
                                      .states = s->states,
                                      .dt_rank = s->dt_rank,
                                      .projected_row_stride = s->dt_rank + 2 * s->states + s->projected_gap,
                                      .gate_row_stride = s->channels + s->gate_gap,
                                      .scale = s->scale,
                                      .accumulate = s->accumulated,
                                      .dtype = s->dtype};
  if (s->run & FORWARD) {
    take_direction(&args.forward, s, ranges);
  }
  if (s->run & BACKWARD) {
    take_direction(&args.backward, s, ranges);
  }
  if (s->gated) {
    args.gate = take_rows_of(s->dtype, rows, s->channels, args.gate_row_stride, ranges->gate[0], ranges->gate[1]);
  }
  args.out = take_output_of(s->dtype, rows * s->channels);
  if (s->accumulated) {
    fill_elements(args.out, s->dtype, 0, rows * s->channels, -1, 1);
  }
  return args;
}

bounded scan_step_size(const float *projected, const float *dt_weight, int64_t rank, int64_t channels,
                       const float *dt_bias) {
  double v = dt_bias ? (double)*dt_bias : 0;
  double magnitude = fabs(v);
  for (int64_t r = 0; r < rank; r++) {
    double term = (double)projected[r] * (double)dt_weight[r * channels];
    v += term;
    magnitude += fabs(term);
  }
  double dt = v > 20 ? v : log1p(exp(v));
  double slope = 1 / (1 + exp(-v));
  double sum_error = (double)(rank + 1) * ROUNDING * magnitude;
  /* Above the threshold log(1 + e^v) itself is 2e-9 larger than v. */
  return (bounded){dt, slope * sum_error + SOFTPLUS_BOUND * dt + SMALLEST_NORMAL, dt};
}

bounded scan_advance(bounded h, bounded dt, double a, double u, double b) {
  double exponent = dt.value * a;
  double decay = exp2(exponent);
  /* As far off as dt and its product with a put the exponent. */
  double shift = fabs(a) * dt.allowed + fabs(exponent) * ROUNDING + EXP2_BOUND / LOG2;
  double decay_error = fmin(exp2(exponent + shift) - decay, 1) + SMALLEST_NORMAL;
  double input = dt.value * u * b;
  double input_error = dt.allowed * fabs(u * b) + 2 * ROUNDING * fabs(input) + SMALLEST_NORMAL;
  double magnitude = decay * h.magnitude + fabs(input);
  return (bounded){decay * h.value + input,
                   decay * h.allowed + decay_error * (h.magnitude + h.allowed) + input_error + 2 * ROUNDING * magnitude,
                   magnitude};
}

/* What is added up in out has its type. */
static void round_to(int32_t dtype, bounded *sum) {
  if (dtype == PANAMBA_BF16) {
    sum->allowed += BFLOAT_ROUNDING * (fabs(sum->value) + sum->allowed);
  }
}

/* Adds one direction's y of every row of one channel to `rows`, and checks its final state. */
static void scan_channel(const panamba_selective_scan_args *args, const panamba_scan_direction *d, int backward,
                         int64_t image, int64_t channel, bounded *rows) {
  int adds = args->accumulate || (backward && args->forward.u);
  bounded h[PANAMBA_MAX_STATES] = {{0, 0, 0}};
  int64_t plane = image * args->states * args->channels + channel;
  for (int64_t n = 0; n < args->states && d->initial_state; n++) {
    h[n].value = (double)d->initial_state[plane + n * args->channels];
    h[n].magnitude = fabs(h[n].value);
  }
  for (int64_t i = 0; i < args->length; i++) {
    int64_t t = backward ? args->length - 1 - i : i;
    int64_t row = image * args->length + t;
    const float *projected = d->projected + row * args->projected_row_stride;
    const float *b = projected + args->dt_rank;
    const float *c = b + args->states;
    double u = element(d->u, args->dtype, row * args->channels + channel);
    bounded dt = scan_step_size(projected, d->dt_weight + channel, args->dt_rank, args->channels,
                                d->dt_bias ? d->dt_bias + channel : 0);
    bounded y = {d->d ? (double)d->d[channel] * u : 0, 0, 0};
    y.magnitude = fabs(y.value);
    for (int64_t n = 0; n < args->states; n++) {
      h[n] = scan_advance(h[n], dt, (double)d->a[n * args->channels + channel], u, (double)b[n]);
      y.value += (double)c[n] * h[n].value;
      y.allowed += fabs((double)c[n]) * h[n].allowed;
      y.magnitude += fabs((double)c[n]) * h[n].magnitude;
    }
    y.allowed += (double)(args->states + 2) * ROUNDING * y.magnitude;
    if (adds) {
      round_to(args->dtype, &y);
    }
    rows[t].value += y.value;
    rows[t].allowed += y.allowed;
    rows[t].magnitude += y.magnitude;
  }
  for (int64_t n = 0; n < args->states && d->final_state; n++) {
    int64_t place = plane + n * args->channels;
    check_close("final state", place, (double)d->final_state[place], h[n].value, h[n].allowed);
  }
}

static void check_out(const panamba_selective_scan_args *args, int64_t row, int64_t channel, bounded sum) {
  double gate = 1;
  double error = 0;
  if (args->gate) {
    double z = element(args->gate, args->dtype, row * args->gate_row_stride + channel);
    gate = silu(z);
    error = silu_error(z, 0);
  }
  gate *= (double)args->scale;
  error *= fabs((double)args->scale);
  /* Two sums, and the products with the scale and the gate. */
  double allowed =
      (fabs(gate) + error) * (sum.allowed + 4 * ROUNDING * sum.magnitude) + error * sum.magnitude + SMALLEST_NORMAL;
  check_element("out", args->out, args->dtype, row * args->channels + channel, sum.value * gate, allowed);
}

/* The direction that comes first to a row leaves its sum in out, for the other to add to. On a GPU that may be either.
 */
static void store_between(int32_t dtype, bounded old, bounded forward, bounded *sum) {
  if (dtype == PANAMBA_BF16) {
    double between = fabs(forward.value);
#if defined(PANAMBA_TEST_CUDA)
    between = fmax(between, fabs(sum->value - forward.value + old.value));
#else
    (void)old;
#endif
    sum->allowed += BFLOAT_ROUNDING * (between + sum->allowed);
  }
}

void check_scan(const panamba_selective_scan_args *args) {
  static bounded old[LONGEST];
  static bounded forward[LONGEST];
  static bounded rows[LONGEST];
  const void *before = before_run(args->out);
  for (int64_t image = 0; image < args->batch; image++) {
    for (int64_t channel = 0; channel < args->channels; channel++) {
      for (int64_t t = 0; t < args->length; t++) {
        int64_t place = (image * args->length + t) * args->channels + channel;
        double value = args->accumulate ? element(before, args->dtype, place) : 0;
        rows[t] = old[t] = (bounded){value, 0, fabs(value)};
      }
      if (args->forward.u) {
        scan_channel(args, &args->forward, 0, image, channel, rows);
      }
      memcpy(forward, rows, (size_t)args->length * sizeof *rows);
      if (args->backward.u) {
        scan_channel(args, &args->backward, 1, image, channel, rows);
      }
      for (int64_t t = 0; t < args->length && args->forward.u && args->backward.u; t++) {
        store_between(args->dtype, old[t], forward[t], &rows[t]);
      }
      for (int64_t t = 0; t < args->length; t++) {
        check_out(args, image * args->length + t, channel, rows[t]);
      }
    }
  }
}

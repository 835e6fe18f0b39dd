/*
 * The gradient of the selective scan against one in double precision, which is itself compared with differences of the
 * scan that it is the derivative of.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "difference.h"
#include "harness.h"
#include "refusal.h"
#include "scan_case.h"
#include "silu.h"

/*
 * Relative to a sum of absolute values along the same way: an exponential is off by 2e-7 and what its argument's
 * rounding adds, softplus by 3e-7, and a state has gone through as many of both as rows before it still count.
 */
#define GRADIENT_BOUND 4e-6

/* Beside it: softplus and its slope are off by what rounding does to their argument, a sum of dt_rank + 1 terms, and a
 * decay by what it does to its exponent. */
static double argument_error;
static double decay_error;

/* Exponentials end near the smallest normal number, and a gradient multiplies them with decays and sums. */
#define SMALLEST 0x1p-90

#define LONGEST 256
#define LOG2 0.69314718055994530942

static const int64_t intervals[] = {1, 2, 7, 16, 16, 32, 61, 64};

typedef struct {
  panamba_selective_scan_args scan;
  panamba_scan_gradient_args gradient;
} scan_pair;

static void take_gradient_direction(const panamba_selective_scan_args *scan, panamba_scan_direction *d,
                                    panamba_scan_gradient_direction *g, int64_t interval) {
  int64_t rows = scan->batch * scan->length;
  int64_t chunks = (scan->length + interval - 1) / interval;
  int64_t parts = (scan->channels + PANAMBA_SCAN_PART_CHANNELS - 1) / PANAMBA_SCAN_PART_CHANNELS;
  d->saved_states = take_output(scan->batch * chunks * scan->states * scan->channels);
  *g = (panamba_scan_gradient_direction){
      .u = d->u,
      .projected = d->projected,
      .dt_weight = d->dt_weight,
      .dt_bias = d->dt_bias,
      .a = d->a,
      .d = d->d,
      .saved_states = d->saved_states,
      .u_gradient = take_output(rows * scan->channels),
      .projected_parts = take_output(parts * rows * (scan->dt_rank + 2 * scan->states)),
      .parameter_parts = take_output(scan->batch * (scan->states + scan->dt_rank + 2) * scan->channels)};
}

static scan_pair take_pair(const scan_shape *s, const scan_ranges *ranges, int64_t interval, int with_out) {
  scan_pair p = {.scan = take_scan(s, ranges)};
  panamba_selective_scan_args *scan = &p.scan;
  int64_t rows = s->batch * s->length;
  scan->saved_interval = (int32_t)interval;
  scan->image_scale = draw(2) ? take_filled(s->batch, 0, 2) : 0;
  p.gradient = (panamba_scan_gradient_args){.out_gradient = take_filled(rows * s->channels, -1, 1),
                                            .image_scale = scan->image_scale,
                                            .out = with_out ? take_output(rows * s->channels) : 0,
                                            .batch = s->batch,
                                            .length = s->length,
                                            .channels = s->channels,
                                            .states = s->states,
                                            .dt_rank = s->dt_rank,
                                            .projected_row_stride = scan->projected_row_stride,
                                            .z_row_stride = s->channels + draw(3),
                                            .z_gradient_row_stride = s->channels + draw(3),
                                            .scale = s->scale,
                                            .saved_interval = (int32_t)interval};
  panamba_scan_gradient_args *g = &p.gradient;
  if (draw(4)) {
    g->z = take_rows(rows, s->channels, g->z_row_stride, ranges->gate[0], ranges->gate[1]);
    g->z_gradient = take_output((rows - 1) * g->z_gradient_row_stride + s->channels);
    scan->gate_row_stride = g->z_row_stride;
    scan->gate = g->z;
  }
  if (scan->forward.u) {
    take_gradient_direction(scan, &scan->forward, &g->forward, interval);
  }
  if (scan->backward.u) {
    take_gradient_direction(scan, &scan->backward, &g->backward, interval);
  }
  return p;
}

/* A number and the sum of the absolute values that it came from. */
typedef struct {
  double value;
  double size;
} sum;

static void add(sum *s, double value, double size) {
  s->value += value;
  s->size += fabs(size);
}

/* One channel of one image in one direction; rows in the order of time. */
typedef struct {
  double slope[LONGEST];
  double dt[LONGEST];
  double u[LONGEST];
  double e[LONGEST][PANAMBA_MAX_STATES];
  sum h[LONGEST][PANAMBA_MAX_STATES];
  sum y[LONGEST];
  double y_gradient[LONGEST];
} channel_run;

static int64_t row_in_time(const panamba_scan_gradient_args *a, int backward, int64_t image, int64_t i) {
  return image * a->length + (backward ? a->length - 1 - i : i);
}

static double gate_of(const panamba_scan_gradient_args *a, int64_t row, int64_t channel) {
  return a->z ? silu((double)a->z[row * a->z_row_stride + channel]) : 1;
}

static double scale_of(const panamba_scan_gradient_args *a, int64_t image) {
  return (double)a->scale * (a->image_scale ? (double)a->image_scale[image] : 1);
}

static void run_channel(const panamba_scan_gradient_args *a, const panamba_scan_gradient_direction *d, int backward,
                        int64_t image, int64_t channel, channel_run *run) {
  for (int64_t i = 0; i < a->length; i++) {
    int64_t row = row_in_time(a, backward, image, i);
    const float *projected = d->projected + row * a->projected_row_stride;
    const float *b = projected + a->dt_rank;
    const float *c = b + a->states;
    double v = d->dt_bias ? (double)d->dt_bias[channel] : 0;
    double size = fabs(v);
    for (int64_t r = 0; r < a->dt_rank; r++) {
      double term = (double)projected[r] * (double)d->dt_weight[r * a->channels + channel];
      v += term;
      size += fabs(term);
    }
    argument_error = fmax(argument_error, sqrt((double)(a->dt_rank + 1)) * 0x1p-24 * size);
    run->slope[i] = 1 / (1 + exp(-v));
    run->dt[i] = v > 20 ? v : log1p(exp(v));
    run->u[i] = (double)d->u[row * a->channels + channel];
    run->y_gradient[i] =
        (double)a->out_gradient[row * a->channels + channel] * scale_of(a, image) * gate_of(a, row, channel);
    run->y[i] = (sum){0, 0};
    double skip = d->d ? (double)d->d[channel] * run->u[i] : 0;
    add(&run->y[i], skip, skip);
    for (int64_t n = 0; n < a->states; n++) {
      double exponent = run->dt[i] * (double)d->a[n * a->channels + channel];
      double e = exp2(exponent);
      decay_error = fmax(decay_error, 0x1p-24 * LOG2 * fmin(126, fabs(exponent)));
      double input = run->dt[i] * run->u[i] * (double)b[n];
      sum before = i ? run->h[i - 1][n] : (sum){0, 0};
      run->e[i][n] = e;
      run->h[i][n] = (sum){e * before.value + input, e * before.size + fabs(input)};
      add(&run->y[i], (double)c[n] * run->h[i][n].value, (double)c[n] * run->h[i][n].size);
    }
  }
}

static void check_sum(const char *what, int64_t index, float got, sum wanted) {
  double relative = GRADIENT_BOUND + argument_error + decay_error;
  check_close(what, index, (double)got, wanted.value, relative * wanted.size + SMALLEST);
}

/* Adds this channel's gradients of projected and of z; checks its others. */
static void check_channel(const panamba_scan_gradient_args *a, const panamba_scan_gradient_direction *d, int backward,
                          int64_t image, int64_t channel, sum *projected, sum *outs, sum *z_gradients) {
  static channel_run run;
  static sum parameters[PANAMBA_MAX_STATES + 100];
  sum g[PANAMBA_MAX_STATES] = {{0, 0}};
  int64_t rows = a->states + a->dt_rank + 2;
  memset(parameters, 0, sizeof parameters);
  run_channel(a, d, backward, image, channel, &run);
  for (int64_t i = a->length - 1; i >= 0; i--) {
    int64_t row = row_in_time(a, backward, image, i);
    const float *projection = d->projected + row * a->projected_row_stride;
    const float *b = projection + a->dt_rank;
    const float *c = b + a->states;
    sum *result = projected + row * (a->dt_rank + 2 * a->states);
    double dy = run.y_gradient[i];
    double dt = run.dt[i];
    double u = run.u[i];
    sum g_b = {0, 0};
    sum dt_gradient = {0, 0};
    for (int64_t n = 0; n < a->states; n++) {
      double decay = (double)d->a[n * a->channels + channel];
      double next = i + 1 < a->length ? run.e[i + 1][n] : 0;
      g[n] = (sum){(double)c[n] * dy + next * g[n].value, fabs((double)c[n] * dy) + next * g[n].size};
      sum h = run.h[i][n];
      sum before = i ? run.h[i - 1][n] : (sum){0, 0};
      sum gp = {g[n].value * run.e[i][n] * before.value, g[n].size * run.e[i][n] * before.size};
      add(&result[a->dt_rank + n], g[n].value * dt * u, g[n].size * dt * u);
      add(&result[a->dt_rank + a->states + n], dy * h.value, dy * h.size);
      add(&g_b, g[n].value * (double)b[n], g[n].size * (double)b[n]);
      add(&dt_gradient, LOG2 * gp.value * decay, LOG2 * gp.size * decay);
      add(&parameters[n], LOG2 * gp.value * decay * dt, LOG2 * gp.size * decay * dt);
    }
    add(&dt_gradient, u * g_b.value, u * g_b.size);
    sum v = {dt_gradient.value * run.slope[i], dt_gradient.size * run.slope[i]};
    double skip = d->d ? (double)d->d[channel] * dy : 0;
    check_sum("u_gradient", row * a->channels + channel, d->u_gradient[row * a->channels + channel],
              (sum){dt * g_b.value + skip, dt * g_b.size + fabs(skip)});
    for (int64_t r = 0; r < a->dt_rank; r++) {
      double weight = (double)d->dt_weight[r * a->channels + channel];
      add(&result[r], v.value * weight, v.size * weight);
      add(&parameters[a->states + r], v.value * (double)projection[r], v.size * (double)projection[r]);
    }
    add(&parameters[a->states + a->dt_rank], v.value, v.size);
    add(&parameters[a->states + a->dt_rank + 1], dy * u, dy * u);
    double scaled = scale_of(a, image);
    add(&outs[row], run.y[i].value * scaled * gate_of(a, row, channel),
        run.y[i].size * scaled * gate_of(a, row, channel));
    if (a->z) {
      double z = (double)a->z[row * a->z_row_stride + channel];
      double sigmoid = 1 / (1 + exp(-z));
      double slope = sigmoid * (1 + z * (1 - sigmoid)) * scaled * (double)a->out_gradient[row * a->channels + channel];
      /* The slope's terms cancel where it crosses zero. */
      double size = sigmoid * (1 + fabs(z)) * scaled * (double)a->out_gradient[row * a->channels + channel];
      add(&z_gradients[row], run.y[i].value * slope, run.y[i].size * size);
    }
  }
  for (int64_t n = 0; n < rows; n++) {
    int64_t place = (image * rows + n) * a->channels + channel;
    check_sum("parameter_parts", place, d->parameter_parts[place], parameters[n]);
  }
}

static sum *new_sums(int64_t count) {
  sum *sums = calloc((size_t)count, sizeof *sums);
  CHECK(sums, "no memory for the test itself");
  return sums;
}

static void check_direction(const panamba_scan_gradient_args *a, const panamba_scan_gradient_direction *d, int backward,
                            sum *outs, sum *z_gradients) {
  int64_t rows = a->batch * a->length;
  int64_t width = a->dt_rank + 2 * a->states;
  for (int64_t first = 0; first < a->channels; first += PANAMBA_SCAN_PART_CHANNELS) {
    sum *projected = new_sums(rows * width);
    for (int64_t c = first; c < a->channels && c < first + PANAMBA_SCAN_PART_CHANNELS; c++) {
      for (int64_t image = 0; image < a->batch; image++) {
        check_channel(a, d, backward, image, c, projected, outs + c * rows, z_gradients + c * rows);
      }
    }
    const float *part = d->projected_parts + first / PANAMBA_SCAN_PART_CHANNELS * rows * width;
    for (int64_t i = 0; i < rows * width; i++) {
      check_sum("projected_parts", i, part[i], projected[i]);
    }
    free(projected);
  }
}

static void check_gradient(const panamba_scan_gradient_args *a) {
  argument_error = 0;
  decay_error = 0;
  int64_t rows = a->batch * a->length;
  sum *outs = new_sums(rows * a->channels);
  sum *z_gradients = new_sums(rows * a->channels);
  if (a->forward.u) {
    check_direction(a, &a->forward, 0, outs, z_gradients);
  }
  if (a->backward.u) {
    check_direction(a, &a->backward, 1, outs, z_gradients);
  }
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t c = 0; c < a->channels; c++) {
      if (a->out) {
        check_sum("out", row * a->channels + c, a->out[row * a->channels + c], outs[c * rows + row]);
      }
      if (a->z) {
        int64_t place = row * a->z_gradient_row_stride + c;
        check_sum("z_gradient", place, a->z_gradient[place], z_gradients[c * rows + row]);
      }
    }
  }
  if (a->z) {
    check_gaps("the gap between rows of z_gradient", a->z_gradient, PANAMBA_F32, rows, a->channels,
               a->z_gradient_row_stride);
  }
  free(outs);
  free(z_gradients);
}

static scan_shape draw_shape(int64_t batch, int64_t length, int64_t channels, int64_t states) {
  scan_shape s = draw_scan_shape(batch, length, channels, states);
  s.gated = s.accumulated = s.started = 0;
  s.dtype = PANAMBA_F32;
  return s;
}

static void gradient_case(scan_shape s, const scan_ranges *ranges, const char *what, placement where,
                          int misalignment) {
  int64_t interval = PICK(intervals);
  describe_scan(what, &s, where, misalignment);
  begin_case(where, misalignment);
  scan_pair p = take_pair(&s, ranges, interval, draw(2) == 0);
  run_once(PANAMBA_SELECTIVE_SCAN, &p.scan);
  run_operation(PANAMBA_SCAN_GRADIENT, &p.gradient);
  check_gradient(&p.gradient);
  end_case();
}

static const int64_t all_states[] = {1, 2, 3, 4, 5, 7, 8, 16, 16, 16, 31, 64};

static void sweep_shapes(void) {
  static const int64_t lengths[] = {1, 2, 3, 15, 16, 17, 33, 63, 64, 65, 129, 197};
  static const int64_t channels[] = {1, 2, 3, 5, 8, 15, 16, 17, 31, 33, 37, 63, 64, 65, 100, 128, 131};
  for (size_t l = 0; l < COUNT(lengths); l++) {
    for (size_t c = (size_t)draw(THIN(1, 3)); c < COUNT(channels); c += THIN(1, 3)) {
      int64_t steps = lengths[l] * channels[c];
      int64_t states = steps > 3000 ? steps > 10000 ? 1 + draw(5) : 16 : PICK(all_states);
      int64_t batch = steps > 5000 ? 1 : 1 + draw(3);
      gradient_case(draw_shape(batch, lengths[l], channels[c], states), &ordinary_ranges, "gradient", IN_SENTINELS,
                    (int)draw(4));
    }
  }
}

static void sweep_guards(void) {
  for (int64_t channels = 1; channels <= 70; channels += 1 + draw(THIN(2, 8))) {
    gradient_case(draw_shape(1 + draw(2), 1 + draw(20), channels, PICK(all_states)), &ordinary_ranges,
                  "gradient at guards", draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
  }
}

/* Softplus and gates far out on both sides, states that vanish at once or never decay. */
static void extreme_values(void) {
  static const double steps[] = {-80, -20, -1, 0, 20, 30, 88};
  static const double decays[] = {0, -1e-6, -1, -20, -1e4};
  static const double gates[] = {-80, -20, 0, 20, 80};
  for (size_t i = 0; i < COUNT(steps); i++) {
    for (size_t j = 0; j < COUNT(decays); j++) {
      scan_ranges ranges = ordinary_ranges;
      double gate = PICK(gates);
      memcpy(ranges.dt_bias, (double[]){steps[i], steps[i]}, sizeof ranges.dt_bias);
      memcpy(ranges.dt_weight, (double[]){-1e-3, 1e-3}, sizeof ranges.dt_weight);
      memcpy(ranges.a, (double[]){decays[j], decays[j] * 0.9}, sizeof ranges.a);
      memcpy(ranges.gate, (double[]){gate - 1, gate + 1}, sizeof ranges.gate);
      scan_shape s = draw_shape(1, 1 + draw(70), 1 + draw(35), PICK(all_states));
      s.biased = 1;
      gradient_case(s, &ranges, "extreme gradient", IN_SENTINELS, 0);
    }
  }
}

/* The loss of which out_gradient is the gradient, in double precision. */
static double loss_of(const void *args) {
  const panamba_scan_gradient_args *a = args;
  static channel_run run;
  double loss = 0;
  for (int backward = 0; backward < 2; backward++) {
    const panamba_scan_gradient_direction *d = backward ? &a->backward : &a->forward;
    for (int64_t place = 0; d->u && place < a->batch * a->channels; place++) {
      int64_t image = place / a->channels;
      run_channel(a, d, backward, image, place % a->channels, &run);
      for (int64_t i = 0; i < a->length; i++) {
        loss += run.y[i].value * run.y_gradient[i];
      }
    }
  }
  return loss;
}

static double parts_sum(const float *parts, int64_t count, int64_t stride, int64_t place) {
  double total = 0;
  for (int64_t i = 0; i < count; i++) {
    total += (double)parts[i * stride + place];
  }
  return total;
}

static void check_differences(const panamba_scan_gradient_args *a, const panamba_scan_gradient_direction *d) {
  int64_t rows = a->batch * a->length;
  int64_t width = a->dt_rank + 2 * a->states;
  int64_t parameters = a->states + a->dt_rank + 2;
  for (int repeat = 0; repeat < THIN(10, 2); repeat++) {
    int64_t i = draw(rows * a->channels);
    check_difference("u", loss_of, a, (const float *)d->u + i, 1, (double)d->u_gradient[i]);
    int64_t row = draw(rows);
    int64_t column = draw(width);
    check_difference("projected", loss_of, a, d->projected + row * a->projected_row_stride + column, 1,
                     parts_sum(d->projected_parts, (a->channels + 63) / 64, rows * width, row * width + column));
    int64_t c = draw(a->channels);
    int64_t n = draw(a->states);
    int64_t r = draw(a->dt_rank);
    const float *parts = d->parameter_parts;
    int64_t stride = parameters * a->channels;
    const float *decay = d->a + n * a->channels + c;
    check_difference("A_log", loss_of, a, decay, (double)*decay,
                     parts_sum(parts, a->batch, stride, n * a->channels + c));
    check_difference("dt_weight", loss_of, a, d->dt_weight + r * a->channels + c, 1,
                     parts_sum(parts, a->batch, stride, (a->states + r) * a->channels + c));
    check_difference("dt_bias", loss_of, a, d->dt_bias + c, 1,
                     parts_sum(parts, a->batch, stride, (a->states + a->dt_rank) * a->channels + c));
    check_difference("D", loss_of, a, d->d + c, 1,
                     parts_sum(parts, a->batch, stride, (a->states + a->dt_rank + 1) * a->channels + c));
  }
}

static void differences(void) {
  static const int64_t lengths[] = {1, 2, 3, 16, 17, 50};
  for (size_t l = 0; l < COUNT(lengths); l++) {
    scan_shape s = draw_shape(2, lengths[l], 1 + draw(70), 1 + draw(5));
    s.biased = s.skipped = 1;
    s.spiked = 0;
    s.run = BOTH;
    describe_scan("differences", &s, IN_SENTINELS, 0);
    begin_case(IN_SENTINELS, 0);
    scan_pair p = take_pair(&s, &ordinary_ranges, PICK(intervals), 0);
    run_once(PANAMBA_SELECTIVE_SCAN, &p.scan);
    run_operation(PANAMBA_SCAN_GRADIENT, &p.gradient);
    check_differences(&p.gradient, &p.gradient.forward);
    check_differences(&p.gradient, &p.gradient.backward);
    for (int repeat = 0; repeat < 10 && p.gradient.z; repeat++) {
      int64_t row = draw(s.batch * s.length);
      int64_t c = draw(s.channels);
      check_difference("z", loss_of, &p.gradient, p.gradient.z + row * p.gradient.z_row_stride + c, 1,
                       (double)p.gradient.z_gradient[row * p.gradient.z_gradient_row_stride + c]);
    }
    end_case();
  }
}

#define SCAN(change) REFUSED(panamba_scan_gradient_args, PANAMBA_SCAN_GRADIENT, a, change)
#define SCAN_SIZE(field) REFUSED_SIZE(panamba_scan_gradient_args, PANAMBA_SCAN_GRADIENT, a, field)

static panamba_scan_gradient_direction take_direction(void) {
  return (panamba_scan_gradient_direction){.u = take_filled(12, -1, 1),
                                           .projected = take_filled(4 * 34, -1, 1),
                                           .dt_weight = take_filled(6, -1, 1),
                                           .a = take_filled(48, -10, -1),
                                           .saved_states = take_filled(96, -1, 1),
                                           .u_gradient = take_output(12),
                                           .projected_parts = take_output(4 * 34),
                                           .parameter_parts = take_output(60)};
}

static void refusals(void) {
  begin_refusals("scan_gradient");
  panamba_scan_gradient_args a = {.out_gradient = take_filled(12, -1, 1),
                                  .z = take_filled(12, -1, 1),
                                  .z_gradient = take_output(12),
                                  .forward = take_direction(),
                                  .backward = take_direction(),
                                  .batch = 1,
                                  .length = 4,
                                  .channels = 3,
                                  .states = 16,
                                  .dt_rank = 2,
                                  .projected_row_stride = 34,
                                  .z_row_stride = 3,
                                  .z_gradient_row_stride = 3,
                                  .scale = 1,
                                  .saved_interval = 2};
  run_operation(PANAMBA_SCAN_GRADIENT, &a);
  SCAN(out_gradient = 0);
  SCAN(z = 0);
  SCAN(z_gradient = 0);
  SCAN(forward.projected = 0);
  SCAN(forward.dt_weight = 0);
  SCAN(forward.a = 0);
  SCAN(forward.saved_states = 0);
  SCAN(forward.u_gradient = 0);
  SCAN(forward.projected_parts = 0);
  SCAN(forward.parameter_parts = 0);
  SCAN(backward.projected = 0);
  SCAN(backward.saved_states = 0);
  SCAN(backward.parameter_parts = 0);
  SCAN_SIZE(batch);
  SCAN_SIZE(length);
  SCAN_SIZE(channels);
  SCAN_SIZE(states);
  SCAN_SIZE(dt_rank);
  SCAN(states = PANAMBA_MAX_STATES + 1);
  SCAN(saved_interval = 0);
  SCAN(saved_interval = -1);
  SCAN(saved_interval = PANAMBA_MAX_SAVED_INTERVAL + 1);
  SCAN(projected_row_stride = 33);
  SCAN(projected_row_stride = INT64_MAX);
  SCAN(z_row_stride = 2);
  SCAN(z_row_stride = INT64_MAX);
  SCAN(z_gradient_row_stride = 2);
  SCAN(z_gradient_row_stride = INT64_MAX);
  a.forward.u = 0;
  SCAN(backward.u = 0);
  end_case();
}

static void test(void) {
  seed(20);
  sweep_shapes();
  sweep_guards();
  extreme_values();
  differences();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }

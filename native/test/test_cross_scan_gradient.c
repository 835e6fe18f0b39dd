/*
 * The gradient of the cross scan against one in double precision, which is itself compared with differences of the scan
 * that it is the derivative of.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cross_case.h"
#include "difference.h"
#include "harness.h"
#include "refusal.h"

/* Relative to a sum of absolute values along the same way, as in test_scan_gradient.c: what goes into it there does here,
 * too. */
#define GRADIENT_BOUND 4e-6

/* What is off in an exponent: softplus by 3e-7 and its product with a by a rounding. A decay is off by that times the
 * exponent, and the sizes of what goes through it grow accordingly. */
#define EXPONENT_ERROR 3.6e-7

/* Beside it: softplus and its slope are off by what rounding does to their argument, a sum of dt_rank + 1 terms. */
static double argument_error;

/* Exponentials end near the smallest normal number, and a gradient multiplies them with decays and sums. */
#define SMALLEST 0x1p-90

#define LONGEST 256
#define LOG2 0.69314718055994530942

static const int32_t intervals[] = {1, 2, 7, 16, 16, 32, 61, 64};

typedef struct {
  panamba_cross_scan_args scan;
  panamba_cross_scan_gradient_args gradient;
} cross_pair;

static cross_pair take_pair(const cross_shape *s, const scan_ranges *ranges) {
  cross_pair p = {.scan = take_cross(s, ranges)};
  const panamba_cross_scan_args *scan = &p.scan;
  int64_t rows = s->batch * s->height * s->width;
  int64_t parts = (s->channels + PANAMBA_SCAN_PART_CHANNELS - 1) / PANAMBA_SCAN_PART_CHANNELS;
  p.gradient = (panamba_cross_scan_gradient_args){
      .u = scan->u,
      .projected = scan->projected,
      .dt_weight = scan->dt_weight,
      .dt_bias = scan->dt_bias,
      .a = scan->a,
      .d = scan->d,
      .saved_states = scan->saved_states,
      .out_gradient = take_filled(rows * s->channels, -1, 1),
      .u_gradient = take_output(rows * s->channels),
      .projected_parts = take_output(parts * rows * PANAMBA_WALKS * (s->dt_rank + 2 * s->states)),
      .parameter_parts = take_output(s->batch * PANAMBA_WALKS * (s->states + s->dt_rank + 2) * s->channels),
      .batch = s->batch,
      .height = s->height,
      .width = s->width,
      .channels = s->channels,
      .states = s->states,
      .dt_rank = s->dt_rank,
      .projected_row_stride = scan->projected_row_stride,
      .walks = s->walks,
      .saved_interval = s->interval};
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

/* One channel of one image in one walk; rows in the order of its steps. */
typedef struct {
  int64_t row[LONGEST]; /* of all images' pixels */
  double slope[LONGEST];
  double dt[LONGEST];
  double u[LONGEST];
  sum e[LONGEST][PANAMBA_MAX_STATES];
  sum h[LONGEST][PANAMBA_MAX_STATES];
  double y[LONGEST];
  double y_gradient[LONGEST];
} walk_run;

static const float *projection_of(const panamba_cross_scan_gradient_args *a, int64_t row, int k) {
  return a->projected + row * a->projected_row_stride + k * (a->dt_rank + 2 * a->states);
}

static void run_walk(const panamba_cross_scan_gradient_args *a, int k, int64_t image, int64_t channel, walk_run *run) {
  const int64_t length = a->height * a->width;
  CHECK(length <= LONGEST, "the test's own buffer is too short");
  for (int64_t i = 0; i < length; i++) {
    int64_t row = image * length + pixel_of_step(a->walks, a->height, a->width, k, i);
    const float *projected = projection_of(a, row, k);
    const float *b = projected + a->dt_rank;
    const float *c = b + a->states;
    double v = a->dt_bias ? (double)a->dt_bias[k * a->channels + channel] : 0;
    double size = fabs(v);
    for (int64_t r = 0; r < a->dt_rank; r++) {
      double term = (double)projected[r] * (double)a->dt_weight[(k * a->dt_rank + r) * a->channels + channel];
      v += term;
      size += fabs(term);
    }
    argument_error = fmax(argument_error, sqrt((double)(a->dt_rank + 1)) * 0x1p-24 * size);
    run->row[i] = row;
    run->slope[i] = 1 / (1 + exp(-v));
    run->dt[i] = v > 20 ? v : log1p(exp(v));
    run->u[i] = (double)a->u[row * a->channels + channel];
    run->y_gradient[i] = (double)a->out_gradient[row * a->channels + channel];
    run->y[i] = a->d ? (double)a->d[k * a->channels + channel] * run->u[i] : 0;
    for (int64_t n = 0; n < a->states; n++) {
      double exponent = run->dt[i] * (double)a->a[(k * a->states + n) * a->channels + channel];
      double decay = exp2(exponent);
      sum e = {decay, decay * (1 + fabs(exponent) * LOG2 * EXPONENT_ERROR / GRADIENT_BOUND)};
      double input = run->dt[i] * run->u[i] * (double)b[n];
      sum before = i ? run->h[i - 1][n] : (sum){0, 0};
      run->e[i][n] = e;
      run->h[i][n] = (sum){e.value * before.value + input, e.size * before.size + fabs(input)};
      run->y[i] += (double)c[n] * run->h[i][n].value;
    }
  }
}

static void check_sum(const char *what, int64_t index, float got, sum wanted) {
  check_close(what, index, (double)got, wanted.value, (GRADIENT_BOUND + argument_error) * wanted.size + SMALLEST);
}

/* Adds this channel's gradients of u and of projected; checks those of parameters. */
static void check_walk(const panamba_cross_scan_gradient_args *a, int k, int64_t image, int64_t channel,
                       sum *u_gradients, sum *projected) {
  static walk_run run;
  static sum weight_gradients[100];
  const int64_t length = a->height * a->width;
  const int64_t width = a->dt_rank + 2 * a->states;
  sum g[PANAMBA_MAX_STATES] = {{0, 0}};
  sum a_gradients[PANAMBA_MAX_STATES] = {{0, 0}};
  sum bias_gradient = {0, 0};
  sum skip_gradient = {0, 0};
  memset(weight_gradients, 0, sizeof weight_gradients);
  run_walk(a, k, image, channel, &run);
  for (int64_t i = length - 1; i >= 0; i--) {
    int64_t row = run.row[i];
    const float *projection = projection_of(a, row, k);
    const float *b = projection + a->dt_rank;
    const float *c = b + a->states;
    sum *result = projected + (row * PANAMBA_WALKS + k) * width;
    double dy = run.y_gradient[i];
    double dt = run.dt[i];
    double u = run.u[i];
    sum g_b = {0, 0};
    sum dt_gradient = {0, 0};
    for (int64_t n = 0; n < a->states; n++) {
      double decay = (double)a->a[(k * a->states + n) * a->channels + channel];
      sum next = i + 1 < length ? run.e[i + 1][n] : (sum){0, 0};
      g[n] = (sum){(double)c[n] * dy + next.value * g[n].value, fabs((double)c[n] * dy) + next.size * g[n].size};
      sum h = run.h[i][n];
      sum before = i ? run.h[i - 1][n] : (sum){0, 0};
      sum gp = {g[n].value * run.e[i][n].value * before.value, g[n].size * run.e[i][n].size * before.size};
      add(&result[a->dt_rank + n], g[n].value * dt * u, g[n].size * dt * u);
      add(&result[a->dt_rank + a->states + n], dy * h.value, dy * h.size);
      add(&g_b, g[n].value * (double)b[n], g[n].size * (double)b[n]);
      add(&dt_gradient, LOG2 * gp.value * decay, LOG2 * gp.size * decay);
      add(&a_gradients[n], LOG2 * gp.value * decay * dt, LOG2 * gp.size * decay * dt);
    }
    add(&dt_gradient, u * g_b.value, u * g_b.size);
    sum v = {dt_gradient.value * run.slope[i], dt_gradient.size * run.slope[i]};
    double skip = a->d ? (double)a->d[k * a->channels + channel] * dy : 0;
    add(&u_gradients[row], dt * g_b.value + skip, dt * g_b.size + fabs(skip));
    for (int64_t r = 0; r < a->dt_rank; r++) {
      double weight = (double)a->dt_weight[(k * a->dt_rank + r) * a->channels + channel];
      add(&result[r], v.value * weight, v.size * weight);
      add(&weight_gradients[r], v.value * (double)projection[r], v.size * (double)projection[r]);
    }
    add(&bias_gradient, v.value, v.size);
    add(&skip_gradient, dy * u, dy * u);
  }
  const float *parts =
      a->parameter_parts + image * PANAMBA_WALKS * (a->states + a->dt_rank + 2) * a->channels + channel;
  for (int64_t n = 0; n < a->states; n++) {
    check_sum("gradient of A_log", n, parts[(k * a->states + n) * a->channels], a_gradients[n]);
  }
  parts += PANAMBA_WALKS * a->states * a->channels;
  for (int64_t r = 0; r < a->dt_rank; r++) {
    check_sum("gradient of dt_weight", r, parts[(k * a->dt_rank + r) * a->channels], weight_gradients[r]);
  }
  parts += PANAMBA_WALKS * a->dt_rank * a->channels;
  check_sum("gradient of dt_bias", k, parts[k * a->channels], bias_gradient);
  check_sum("gradient of D", k, parts[(PANAMBA_WALKS + k) * a->channels], skip_gradient);
}

static sum *new_sums(int64_t count) {
  sum *sums = calloc((size_t)count, sizeof *sums);
  CHECK(sums, "no memory for the test itself");
  return sums;
}

static void check_gradient(const panamba_cross_scan_gradient_args *a) {
  const int64_t rows = a->batch * a->height * a->width;
  const int64_t width = PANAMBA_WALKS * (a->dt_rank + 2 * a->states);
  sum *u_gradients = new_sums(rows);
  argument_error = 0;
  for (int64_t first = 0; first < a->channels; first += PANAMBA_SCAN_PART_CHANNELS) {
    sum *projected = new_sums(rows * width);
    for (int64_t c = first; c < a->channels && c < first + PANAMBA_SCAN_PART_CHANNELS; c++) {
      memset(u_gradients, 0, (size_t)rows * sizeof *u_gradients);
      for (int64_t i = 0; i < a->batch * PANAMBA_WALKS; i++) {
        check_walk(a, (int)(i % PANAMBA_WALKS), i / PANAMBA_WALKS, c, u_gradients, projected);
      }
      for (int64_t row = 0; row < rows; row++) {
        check_sum("u_gradient", row * a->channels + c, a->u_gradient[row * a->channels + c], u_gradients[row]);
      }
    }
    const float *part = a->projected_parts + first / PANAMBA_SCAN_PART_CHANNELS * rows * width;
    for (int64_t i = 0; i < rows * width; i++) {
      check_sum("projected_parts", i, part[i], projected[i]);
    }
    free(projected);
  }
  free(u_gradients);
}

static cross_shape draw_shape(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t states) {
  cross_shape s = draw_cross_shape(batch, height, width, channels, states);
  s.dtype = PANAMBA_F32;
  s.interval = PICK(intervals);
  return s;
}

static void gradient_case(cross_shape s, const scan_ranges *ranges, const char *what, placement where,
                          int misalignment) {
  describe_cross(what, &s, where, misalignment);
  begin_case(where, misalignment);
  cross_pair p = take_pair(&s, ranges);
  run_once(PANAMBA_CROSS_SCAN, &p.scan);
  run_operation(PANAMBA_CROSS_SCAN_GRADIENT, &p.gradient);
  check_gradient(&p.gradient);
  end_case();
}

static const int64_t all_states[] = {1, 1, 1, 2, 3, 4, 5, 7, 8, 16, 31, 64};

static void sweep_shapes(void) {
  static const int64_t sizes[][2] = {{1, 1}, {1, 2}, {2, 1},  {1, 17}, {17, 1},  {3, 2},  {5, 7},
                                     {8, 8}, {7, 9}, {13, 5}, {2, 33}, {12, 11}, {14, 14}};
  static const int64_t channels[] = {1, 2, 3, 5, 8, 15, 16, 17, 31, 33, 37, 63, 64, 65, 100, 128, 131};
  for (size_t i = 0; i < COUNT(sizes); i++) {
    for (size_t c = (size_t)draw(THIN(2, 4)); c < COUNT(channels); c += THIN(2, 4)) {
      int64_t steps = sizes[i][0] * sizes[i][1] * channels[c];
      int64_t states = steps > 3000 ? steps > 10000 ? 1 : 1 + draw(4) : PICK(all_states);
      gradient_case(draw_shape(steps > 2000 ? 1 : 1 + draw(3), sizes[i][0], sizes[i][1], channels[c], states),
                    &ordinary_ranges, "gradient", IN_SENTINELS, (int)draw(4));
    }
  }
}

static void sweep_guards(void) {
  for (int64_t channels = 1; channels <= 70; channels += 1 + draw(THIN(2, 8))) {
    gradient_case(draw_shape(1 + draw(2), 1 + draw(5), 1 + draw(5), channels, PICK(all_states)), &ordinary_ranges,
                  "gradient at guards", draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
  }
}

/* Softplus far out on both sides, states that vanish at once or never decay. */
static void extreme_values(void) {
  static const double steps[] = {-80, -20, -1, 0, 20, 30, 88};
  static const double decays[] = {0, -1e-6, -1, -20, -1e4};
  for (size_t i = 0; i < COUNT(steps); i++) {
    for (size_t j = 0; j < COUNT(decays); j++) {
      scan_ranges ranges = ordinary_ranges;
      memcpy(ranges.dt_bias, (double[]){steps[i], steps[i]}, sizeof ranges.dt_bias);
      memcpy(ranges.dt_weight, (double[]){-1e-3, 1e-3}, sizeof ranges.dt_weight);
      memcpy(ranges.a, (double[]){decays[j], decays[j] * 0.9}, sizeof ranges.a);
      cross_shape s = draw_shape(1, 1 + draw(8), 1 + draw(8), 1 + draw(35), PICK(all_states));
      s.biased = 1;
      gradient_case(s, &ranges, "extreme gradient", IN_SENTINELS, 0);
    }
  }
}

/* The loss of which out_gradient is the gradient, in double precision. */
static double loss_of(const void *args) {
  const panamba_cross_scan_gradient_args *a = args;
  static walk_run run;
  double loss = 0;
  for (int64_t i = 0; i < a->batch * a->channels * PANAMBA_WALKS; i++) {
    int64_t place = i / PANAMBA_WALKS;
    run_walk(a, (int)(i % PANAMBA_WALKS), place / a->channels, place % a->channels, &run);
    for (int64_t t = 0; t < a->height * a->width; t++) {
      loss += run.y[t] * run.y_gradient[t];
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

static void check_differences(const panamba_cross_scan_gradient_args *a) {
  const int64_t rows = a->batch * a->height * a->width;
  const int64_t width = PANAMBA_WALKS * (a->dt_rank + 2 * a->states);
  const int64_t stride = PANAMBA_WALKS * (a->states + a->dt_rank + 2) * a->channels;
  const int64_t counts[] = {a->states, a->dt_rank, 1, 1};
  const float *parameters[] = {a->a, a->dt_weight, a->dt_bias, a->d};
  static const char *const names[] = {"A_log", "dt_weight", "dt_bias", "D"};
  for (int repeat = 0; repeat < THIN(10, 2); repeat++) {
    int64_t i = draw(rows * a->channels);
    check_difference("u", loss_of, a, a->u + i, 1, (double)a->u_gradient[i]);
    int64_t row = draw(rows);
    int64_t column = draw(width);
    check_difference("projected", loss_of, a, a->projected + row * a->projected_row_stride + column, 1,
                     parts_sum(a->projected_parts, (a->channels + 63) / 64, rows * width, row * width + column));
    int64_t before = 0;
    for (int which = 0; which < 4; which++) {
      int64_t place = draw(PANAMBA_WALKS * counts[which] * a->channels);
      const float *number = parameters[which] + place;
      check_difference(names[which], loss_of, a, number, which ? 1 : (double)*number,
                       parts_sum(a->parameter_parts, a->batch, stride, before * a->channels + place));
      before += PANAMBA_WALKS * counts[which];
    }
  }
}

static void differences(void) {
  static const int64_t sizes[][2] = {{1, 1}, {1, 6}, {6, 1}, {3, 4}, {5, 5}};
  for (size_t i = 0; i < COUNT(sizes); i++) {
    cross_shape s = draw_shape(2, sizes[i][0], sizes[i][1], 1 + draw(70), 1 + draw(3));
    s.biased = s.skipped = 1;
    s.spiked = 0;
    describe_cross("differences", &s, IN_SENTINELS, 0);
    begin_case(IN_SENTINELS, 0);
    cross_pair p = take_pair(&s, &ordinary_ranges);
    run_once(PANAMBA_CROSS_SCAN, &p.scan);
    run_operation(PANAMBA_CROSS_SCAN_GRADIENT, &p.gradient);
    check_differences(&p.gradient);
    end_case();
  }
}

#define CROSS(change) REFUSED(panamba_cross_scan_gradient_args, PANAMBA_CROSS_SCAN_GRADIENT, a, change)
#define CROSS_SIZE(field) REFUSED_SIZE(panamba_cross_scan_gradient_args, PANAMBA_CROSS_SCAN_GRADIENT, a, field)

static void refusals(void) {
  begin_refusals("cross_scan_gradient");
  panamba_cross_scan_gradient_args a = {.u = take_filled(18, -1, 1),
                                        .projected = take_filled(6 * 4 * 34, -1, 1),
                                        .dt_weight = take_filled(4 * 6, -1, 1),
                                        .dt_bias = take_filled(4 * 3, -4, -1),
                                        .a = take_filled(4 * 48, -10, -1),
                                        .d = take_filled(4 * 3, -1, 1),
                                        .saved_states = take_filled(4 * 3 * 48, -1, 1),
                                        .out_gradient = take_filled(18, -1, 1),
                                        .u_gradient = take_output(18),
                                        .projected_parts = take_output(6 * 4 * 34),
                                        .parameter_parts = take_output(4 * 60),
                                        .batch = 1,
                                        .height = 2,
                                        .width = 3,
                                        .channels = 3,
                                        .states = 16,
                                        .dt_rank = 2,
                                        .projected_row_stride = 4 * 34,
                                        .saved_interval = 2};
  run_operation(PANAMBA_CROSS_SCAN_GRADIENT, &a);
  CROSS(u = 0);
  CROSS(projected = 0);
  CROSS(dt_weight = 0);
  CROSS(a = 0);
  CROSS(saved_states = 0);
  CROSS(out_gradient = 0);
  CROSS(u_gradient = 0);
  CROSS(projected_parts = 0);
  CROSS(parameter_parts = 0);
  CROSS(u_gradient = (float *)changed.u);
  CROSS(u_gradient = (float *)changed.out_gradient);
  CROSS_SIZE(batch);
  CROSS_SIZE(height);
  CROSS_SIZE(width);
  CROSS_SIZE(channels);
  CROSS_SIZE(states);
  CROSS_SIZE(dt_rank);
  CROSS(states = PANAMBA_MAX_STATES + 1);
  CROSS(projected_row_stride = 4 * 34 - 1);
  CROSS(projected_row_stride = INT64_MAX);
  CROSS(walks = -1);
  CROSS(walks = PANAMBA_WALKS_BIDI + 1);
  CROSS(saved_interval = 0);
  CROSS(saved_interval = -1);
  CROSS(saved_interval = PANAMBA_MAX_SAVED_INTERVAL + 1);
  end_case();
}

static void test(void) {
  seed(42);
  sweep_shapes();
  sweep_guards();
  extreme_values();
  differences();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }

#include "cross_case.h"

#include <math.h>

#include "harness.h"

/* Between two spikes there are this many pixels, on average. */
#define SPIKES 60

#define LONGEST 2048

static const int64_t ranks[] = {1, 2, 6, 12, 37};
static const int64_t gaps[] = {0, 0, 1, 4, 9};
/* Saved states are the processor's. */
#if defined(PANAMBA_TEST_CUDA)
static const int32_t intervals[] = {0};
#else
static const int32_t intervals[] = {0, 0, 1, 7, 16, 61, 64};
#endif

cross_shape draw_cross_shape(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t states) {
  return (cross_shape){.batch = batch,
                       .height = height,
                       .width = width,
                       .channels = channels,
                       .states = states,
                       .dt_rank = PICK(ranks),
                       .projected_gap = PICK(gaps),
                       .walks = (int32_t)(draw(2) ? PANAMBA_WALKS_CROSS : draw(3)),
                       .biased = draw(4) != 0,
                       .skipped = draw(4) != 0,
                       .spiked = draw(4) == 0,
                       .interval = PICK(intervals),
                       .dtype = draw_dtype()};
}

void describe_cross(const char *what, const cross_shape *s, placement where, int misalignment) {
  describe(
      "cross scan, %s: batch %d height %d width %d channels %d states %d rank %d gap %d walks %d dt_bias %d d %d "
      "spikes %d interval %d dtype %d, placed %d misaligned %d",
      what, (int)s->batch, (int)s->height, (int)s->width, (int)s->channels, (int)s->states, (int)s->dt_rank,
      (int)s->projected_gap, s->walks, s->biased, s->skipped, s->spiked, s->interval, s->dtype, where, misalignment);
}

static float *take_range(int64_t count, const double range[2]) { return take_filled(count, range[0], range[1]); }

panamba_cross_scan_args take_cross(const cross_shape *s, const scan_ranges *ranges) {
  int64_t length = s->height * s->width;
  int64_t rows = s->batch * length;
  int64_t width = s->dt_rank + 2 * s->states;
  int64_t stride = PANAMBA_WALKS * width + s->projected_gap;
  float *projected = take_rows(rows, PANAMBA_WALKS * width, stride, -1, 1);
  for (int64_t i = 0; i < rows * PANAMBA_WALKS && s->spiked; i++) {
    if (draw(SPIKES) == 0) {
      fill(projected + i / PANAMBA_WALKS * stride + i % PANAMBA_WALKS * width, s->dt_rank, -100, 100);
    }
  }
  int64_t chunks = s->interval ? (length + s->interval - 1) / s->interval : 0;
  return (panamba_cross_scan_args){
      .u = take_filled_of(s->dtype, rows * s->channels, ranges->u[0], ranges->u[1]),
      .projected = projected,
      .dt_weight = take_range(PANAMBA_WALKS * s->dt_rank * s->channels, ranges->dt_weight),
      .dt_bias = s->biased ? take_range(PANAMBA_WALKS * s->channels, ranges->dt_bias) : 0,
      .a = take_range(PANAMBA_WALKS * s->states * s->channels, ranges->a),
      .d = s->skipped ? take_filled(PANAMBA_WALKS * s->channels, -1.5, 1.5) : 0,
      .out = take_output(rows * s->channels),
      .saved_states = s->interval ? take_output(PANAMBA_WALKS * s->batch * chunks * s->states * s->channels) : 0,
      .batch = s->batch,
      .height = s->height,
      .width = s->width,
      .channels = s->channels,
      .states = s->states,
      .dt_rank = s->dt_rank,
      .projected_row_stride = stride,
      .walks = s->walks,
      .dtype = s->dtype,
      .saved_interval = s->interval};
}

int64_t pixel_of_step(int32_t walks, int64_t height, int64_t width, int k, int64_t step) {
  int reversed = walks == PANAMBA_WALKS_UNIDI ? 0 : k >= 2;
  int64_t t = reversed ? height * width - 1 - step : step;
  return walks == PANAMBA_WALKS_CROSS && (k == 1 || k == 3) ? t % height * width + t / height : t;
}

/* Adds y of walk k of one channel to the pixels' sums, and checks the states that were saved. */
static void scan_walk(const panamba_cross_scan_args *args, int k, int64_t image, int64_t channel, bounded *sums) {
  const int64_t length = args->height * args->width;
  const int64_t width = args->dt_rank + 2 * args->states;
  const int64_t chunks = args->saved_states ? (length + args->saved_interval - 1) / args->saved_interval : 0;
  bounded h[PANAMBA_MAX_STATES] = {{0, 0, 0}};
  for (int64_t t = 0; t < length; t++) {
    int64_t pixel = pixel_of_step(args->walks, args->height, args->width, k, t);
    const float *projected = args->projected + (image * length + pixel) * args->projected_row_stride + k * width;
    const float *b = projected + args->dt_rank;
    const float *c = b + args->states;
    double u = element(args->u, args->dtype, (image * length + pixel) * args->channels + channel);
    bounded dt =
        scan_step_size(projected, args->dt_weight + k * args->dt_rank * args->channels + channel, args->dt_rank,
                       args->channels, args->dt_bias ? args->dt_bias + k * args->channels + channel : 0);
    for (int64_t n = 0; n < args->states; n++) {
      if (args->saved_states && t % args->saved_interval == 0) {
        int64_t chunk = (k * args->batch + image) * chunks + t / args->saved_interval;
        int64_t place = (chunk * args->states + n) * args->channels + channel;
        check_close("saved state", place, (double)args->saved_states[place], h[n].value, h[n].allowed);
      }
      h[n] =
          scan_advance(h[n], dt, (double)args->a[(k * args->states + n) * args->channels + channel], u, (double)b[n]);
      sums[pixel].value += (double)c[n] * h[n].value;
      sums[pixel].allowed += fabs((double)c[n]) * h[n].allowed;
      sums[pixel].magnitude += fabs((double)c[n]) * h[n].magnitude;
    }
  }
}

void check_cross(const panamba_cross_scan_args *args) {
  static bounded sums[LONGEST];
  const int64_t length = args->height * args->width;
  CHECK(length <= LONGEST, "the test's own buffer is too short");
  for (int64_t place = 0; place < args->batch * args->channels; place++) {
    int64_t image = place / args->channels;
    int64_t channel = place % args->channels;
    for (int64_t pixel = 0; pixel < length; pixel++) {
      double u = element(args->u, args->dtype, (image * length + pixel) * args->channels + channel);
      sums[pixel] = (bounded){0, 0, 0};
      for (int k = 0; k < PANAMBA_WALKS && args->d; k++) {
        double skip = (double)args->d[k * args->channels + channel] * u;
        sums[pixel].value += skip;
        sums[pixel].magnitude += fabs(skip);
      }
    }
    for (int k = 0; k < PANAMBA_WALKS; k++) {
      scan_walk(args, k, image, channel, sums);
    }
    for (int64_t pixel = 0; pixel < length; pixel++) {
      int64_t at = (image * length + pixel) * args->channels + channel;
      /* A sum of the skip, its weights before, and every state of every walk. */
      double rounding = (double)(PANAMBA_WALKS * args->states + PANAMBA_WALKS + 1) * ROUNDING * sums[pixel].magnitude;
      check_close("out", at, (double)args->out[at], sums[pixel].value,
                  sums[pixel].allowed + rounding + SMALLEST_NORMAL);
    }
  }
}

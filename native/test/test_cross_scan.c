/* The cross scan against four plain loops in double precision. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cross_case.h"
#include "harness.h"
#include "refusal.h"

static void cross_case(cross_shape s, const scan_ranges *ranges, const char *what, placement where, int misalignment) {
  describe_cross(what, &s, where, misalignment);
  begin_case(where, misalignment);
  panamba_cross_scan_args args = take_cross(&s, ranges);
  run_operation(PANAMBA_CROSS_SCAN, &args);
  check_cross(&args);
  end_case();
}

static const int64_t all_states[] = {1, 1, 1, 2, 3, 4, 5, 7, 8, 16, 17, 31, 64};

/* Rows and columns of one pixel, chunks that end within a line and lines that end within a chunk. */
static const int64_t sizes[][2] = {{1, 1},  {1, 2},   {2, 1},   {1, 9},  {9, 1},  {2, 3},   {3, 2},  {1, 64}, {64, 1},
                                   {1, 65}, {65, 1},  {5, 7},   {7, 5},  {8, 8},  {7, 9},   {13, 5}, {2, 33}, {33, 2},
                                   {16, 4}, {12, 11}, {14, 14}, {64, 3}, {3, 64}, {17, 23}, {28, 28}};

static void sweep_shapes(void) {
  static const int64_t channels[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 37, 48, 63, 64, 65, 96, 100};
  for (size_t i = 0; i < COUNT(sizes); i++) {
    for (size_t c = (size_t)draw(THIN(1, 3)); c < COUNT(channels); c += THIN(1, 3)) {
      int64_t steps = sizes[i][0] * sizes[i][1] * channels[c];
      int64_t states = steps > 3000 ? steps > THIN(80000, 30000) ? 1 : 1 + draw(4) : PICK(all_states);
      int64_t batch = steps > 10000 ? 1 : 1 + draw(3);
      cross_case(draw_cross_shape(batch, sizes[i][0], sizes[i][1], channels[c], states), &ordinary_ranges, "sweep",
                 IN_SENTINELS, (int)draw(4));
    }
  }
}

/* One state and many channels: pairs of vectors, of a few images too, and rows of dt_weight in one set of the cache. */
static void sweep_pairs(void) {
  static const int64_t channels[] = {192, 193, 207, 208, 223, 224, 225, 384, 512, 520, 1024};
  for (size_t c = 0; c < COUNT(channels); c++) {
    for (int32_t dtype = 0; dtype < 2; dtype++) {
      cross_shape s = draw_cross_shape(1 + draw(2), 1 + draw(4), 1 + draw(5), channels[c], 1 + (draw(4) == 0));
      s.dtype = dtype;
      cross_case(s, &ordinary_ranges, "pairs", draw(2) ? IN_SENTINELS : BEFORE_GUARD, 0);
    }
  }
  /* Columns in one set of the cache. */
  cross_case(draw_cross_shape(1, 3, 64, 48, 1), &ordinary_ranges, "a width of 64", IN_SENTINELS, 0);
  cross_case(draw_cross_shape(2, 2, 128, 24, 1), &ordinary_ranges, "a width of 128", IN_SENTINELS, 0);
  /* A dt_weight too high to be kept. */
  cross_shape high = draw_cross_shape(1, 3, 3, 512, 1);
  high.dt_rank = 150;
  cross_case(high, &ordinary_ranges, "rank 150", IN_SENTINELS, 0);
}

/* So large that lines are fetched ahead. */
static void sweep_large(void) {
  for (int64_t states = 1; states <= 2; states++) {
    cross_shape s = draw_cross_shape(1, 67, 62, 1 + draw(20), states);
    describe_cross("large", &s, BEFORE_GUARD, 0);
    begin_case(BEFORE_GUARD, 0);
    panamba_cross_scan_args args = take_cross(&s, &ordinary_ranges);
    run_operation(PANAMBA_CROSS_SCAN, &args);
    end_case();
  }
}

static void sweep_guards(void) {
  for (int64_t channels = 1; channels <= 50; channels++) {
    for (size_t n = 0; n < COUNT(all_states); n += THIN(2, 5)) {
      cross_case(draw_cross_shape(1 + draw(2), 1 + draw(5), 1 + draw(5), channels, all_states[n]), &ordinary_ranges,
                 "guards", draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
    }
  }
}

/* The arguments of softplus far out on both sides and around its threshold, states that vanish at once or never decay. */
static void extreme_values(void) {
  static const double steps[] = {-100, -88, -87, -20, -1, 0, 19.9, 20, 20.1, 30, 88, 1000};
  static const double decays[] = {0, -1e-6, -1, -20, -126, -1e4, -1e30};
  for (size_t i = 0; i < COUNT(steps); i++) {
    for (size_t j = 0; j < COUNT(decays); j++) {
      scan_ranges ranges = ordinary_ranges;
      char what[100];
      double weight = draw(2) ? 1e-3 : 10;
      memcpy(ranges.dt_bias, (double[]){steps[i], steps[i]}, sizeof ranges.dt_bias);
      memcpy(ranges.dt_weight, (double[]){-weight, weight}, sizeof ranges.dt_weight);
      memcpy(ranges.a, (double[]){decays[j], decays[j] * 0.9}, sizeof ranges.a);
      snprintf(what, sizeof what, "dt_bias %g dt_weight %g a %g", steps[i], weight, decays[j]);
      cross_shape s = draw_cross_shape(1, 1 + draw(9), 1 + draw(9), 1 + draw(35), PICK(all_states));
      s.biased = 1;
      cross_case(s, &ranges, what, IN_SENTINELS, 0);
    }
  }
}

/* An image has the bits that it has alone, however its channels are cut into tiles. */
static void images_are_independent(void) {
  for (int repeat = 0; repeat < 12; repeat++) {
    cross_shape s = draw_cross_shape(3, 1 + draw(9), 1 + draw(9), 1 + draw(110), repeat % 3 ? 1 : PICK(all_states));
    s.interval = 0;
    describe_cross("images alone", &s, IN_SENTINELS, 0);
    begin_case(IN_SENTINELS, 0);
    panamba_cross_scan_args args = take_cross(&s, &ordinary_ranges);
    int64_t rows = s.height * s.width;
    float *together = take_output(s.batch * rows * s.channels);
    run_operation(PANAMBA_CROSS_SCAN, &args);
    memcpy(together, args.out, (size_t)(s.batch * rows * s.channels) * sizeof(float));
    panamba_cross_scan_args alone = args;
    alone.batch = 1;
    for (int64_t image = 0; image < s.batch; image++) {
      alone.u = place_of(args.u, s.dtype, image * rows * s.channels);
      alone.projected = args.projected + image * rows * args.projected_row_stride;
      run_operation(PANAMBA_CROSS_SCAN, &alone);
      check_same_bits("out", alone.out, together + image * rows * s.channels, rows * s.channels);
    }
    end_case();
  }
}

/* Along one row or one column, walks by rows and by columns visit the same pixels in the same order: with the weights of
 * the one in the other, out is the same as in two walks by rows and two reversed. */
static void one_line(void) {
  for (int repeat = 0; repeat < 8; repeat++) {
    int64_t length = 1 + draw(70);
    cross_shape s = draw_cross_shape(1, repeat % 2 ? 1 : length, repeat % 2 ? length : 1, 1 + draw(40), 1 + draw(3));
    s.walks = PANAMBA_WALKS_CROSS;
    describe_cross("one line", &s, IN_SENTINELS, 0);
    begin_case(IN_SENTINELS, 0);
    panamba_cross_scan_args args = take_cross(&s, &ordinary_ranges);
    float *cross = take_output(length * s.channels);
    run_operation(PANAMBA_CROSS_SCAN, &args);
    memcpy(cross, args.out, (size_t)(length * s.channels) * sizeof(float));
    args.walks = PANAMBA_WALKS_BIDI;
    run_operation(PANAMBA_CROSS_SCAN, &args);
    check_same_bits("out", args.out, cross, length * s.channels);
    end_case();
  }
}

/* NaN in everything that belongs to one channel disturbs no other; the others have the bits that they have without. */
static void nan_stays_in_its_channel(void) {
  for (int64_t bad = 0; bad < 35; bad++) {
    cross_shape s = draw_cross_shape(1, 6, 7, 35, bad % 2 ? 1 : 16);
    s.biased = s.skipped = 1;
    s.interval = 0;
    describe_cross("NaN in a channel", &s, IN_SENTINELS, 0);
    begin_case(IN_SENTINELS, 0);
    panamba_cross_scan_args args = take_cross(&s, &ordinary_ranges);
    int64_t count = s.height * s.width * s.channels;
    float *clean = take_output(count);
    run_operation(PANAMBA_CROSS_SCAN, &args);
    memcpy(clean, args.out, (size_t)count * sizeof(float));
    const void *victims[] = {place_of(args.u, s.dtype, 7 * s.channels), args.dt_bias, args.d + s.channels,
                             args.a + 2 * s.states * s.channels};
    size_t victim = (size_t)draw((int64_t)COUNT(victims));
    set_element((void *)victims[victim], victim == 0 ? s.dtype : PANAMBA_F32, bad, NAN);
    run_operation(PANAMBA_CROSS_SCAN, &args);
    int seen = 0;
    for (int64_t i = 0; i < count; i++) {
      int mine = i % s.channels == bad;
      seen |= mine && isnan(args.out[i]);
      if (!mine) {
        check_same_bits("out", args.out + i, clean + i, 1);
      }
    }
    CHECK(seen, "the NaN of channel %d is lost", (int)bad);
    end_case();
  }
}

#define CROSS(change) REFUSED(panamba_cross_scan_args, PANAMBA_CROSS_SCAN, a, change)
#define CROSS_SIZE(field) REFUSED_SIZE(panamba_cross_scan_args, PANAMBA_CROSS_SCAN, a, field)

static void refusals(void) {
  begin_refusals("cross_scan");
  panamba_cross_scan_args a = {.u = take_filled(18, -1, 1),
                               .projected = take_filled(6 * 4 * 34, -1, 1),
                               .dt_weight = take_filled(4 * 6, -1, 1),
                               .dt_bias = take_filled(4 * 3, -4, -1),
                               .a = take_filled(4 * 48, -10, -1),
                               .d = take_filled(4 * 3, -1, 1),
                               .out = take_output(18),
                               .saved_states = take_output(4 * 3 * 48),
                               .batch = 1,
                               .height = 2,
                               .width = 3,
                               .channels = 3,
                               .states = 16,
                               .dt_rank = 2,
                               .projected_row_stride = 4 * 34,
                               .saved_interval = 2};
  run_operation(PANAMBA_CROSS_SCAN, &a);
  CROSS(u = 0);
  CROSS(projected = 0);
  CROSS(dt_weight = 0);
  CROSS(a = 0);
  CROSS(out = 0);
  CROSS(u = a.out);
  CROSS_SIZE(batch);
  CROSS_SIZE(height);
  CROSS_SIZE(width);
  CROSS_SIZE(channels);
  CROSS_SIZE(states);
  CROSS_SIZE(dt_rank);
  CROSS(states = PANAMBA_MAX_STATES + 1);
  CROSS(projected_row_stride = 4 * 34 - 1);
  CROSS(projected_row_stride = -4 * 34);
  CROSS(projected_row_stride = INT64_MAX);
  CROSS(walks = -1);
  CROSS(walks = PANAMBA_WALKS_BIDI + 1);
  CROSS(saved_interval = 0);
  CROSS(saved_interval = -1);
  CROSS(saved_interval = PANAMBA_MAX_SAVED_INTERVAL + 1);
  CROSS(reserved = 1);
  REFUSED_DTYPE(panamba_cross_scan_args, PANAMBA_CROSS_SCAN, a, dtype);
  end_case();
}

static void test(void) {
  seed(41);
  sweep_shapes();
  sweep_pairs();
  sweep_large();
  sweep_guards();
  extreme_values();
  images_are_independent();
  one_line();
  nan_stays_in_its_channel();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }

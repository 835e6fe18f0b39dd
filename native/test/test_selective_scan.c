/* The selective scan against its reference in double precision. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "refusal.h"
#include "scan_case.h"

static void scan_case(scan_shape s, const scan_ranges *ranges, const char *what, placement where, int misalignment) {
  describe_scan(what, &s, where, misalignment);
  begin_case(where, misalignment);
  panamba_selective_scan_args args = take_scan(&s, ranges);
  run_operation(PANAMBA_SELECTIVE_SCAN, &args);
  check_scan(&args);
  end_case();
}

static const int64_t all_states[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64};

static void sweep_shapes(void) {
  static const int64_t lengths[] = {1, 2, 3, 15, 16, 17, 33, 63, 64, 65, 127, 128, 129, 197, 730};
  static const int64_t channels[] = {1, 2, 3, 5, 7, 8, 15, 16, 17, 24, 31, 32, 33, 37, 48, 63, 64, 65, 100, 384};
  for (size_t l = 0; l < COUNT(lengths); l++) {
    for (size_t c = 0; c < COUNT(channels); c++) {
      int64_t steps = lengths[l] * channels[c];
      for (int repeat = 0; repeat < (steps > 1000 ? 1 : THIN(3, 1)); repeat++) {
        int64_t states = steps > 3000 ? steps > THIN(80000, 30000) ? 1 + draw(2) : 16 : PICK(all_states);
        int64_t batch = steps > 10000 ? 1 : 1 + draw(3);
        scan_case(draw_scan_shape(batch, lengths[l], channels[c], states), &ordinary_ranges, "sweep", IN_SENTINELS,
                  (int)draw(4));
      }
    }
  }
  scan_case(draw_scan_shape(1, 1025, 21, 16), &ordinary_ranges, "long", IN_SENTINELS, 1);
}

/* Every number of states with every number of lanes in the last vector. */
static void sweep_states(void) {
  for (int64_t states = 1; states <= PANAMBA_MAX_STATES; states++) {
    for (int64_t channels = 1 + draw(THIN(2, 8)); channels <= 18; channels += THIN(2, 8)) {
      scan_case(draw_scan_shape(1, 1 + draw(5), channels, states), &ordinary_ranges, "states", IN_SENTINELS,
                (int)draw(4));
    }
  }
}

static void sweep_guards(void) {
  for (int64_t channels = 1; channels <= 50; channels++) {
    for (size_t n = 0; n < COUNT(all_states); n += THIN(1, 3)) {
      scan_case(draw_scan_shape(1 + draw(2), 1 + draw(4), channels, all_states[n]), &ordinary_ranges, "guards",
                draw(2) ? BEFORE_GUARD : AFTER_GUARD, 0);
    }
  }
}

/*
 * The arguments of softplus far out on both sides and around its threshold, states that vanish at once or never decay,
 * and gates far out.
 */
static void extreme_values(void) {
  static const double steps[] = {-100, -88, -87, -20, -1, 0, 19.9, 20, 20.1, 30, 88, 1000};
  static const double decays[] = {0, -1e-6, -1, -20, -126, -1e4, -1e30};
  static const double gates[] = {-1000, -100, -88, -20, 0, 20, 100};
  for (size_t i = 0; i < COUNT(steps); i++) {
    for (size_t j = 0; j < COUNT(decays); j++) {
      scan_ranges ranges = ordinary_ranges;
      double gate = PICK(gates);
      char what[100];
      /* dt_weight so small that dt_bias says where softplus is, or large enough to leave it on both sides. */
      double weight = draw(2) ? 1e-3 : 10;
      memcpy(ranges.dt_bias, (double[]){steps[i], steps[i]}, sizeof ranges.dt_bias);
      memcpy(ranges.dt_weight, (double[]){-weight, weight}, sizeof ranges.dt_weight);
      memcpy(ranges.a, (double[]){decays[j], decays[j] * 0.9}, sizeof ranges.a);
      memcpy(ranges.gate, (double[]){gate - 1, gate + 1}, sizeof ranges.gate);
      snprintf(what, sizeof what, "dt_bias %g dt_weight %g a %g gate %g", steps[i], weight, decays[j], gate);
      scan_shape s = draw_scan_shape(1, 1 + draw(70), 1 + draw(35), PICK(all_states));
      s.biased = 1;
      scan_case(s, &ranges, what, IN_SENTINELS, 0);
    }
  }
}

/* dt is 25, and dt * a is -1e4, or beyond the range of float: a state is its step's own input and nothing of before. */
static void states_vanish(double a) {
  scan_shape s = {.batch = 1,
                  .length = 40,
                  .channels = 19,
                  .states = 16,
                  .dt_rank = 1,
                  .run = BOTH,
                  .scale = 1,
                  .biased = 1,
                  .started = 1,
                  .kept = 1};
  scan_ranges ranges = ordinary_ranges;
  memcpy(ranges.dt_weight, (double[]){0, 0}, sizeof ranges.dt_weight);
  memcpy(ranges.dt_bias, (double[]){25, 25}, sizeof ranges.dt_bias);
  memcpy(ranges.a, (double[]){a, a}, sizeof ranges.a);
  describe_scan("vanishing states", &s, IN_SENTINELS, 0);
  begin_case(IN_SENTINELS, 0);
  panamba_selective_scan_args args = take_scan(&s, &ranges);
  run_operation(PANAMBA_SELECTIVE_SCAN, &args);
  check_scan(&args);
  const float *projected = args.forward.projected + (s.length - 1) * args.projected_row_stride;
  const float *u = args.forward.u;
  u += (s.length - 1) * s.channels;
  for (int64_t i = 0; i < s.states * s.channels; i++) {
    float wanted = 25 * u[i % s.channels] * projected[1 + i / s.channels];
    CHECK(args.forward.final_state[i] == wanted, "state %d is %g, not %g", (int)i, (double)args.forward.final_state[i],
          (double)wanted);
  }
  end_case();
}

/* An image has the bits that it has alone. */
static void images_are_independent(void) {
  for (int repeat = 0; repeat < THIN(40, 15); repeat++) {
    scan_shape s = draw_scan_shape(3, 1 + draw(70), 1 + draw(50), PICK(all_states));
    s.accumulated = 0;
    s.kept = 0;
    describe_scan("each image alone", &s, IN_SENTINELS, 1);
    begin_case(IN_SENTINELS, 1);
    panamba_selective_scan_args args = take_scan(&s, &ordinary_ranges);
    int64_t count = s.length * s.channels;
    void *alone = take_output_of(s.dtype, count);
    run_operation(PANAMBA_SELECTIVE_SCAN, &args);
    for (int64_t image = 0; image < s.batch; image++) {
      panamba_selective_scan_args one = args;
      panamba_scan_direction *both[] = {&one.forward, &one.backward};
      one.batch = 1;
      for (int i = 0; i < 2; i++) {
        if (both[i]->u) {
          both[i]->u = place_of(both[i]->u, s.dtype, image * count);
          both[i]->projected = both[i]->projected + image * s.length * args.projected_row_stride;
          if (s.started) {
            both[i]->initial_state += image * s.states * s.channels;
          }
        }
      }
      one.gate = args.gate ? place_of(args.gate, s.dtype, image * s.length * args.gate_row_stride) : 0;
      one.out = alone;
      run_operation(PANAMBA_SELECTIVE_SCAN, &one);
      check_same_elements("image", s.dtype, place_of(args.out, s.dtype, image * count), alone, count);
    }
    end_case();
  }
}

/* NaN in everything that belongs to one channel disturbs no other; the others have the bits that they have without. */
static void nan_stays_in_its_channel(void) {
  for (int64_t bad = 0; bad < 35; bad++) {
    scan_shape s = draw_scan_shape(1, 37, 35, 16);
    s.run = BOTH;
    s.gated = s.biased = s.skipped = s.started = s.kept = 1;
    s.accumulated = 0;
    describe_scan("NaN in a channel", &s, IN_SENTINELS, 0);
    begin_case(IN_SENTINELS, 0);
    panamba_selective_scan_args args = take_scan(&s, &ordinary_ranges);
    int64_t count = s.length * s.channels;
    void *clean = take_output_of(s.dtype, count);
    run_operation(PANAMBA_SELECTIVE_SCAN, &args);
    memcpy(clean, args.out, (size_t)(count * bytes_of(s.dtype)));
    const void *victims[] = {place_of(args.forward.u, s.dtype, 7 * s.channels),
                             place_of(args.gate, s.dtype, 3 * args.gate_row_stride),
                             args.forward.dt_bias,
                             args.forward.d,
                             args.backward.initial_state,
                             args.backward.a};
    size_t victim = (size_t)draw((int64_t)COUNT(victims));
    set_element((void *)victims[victim], victim < 2 ? s.dtype : PANAMBA_F32, bad, NAN);
    run_operation(PANAMBA_SELECTIVE_SCAN, &args);
    int seen = 0;
    for (int64_t i = 0; i < count; i++) {
      int mine = i % s.channels == bad;
      seen |= mine && isnan(element(args.out, s.dtype, i));
      if (!mine) {
        check_same_elements("out", s.dtype, place_of(args.out, s.dtype, i), place_of(clean, s.dtype, i), 1);
      }
    }
    CHECK(seen, "the NaN of channel %d is lost", (int)bad);
    end_case();
  }
}

#define SCAN(change) REFUSED(panamba_selective_scan_args, PANAMBA_SELECTIVE_SCAN, a, change)
#define SCAN_SIZE(field) REFUSED_SIZE(panamba_selective_scan_args, PANAMBA_SELECTIVE_SCAN, a, field)

static void refusals(void) {
  begin_refusals("selective_scan");
  panamba_scan_direction d = {.u = take_filled(12, -1, 1),
                              .projected = take_filled(4 * 34, -1, 1),
                              .dt_weight = take_filled(6, -1, 1),
                              .dt_bias = take_filled(3, -4, -1),
                              .a = take_filled(48, -10, -1),
                              .d = take_filled(3, -1, 1),
                              .initial_state = take_filled(48, -1, 1)};
  panamba_selective_scan_args a = {.gate = take_filled(12, -1, 1),
                                   .out = take_output(12),
                                   .forward = d,
                                   .backward = d,
                                   .batch = 1,
                                   .length = 4,
                                   .channels = 3,
                                   .states = 16,
                                   .dt_rank = 2,
                                   .projected_row_stride = 34,
                                   .gate_row_stride = 3,
                                   .scale = 1};
  a.forward.final_state = take_output(48);
  a.backward.final_state = take_output(48);
  run_operation(PANAMBA_SELECTIVE_SCAN, &a);
  SCAN(out = 0);
  SCAN(forward.projected = 0);
  SCAN(forward.dt_weight = 0);
  SCAN(forward.a = 0);
  SCAN(backward.projected = 0);
  SCAN(backward.dt_weight = 0);
  SCAN(backward.a = 0);
  SCAN_SIZE(batch);
  SCAN_SIZE(length);
  SCAN_SIZE(channels);
  SCAN_SIZE(states);
  SCAN_SIZE(dt_rank);
  SCAN(states = PANAMBA_MAX_STATES + 1);
  SCAN(projected_row_stride = 33);
  SCAN(projected_row_stride = -34);
  SCAN(projected_row_stride = INT64_MAX);
  SCAN(gate_row_stride = 2);
  SCAN(gate_row_stride = -3);
  SCAN(gate_row_stride = INT64_MAX);
  SCAN(accumulate = 2);
  SCAN(accumulate = -1);
  SCAN(saved_interval = -1);
  SCAN(saved_interval = PANAMBA_MAX_SAVED_INTERVAL + 1);
  SCAN(forward.saved_states = a.out);
  SCAN(backward.saved_states = a.out);
  REFUSED_DTYPE(panamba_selective_scan_args, PANAMBA_SELECTIVE_SCAN, a, dtype);
  a.forward.u = 0;
  SCAN(backward.u = 0);
  end_case();
}

static void test(void) {
  seed(8);
  sweep_shapes();
  sweep_states();
  sweep_guards();
  extreme_values();
  states_vanish(-400);
  states_vanish(-3e38);
  images_are_independent();
  nan_stays_in_its_channel();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }

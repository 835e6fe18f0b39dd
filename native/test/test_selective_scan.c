#include <math.h>
#include <string.h>

#include "reference.h"
#include "support.h"

/*
 * Of the sum of magnitudes that reach an output: dt errs by some 1e-6 (its dot product, then softplus), which moves a
 * decay of many steps; each step adds an exp2 and two roundings.
 */
#define BOUND 6e-6

typedef struct {
  int64_t batch;
  int64_t length;
  int64_t channels;
  int64_t states;
  int64_t dt_rank;
  int directions;
  int bare; /* without z, D, dt bias */
  int accumulate;
  int with_state;
  double dt_low; /* range of the dt bias */
  double dt_high;
} scan_case;

static panamba_scan_direction direction(const scan_case *c) {
  panamba_scan_direction d = {
      .u = random_floats(c->batch * c->length * c->channels, 1.5),
      .projected = random_floats(c->batch * c->length * (c->dt_rank + 2 * c->states), 1),
      .dt_weight = random_floats(c->dt_rank * c->channels, 0.3),
  };
  float *a = new_floats(c->states * c->channels);
  for (int64_t i = 0; i < c->states * c->channels; i++) {
    a[i] = (float)(-(double)(1 + i / c->channels) * uniform(0.5, 2));
  }
  d.a = a;
  if (!c->bare) {
    float *bias = new_floats(c->channels);
    for (int64_t i = 0; i < c->channels; i++) {
      bias[i] = (float)uniform(c->dt_low, c->dt_high);
    }
    d.dt_bias = bias;
    d.d = random_floats(c->channels, 1);
  }
  if (c->with_state) {
    d.initial_state = random_floats(c->batch * c->states * c->channels, 1);
  }
  d.final_state = new_floats(c->batch * c->states * c->channels);
  return d;
}

static panamba_selective_scan_args arguments(const scan_case *c) {
  panamba_selective_scan_args a = {
      .batch = c->batch,
      .length = c->length,
      .channels = c->channels,
      .states = c->states,
      .dt_rank = c->dt_rank,
      .projected_row_stride = c->dt_rank + 2 * c->states,
      .z_row_stride = 2 * c->channels + 1,
      .scale = c->directions == 3 ? 0.5f : 1.0f,
      .accumulate = c->accumulate,
  };
  if (!c->bare) {
    a.z = random_floats((c->batch * c->length - 1) * a.z_row_stride + c->channels, 4);
  }
  if (c->directions & 1) {
    a.forward = direction(c);
  }
  if (c->directions & 2) {
    a.backward = direction(c);
  }
  return a;
}

static void check_state(const scan_case *c, const panamba_scan_direction *d, const double *expected) {
  int64_t count = c->batch * c->states * c->channels;
  double *scale = new_doubles(count);
  for (int64_t i = 0; i < count; i++) {
    scale[i] = fabs(expected[i]) + 1;
  }
  compare("final state", d->final_state, expected, scale, count, BOUND);
}

static const void *rows_from(const void *base, int64_t row, int64_t stride) {
  return base ? (const float *)base + row * stride : 0;
}

/* One image in pieces of `size` steps: forward pieces in order, then backward ones from the end, which add, halve and
 * gate. */
static void check_pieces(const scan_case *c, const panamba_selective_scan_args *whole, const float *old, int64_t size) {
  int64_t count = c->length * c->channels;
  float *out = new_floats(count);
  memcpy(out, old, (size_t)count * sizeof(float));
  for (int backward = 0; backward <= 1; backward++) {
    const panamba_scan_direction *d = backward ? &whole->backward : &whole->forward;
    if (!d->u) {
      continue;
    }
    int last_direction = backward || !whole->backward.u;
    float *state = new_floats(c->states * c->channels);
    for (int64_t done = 0; done < c->length; done += size) {
      int64_t length = c->length - done < size ? c->length - done : size;
      int64_t from = backward ? c->length - done - length : done;
      panamba_scan_direction piece_direction = *d;
      piece_direction.u = rows_from(d->u, from, c->channels);
      piece_direction.projected = rows_from(d->projected, from, whole->projected_row_stride);
      piece_direction.initial_state = done ? state : d->initial_state;
      piece_direction.final_state = state;
      panamba_selective_scan_args piece = *whole;
      piece.length = length;
      piece.out = out + from * c->channels;
      piece.z = last_direction ? rows_from(whole->z, from, whole->z_row_stride) : 0;
      piece.scale = last_direction ? whole->scale : 1.0f;
      piece.accumulate = whole->accumulate || (backward && whole->forward.u);
      memset(&piece.forward, 0, sizeof piece.forward);
      memset(&piece.backward, 0, sizeof piece.backward);
      *(backward ? &piece.backward : &piece.forward) = piece_direction;
      run_steps(&(panamba_step){&piece, PANAMBA_SELECTIVE_SCAN, 0}, 1);
    }
    compare_bits("state of pieces", state, d->final_state, c->states * c->channels);
  }
  compare_bits("pieces", out, whole->out, count);
}

static void check(scan_case c) {
  panamba_selective_scan_args a = arguments(&c);
  int64_t count = c.batch * c.length * c.channels;
  int64_t states = c.batch * c.states * c.channels;
  float *out = random_floats(count, 1);
  float *old = new_floats(count);
  memcpy(old, out, (size_t)count * sizeof(float));
  a.out = out;
  double *expected = new_doubles(count);
  double *scale = new_doubles(count);
  double *forward_state = new_doubles(states);
  double *backward_state = new_doubles(states);
  reference_scan(&a, old, expected, scale, forward_state, backward_state);
  run_same_bits(PANAMBA_SELECTIVE_SCAN, &a, out, count);
  compare("scan", out, expected, scale, count, BOUND);
  if (c.directions & 1) {
    check_state(&c, &a.forward, forward_state);
  }
  if (c.directions & 2) {
    check_state(&c, &a.backward, backward_state);
  }
  if (c.batch == 1 && c.length > 1) {
    check_pieces(&c, &a, old, 1 + c.length / 3);
    check_pieces(&c, &a, old, c.length - 1);
  }
  release_buffers();
}

/* An image has the bits in a batch that it has alone. */
static void check_batch(void) {
  scan_case c = {3, 21, 19, 16, 5, 3, 0, 0, 0, -5, -1};
  panamba_selective_scan_args a = arguments(&c);
  float *out = new_floats(3 * 21 * 19);
  a.out = out;
  run_steps(&(panamba_step){&a, PANAMBA_SELECTIVE_SCAN, 0}, 1);
  panamba_selective_scan_args one = a;
  one.batch = 1;
  one.z = rows_from(a.z, 21, a.z_row_stride);
  one.forward.u = rows_from(a.forward.u, 21, 19);
  one.forward.projected = rows_from(a.forward.projected, 21, a.projected_row_stride);
  one.backward.u = rows_from(a.backward.u, 21, 19);
  one.backward.projected = rows_from(a.backward.projected, 21, a.projected_row_stride);
  float *single = new_floats(21 * 19);
  one.out = single;
  run_steps(&(panamba_step){&one, PANAMBA_SELECTIVE_SCAN, 0}, 1);
  compare_bits("image alone", single, out + 21 * 19, 21 * 19);
  release_buffers();
}

/* NaN in one channel stays there. */
static void check_nan(void) {
  scan_case c = {1, 9, 33, 16, 4, 3, 0, 0, 0, -3, 0};
  panamba_selective_scan_args a = arguments(&c);
  float *clean = new_floats(9 * 33);
  a.out = clean;
  panamba_step step = {&a, PANAMBA_SELECTIVE_SCAN, 0};
  run_steps(&step, 1);
  float *out = new_floats(9 * 33);
  a.out = out;
  ((float *)(uintptr_t)a.forward.u)[4 * 33 + 7] = NAN;
  run_steps(&step, 1);
  for (int64_t i = 0; i < 9 * 33; i++) {
    if (i % 33 == 7) {
      CHECK(i / 33 < 4 || isnan(out[i]), "NaN is lost at step %lld", (long long)(i / 33));
    } else {
      compare_bits("beside NaN", out + i, clean + i, 1);
    }
  }
  release_buffers();
}

static void test(void) {
  static const int64_t channels[] = {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 24, 31, 33, 37};
  static const int64_t lengths[] = {1, 2, 3, 15, 16, 17, 31, 32, 33, 65};
  static const int64_t states[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64};
  static const int64_t ranks[] = {1, 3, 12, 24};
  for (int i = 0; i < COUNT(states); i++) {
    for (int j = 0; j < COUNT(channels); j++) {
      scan_case c = {
          .batch = 1 + (i + j) % 3,
          .length = pick(lengths, COUNT(lengths)),
          .channels = channels[j],
          .states = states[i],
          .dt_rank = pick(ranks, COUNT(ranks)),
          .directions = 1 + (i + 2 * j) % 3,
          .bare = (i + j) % 4 == 0,
          .accumulate = j % 5 == 0,
          .with_state = (i * j) % 3 == 1,
          .dt_low = -7,
          .dt_high = 1,
      };
      check(c);
    }
  }
  /* Steps so small that nothing decays, so large that everything does, and everything between: softplus over its whole
   * range. */
  check((scan_case){1, 64, 32, 16, 2, 3, 0, 0, 0, -100, 100});
  check((scan_case){1, 33, 16, 16, 2, 3, 0, 0, 1, 30, 88});
  check((scan_case){1, 33, 16, 16, 2, 3, 0, 0, 1, -100, -20});
  check((scan_case){2, 197, 48, 16, 12, 3, 0, 0, 0, -7, -2});
  check((scan_case){1, 730, 16, 16, 12, 3, 0, 0, 0, -7, -2});
  check_batch();
  check_nan();
}

int main(void) {
  on_every_tier(test);
  return 0;
}

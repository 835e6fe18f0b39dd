#include <math.h>
#include <string.h>

#include "support.h"

static void check_rotary(int64_t batch, int64_t length, int64_t dim, int64_t first, int64_t positions, int in_place) {
  int64_t count = batch * length * dim;
  float *x = random_floats(count, 2);
  float *old = new_floats(count);
  memcpy(old, x, (size_t)count * sizeof(float));
  float *out = in_place ? x : new_floats(count);
  panamba_rotary_args a = {
      .x = x,
      .cos = random_floats(positions * dim, 1),
      .sin = random_floats(positions * dim, 1),
      .out = out,
      .batch = batch,
      .length = length,
      .dim = dim,
      .positions = positions,
      .first = first,
  };
  if (in_place) {
    run_steps(&(panamba_step){&a, PANAMBA_ROTARY, 0}, 1);
  } else {
    run_same_bits(PANAMBA_ROTARY, &a, out, count);
  }
  double *expected = new_doubles(count);
  double *scale = new_doubles(count);
  for (int64_t i = 0; i < count; i++) {
    int64_t position = i / dim % length - first;
    int64_t at = position * dim + i % dim;
    double other = i % 2 ? (double)old[i - 1] : -(double)old[i + 1];
    expected[i] = position >= 0 && position < positions ? (double)old[i] * (double)a.cos[at] + other * (double)a.sin[at]
                                                        : (double)old[i];
    scale[i] = 4;
  }
  compare("rotary", out, expected, scale, count, 1e-7);
  release_buffers();
}

static void check_pool(int kind, int64_t batch, int64_t length, int64_t dim, int64_t first, int64_t count,
                       int64_t step) {
  float *input = random_floats(batch * length * dim, 2);
  float *out = new_floats(batch * dim);
  panamba_pool_args a = {input, out, batch, length, dim, first, count, step, kind, PANAMBA_F32};
  run_same_bits(PANAMBA_POOL, &a, out, batch * dim);
  double *expected = new_doubles(batch * dim);
  double *scale = new_doubles(batch * dim);
  for (int64_t i = 0; i < batch * dim; i++) {
    double value = kind == PANAMBA_POOL_MAX ? -INFINITY : 0;
    for (int64_t k = 0; k < count; k++) {
      double element = (double)input[(i / dim * length + first + k * step) * dim + i % dim];
      value = kind == PANAMBA_POOL_MAX ? fmax(value, element) : value + element / (double)count;
    }
    expected[i] = value;
    scale[i] = kind == PANAMBA_POOL_MAX ? 1e-30 : 2;
  }
  compare("pool", out, expected, scale, batch * dim, kind == PANAMBA_POOL_MAX ? 0 : (double)count * 0x1p-24);
  release_buffers();
}

static void check_nan_wins(void) {
  for (int64_t place = 0; place < 3; place++) {
    float *input = random_floats(3 * 17, 1);
    float *out = new_floats(17);
    input[place * 17 + 5] = NAN;
    panamba_pool_args a = {input, out, 1, 3, 17, 0, 3, 1, PANAMBA_POOL_MAX, PANAMBA_F32};
    run_steps(&(panamba_step){&a, PANAMBA_POOL, 0}, 1);
    for (int i = 0; i < 17; i++) {
      CHECK(isnan(out[i]) == (i == 5), "channel %d, NaN in row %lld", i, (long long)place);
    }
    release_buffers();
  }
}

static void test(void) {
  for (int64_t dim = 2; dim <= 36; dim += 2) {
    check_rotary(1 + dim % 3, 5 + dim % 7, dim, dim % 2, 4 + dim % 7, (int)(dim / 2) & 1);
  }
  check_rotary(2, 17, 32, 1, 16, 0);
  check_rotary(1, 150, 8, 0, 150, 1);
  check_rotary(1, 150, 8, 100, 20, 0);
  for (int kind = PANAMBA_POOL_MEAN; kind <= PANAMBA_POOL_MAX; kind++) {
    for (int64_t dim = 1; dim <= 70; dim += 3) {
      check_pool(kind, 1 + dim % 3, 11, dim, dim % 11, 1, 1);
      check_pool(kind, 1 + dim % 2, 11, dim, 0, 11, 1);
      check_pool(kind, 2, 11, dim, 0, 2, 10);
      check_pool(kind, 2, 11, dim, 1, 3, 4);
    }
  }
  check_nan_wins();
}

int main(void) {
  on_every_tier(test);
  return 0;
}

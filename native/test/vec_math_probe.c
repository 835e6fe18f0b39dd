/* The vector functions of one tier over arrays, compiled once per tier as the kernels are. */
#include "vec_math_probe.h"

#include "float_mode.h"
#include "vec_math.h"

INLINE vec apply(math_function function, vec x) {
  switch (function) {
    case MATH_EXP2: return vec_exp2(x);
    case MATH_EXP2_NEAR: return vec_exp2_near(x);
    case MATH_EXP: return vec_exp(x);
    case MATH_SOFTPLUS: return vec_softplus(x);
    case MATH_CLAMP: return vec_clamp_exponent(x);
    default: return vec_silu(x);
  }
}

static void math(math_function function, const float *x, float *out, int64_t count) {
  float_mode mode = enter_float_mode();
  for (int64_t i = 0; i < count; i += VEC_WIDTH) {
    int lanes = count - i < VEC_WIDTH ? (int)(count - i) : VEC_WIDTH;
    vec_store_lanes(out + i, apply(function, vec_load_lanes(x + i, lanes)), lanes);
  }
  leave_float_mode(mode);
}

static int lanes_at(int64_t i, int64_t count, int lanes) {
  int most = lanes < VEC_WIDTH ? lanes : VEC_WIDTH;
  return count - i < most ? (int)(count - i) : most;
}

static void narrow(const float *x, uint16_t *out, int64_t count, int lanes) {
  float_mode mode = enter_float_mode();
  for (int64_t i = 0; i < count;) {
    int now = lanes_at(i, count, lanes);
    vec_store_as(PANAMBA_BF16, out, i, vec_load_lanes(x + i, now), now);
    i += now;
  }
  leave_float_mode(mode);
}

static void widen(const uint16_t *x, float *out, int64_t count, int lanes) {
  float_mode mode = enter_float_mode();
  for (int64_t i = 0; i < count;) {
    int now = lanes_at(i, count, lanes);
    vec_store_lanes(out + i, vec_load_as(PANAMBA_BF16, x, i, now), now);
    i += now;
  }
  leave_float_mode(mode);
}

static int any_beyond(const float *x, float limit) { return vec_any_beyond(vec_load(x), limit); }

extern const vec_probe TIER_NAME(vec_probe);

const vec_probe TIER_NAME(vec_probe) = {math, narrow, widen, any_beyond, VEC_WIDTH};

/* The vector functions of one tier over arrays, compiled once per tier as the kernels are. */
#include "vec_math_probe.h"

#include "float_mode.h"
#include "vec_math.h"

INLINE vec apply(math_function function, vec x) {
  switch (function) {
    case MATH_EXP2: return vec_exp2(x);
    case MATH_EXP: return vec_exp(x);
    case MATH_SOFTPLUS: return vec_softplus(x);
    default: return vec_silu(x);
  }
}

void TIER_NAME(vec_math_probe)(math_function function, const float *x, float *out, int64_t count);

void TIER_NAME(vec_math_probe)(math_function function, const float *x, float *out, int64_t count) {
  float_mode mode = enter_float_mode();
  for (int64_t i = 0; i < count; i += VEC_WIDTH) {
    int lanes = count - i < VEC_WIDTH ? (int)(count - i) : VEC_WIDTH;
    vec_store_lanes(out + i, apply(function, vec_load_lanes(x + i, lanes)), lanes);
  }
  leave_float_mode(mode);
}

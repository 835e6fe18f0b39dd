#include <math.h>

#include "check.h"
#include "check_arguments.h"

/* Rows of every head, `stride` apart. */
static int rows_fit(const panamba_attention_gradient_args *a, int64_t stride) {
  return stride >= a->heads * a->head_dim && volume(a->batch, a->length, stride);
}

static int is_input(const panamba_attention_gradient_args *a, const float *p) {
  return p == a->q || p == a->k || p == a->v || p == a->out || p == a->statistics || p == a->out_gradient;
}

int32_t panamba_check_attention_gradient(const panamba_attention_gradient_args *a) {
  REQUIRE(a->q && a->k && a->v && a->out && a->statistics && a->out_gradient);
  REQUIRE(a->q_gradient && a->k_gradient && a->v_gradient);
  REQUIRE(!is_input(a, a->q_gradient) && !is_input(a, a->k_gradient) && !is_input(a, a->v_gradient));
  REQUIRE(a->q_gradient != a->k_gradient && a->q_gradient != a->v_gradient && a->k_gradient != a->v_gradient);
  REQUIRE(a->head_dim >= 1 && a->head_dim <= PANAMBA_MAX_HEAD_DIM && a->reserved == 0);
  REQUIRE(volume(a->batch, a->length, 1) && volume(a->batch * a->length, a->heads, a->head_dim));
  REQUIRE(rows_fit(a, a->q_row_stride) && rows_fit(a, a->k_row_stride) && rows_fit(a, a->v_row_stride));
  REQUIRE(rows_fit(a, a->out_row_stride) && rows_fit(a, a->out_gradient_row_stride));
  REQUIRE(rows_fit(a, a->q_gradient_row_stride) && rows_fit(a, a->k_gradient_row_stride));
  REQUIRE(rows_fit(a, a->v_gradient_row_stride));
  REQUIRE(a->scale > 0.0f && a->scale < INFINITY);
  return PANAMBA_OK;
}

#include <math.h>

#include "check.h"
#include "check_arguments.h"

int32_t panamba_check_attention(const panamba_attention_args *a) {
  REQUIRE(a->q && a->k && a->v && a->out);
  REQUIRE(a->out != a->q && a->out != a->k && a->out != a->v);
  REQUIRE(is_activation(a->dtype));
  REQUIRE(a->head_dim >= 1 && a->head_dim <= PANAMBA_MAX_HEAD_DIM);
  REQUIRE(volume(a->batch, a->length, 1) && volume(a->batch * a->length, a->heads, a->head_dim));
  REQUIRE(a->queries >= 1 && a->queries <= a->length);
  REQUIRE(a->q_row_stride >= a->heads * a->head_dim && volume(a->batch, a->queries, a->q_row_stride));
  REQUIRE(a->k_row_stride >= a->heads * a->head_dim && volume(a->batch, a->length, a->k_row_stride));
  REQUIRE(a->v_row_stride >= a->heads * a->head_dim && volume(a->batch, a->length, a->v_row_stride));
  REQUIRE(a->out_row_stride >= a->heads * a->head_dim && volume(a->batch, a->queries, a->out_row_stride));
  REQUIRE(a->scale > 0.0f && a->scale < INFINITY);
  return PANAMBA_OK;
}

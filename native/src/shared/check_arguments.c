#include "check_arguments.h"

#include "check.h"

int32_t panamba_check_patch_embedding_sizes(const panamba_patch_embedding_args *a) {
  REQUIRE(is_activation(a->dtype) && a->reserved == 0);
  REQUIRE_PATCHES(a, 0, a->dim);
  return PANAMBA_OK;
}

int32_t panamba_check_patch_embedding(const panamba_patch_embedding_args *a) {
  REQUIRE(a->image && a->weight && a->out);
  REQUIRE(a->class_tokens == 0 || a->class_token);
  return panamba_check_patch_embedding_sizes(a);
}

int32_t panamba_check_norm(const panamba_norm_args *a) {
  REQUIRE(a->residual && a->weight && a->out);
  REQUIRE(is_activation(a->dtype));
  REQUIRE(a->kind == PANAMBA_RMS_NORM || a->kind == PANAMBA_LAYER_NORM);
  REQUIRE(is_function(a->activation) && a->reserved == 0);
  REQUIRE(a->residual_row_stride >= a->dim && volume(a->rows, a->residual_row_stride, 1));
  REQUIRE(volume(a->rows, a->dim, 1));
  REQUIRE(a->eps >= 0.0f);
  return PANAMBA_OK;
}

int32_t panamba_check_sum(const panamba_sum_args *a) {
  REQUIRE(a->parts && a->out && a->parts != a->out);
  REQUIRE(a->part_stride >= a->width && volume(a->count, a->part_stride, 1) && sized(a->width));
  return PANAMBA_OK;
}

int32_t panamba_check_linear(const panamba_linear_args *a) {
  REQUIRE(a->input && a->weight && a->out && a->input != a->out);
  REQUIRE(is_activation(a->dtype) && is_activation(a->out_dtype));
  REQUIRE(is_function(a->activation) && a->reserved == 0);
  REQUIRE(a->multiply == 0 || (a->multiply == 1 && a->accumulate == 0.0f && a->activation == PANAMBA_ACTIVATION_NONE));
  REQUIRE(volume(a->depth, a->columns, 1));
  REQUIRE(a->input_row_stride >= a->depth && volume(a->rows, a->input_row_stride, 1));
  REQUIRE(a->out_row_stride >= a->columns && volume(a->rows, a->out_row_stride, 1));
  return PANAMBA_OK;
}

int32_t panamba_check_causal_conv(const panamba_causal_conv_args *a) {
  REQUIRE(a->x && (a->forward.out || a->backward.out));
  REQUIRE(!a->forward.out || a->forward.weight);
  REQUIRE(!a->backward.out || a->backward.weight);
  REQUIRE(a->x != a->forward.out && a->x != a->backward.out && a->forward.out != a->backward.out);
  REQUIRE(is_activation(a->dtype));
  REQUIRE(a->kernel >= 2 && a->kernel <= PANAMBA_MAX_KERNEL);
  REQUIRE(volume(a->batch, a->length, a->channels));
  REQUIRE(a->rows_before >= 0 && a->rows_before <= MAX_SIZE && a->rows_after >= 0 && a->rows_after <= MAX_SIZE);
  REQUIRE(a->x_row_stride >= a->channels && volume(a->length, a->x_row_stride, 1));
  REQUIRE(a->batch == 1 || volume(a->batch, a->x_batch_stride, 1));
  return PANAMBA_OK;
}

static int whole_direction(const panamba_scan_direction *d) { return !d->u || (d->projected && d->dt_weight && d->a); }

int32_t panamba_check_selective_scan(const panamba_selective_scan_args *a) {
  REQUIRE(a->out && (a->forward.u || a->backward.u));
  REQUIRE(whole_direction(&a->forward) && whole_direction(&a->backward));
  REQUIRE(is_activation(a->dtype));
  REQUIRE(a->saved_interval >= 0 && a->saved_interval <= PANAMBA_MAX_SAVED_INTERVAL);
  REQUIRE((!a->forward.saved_states && !a->backward.saved_states) || a->saved_interval >= 1);
  REQUIRE(a->accumulate == 0 || a->accumulate == 1);
  REQUIRE(a->states >= 1 && a->states <= PANAMBA_MAX_STATES);
  REQUIRE(volume(a->batch, a->length, a->channels));
  REQUIRE(volume(a->dt_rank, a->channels, 1) && volume(a->batch, a->states, a->channels));
  REQUIRE(a->projected_row_stride >= a->dt_rank + 2 * a->states &&
          volume(a->batch, a->length, a->projected_row_stride));
  REQUIRE(!a->gate || (a->gate_row_stride >= a->channels && volume(a->batch, a->length, a->gate_row_stride)));
  return PANAMBA_OK;
}

int32_t panamba_check_rotary(const panamba_rotary_args *a) {
  REQUIRE(a->x && a->cos && a->sin && a->out);
  REQUIRE(volume(a->batch, a->length, a->dim) && a->dim % 2 == 0);
  REQUIRE(a->positions >= 1 && a->first >= 0 && a->positions <= a->length && a->first <= a->length - a->positions);
  return PANAMBA_OK;
}

int32_t panamba_check_pool(const panamba_pool_args *a) {
  REQUIRE(a->input && a->out && a->input != a->out);
  REQUIRE(a->reserved == 0);
  REQUIRE(a->kind == PANAMBA_POOL_MEAN || a->kind == PANAMBA_POOL_MAX);
  REQUIRE(volume(a->batch, a->length, a->dim));
  REQUIRE(a->count >= 1 && a->step >= 1 && a->first >= 0 && a->first < a->length);
  REQUIRE((a->length - 1 - a->first) / a->step >= a->count - 1);
  return PANAMBA_OK;
}

int32_t panamba_check_cross_scan(const panamba_cross_scan_args *a) {
  REQUIRE(a->u && a->projected && a->dt_weight && a->a && a->out && a->u != a->out);
  REQUIRE(a->walks >= PANAMBA_WALKS_CROSS && a->walks <= PANAMBA_WALKS_BIDI);
  REQUIRE(is_activation(a->dtype) && a->reserved == 0);
  REQUIRE(a->saved_interval >= 0 && a->saved_interval <= PANAMBA_MAX_SAVED_INTERVAL);
  REQUIRE(!a->saved_states || a->saved_interval >= 1);
  REQUIRE(a->states >= 1 && a->states <= PANAMBA_MAX_STATES);
  REQUIRE(volume(a->height, a->width, 1) && volume(a->batch, a->height * a->width, a->channels));
  REQUIRE(volume(PANAMBA_WALKS, a->dt_rank, a->channels) && volume(PANAMBA_WALKS, a->states, a->channels));
  if (a->saved_states) {
    int64_t saved = (a->height * a->width + a->saved_interval - 1) / a->saved_interval;
    REQUIRE(volume(a->batch, saved, PANAMBA_WALKS) && volume(a->batch * saved * PANAMBA_WALKS, a->states, a->channels));
  }
  REQUIRE(a->projected_row_stride >= PANAMBA_WALKS * (a->dt_rank + 2 * a->states) &&
          volume(a->batch, a->height * a->width, a->projected_row_stride));
  return PANAMBA_OK;
}

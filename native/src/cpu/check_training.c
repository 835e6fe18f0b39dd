/* The checks of the operations of training. */
#include "check.h"
#include "check_arguments.h"
#include "packed_layout.h"

int32_t panamba_check_product(const panamba_product_args *a) {
  REQUIRE(a->left && a->right && a->out && a->out != a->left && a->out != a->right);
  REQUIRE(a->reserved == 0);
  REQUIRE(volume(a->rows, a->depth, 1) && volume(a->depth, a->columns, 1) && volume(a->rows, a->columns, 1));
  int by_rows = a->left_depth_stride == 1 && a->left_row_stride >= a->depth;
  int by_columns = a->left_row_stride == 1 && a->left_depth_stride >= a->rows;
  REQUIRE(by_rows || by_columns);
  REQUIRE(volume(a->rows, a->left_row_stride, 1) && volume(a->depth, a->left_depth_stride, 1));
  REQUIRE(a->right_row_stride >= a->columns && volume(a->depth, a->right_row_stride, 1));
  REQUIRE(a->out_row_stride >= a->columns && volume(a->rows, a->out_row_stride, 1));
  return PANAMBA_OK;
}

int32_t panamba_check_pointwise(const panamba_pointwise_args *a) {
  REQUIRE(a->x && a->out);
  REQUIRE(a->kind >= PANAMBA_POINTWISE_SILU && a->kind <= PANAMBA_POINTWISE_RELU);
  REQUIRE(a->reserved == 0);
  REQUIRE(volume(a->rows, a->columns, 1));
  REQUIRE(a->x_row_stride >= a->columns && volume(a->rows, a->x_row_stride, 1));
  REQUIRE(a->out_row_stride >= a->columns && volume(a->rows, a->out_row_stride, 1));
  return PANAMBA_OK;
}

int32_t panamba_check_activation_gradient(const panamba_activation_gradient_args *a) {
  REQUIRE(a->x && a->out_gradient && a->x_gradient && a->x_gradient != a->x);
  REQUIRE(is_function(a->activation) && a->activation != PANAMBA_ACTIVATION_NONE);
  REQUIRE(a->reserved == 0);
  REQUIRE(volume(a->rows, a->columns, 1));
  REQUIRE(a->x_row_stride >= a->columns && volume(a->rows, a->x_row_stride, 1));
  REQUIRE(a->out_gradient_row_stride >= a->columns && volume(a->rows, a->out_gradient_row_stride, 1));
  REQUIRE(a->x_gradient_row_stride >= a->columns && volume(a->rows, a->x_gradient_row_stride, 1));
  REQUIRE(a->x_gradient != a->out_gradient || a->x_gradient_row_stride == a->out_gradient_row_stride);
  return PANAMBA_OK;
}

int32_t panamba_check_scale(const panamba_scale_args *a) {
  REQUIRE(a->x && a->out && (a->channel_scale || a->image_scale));
  REQUIRE(a->out != a->channel_scale && a->out != a->image_scale);
  REQUIRE(volume(a->batch, a->length, a->channels));
  REQUIRE(a->x_row_stride >= a->channels && volume(a->batch, a->length, a->x_row_stride));
  REQUIRE(a->out_row_stride >= a->channels && volume(a->batch, a->length, a->out_row_stride));
  REQUIRE(a->out != a->x || a->out_row_stride == a->x_row_stride);
  return PANAMBA_OK;
}

int32_t panamba_check_scale_gradient(const panamba_scale_gradient_args *a) {
  REQUIRE(a->out_gradient && a->x_gradient && (a->channel_scale || a->image_scale));
  REQUIRE(!a->channel_scale == !a->x && !a->channel_scale == !a->parameter_parts);
  REQUIRE(a->x_gradient != a->x && a->x_gradient != a->channel_scale && a->x_gradient != a->image_scale);
  REQUIRE(!a->parameter_parts || (a->parameter_parts != a->x_gradient && a->parameter_parts != a->out_gradient));
  REQUIRE(!a->parameter_parts || (a->parameter_parts != a->x && a->parameter_parts != a->channel_scale));
  REQUIRE(!a->parameter_parts || a->parameter_parts != a->image_scale);
  REQUIRE(volume(a->batch, a->length, a->channels));
  REQUIRE(!a->x || (a->x_row_stride >= a->channels && volume(a->batch, a->length, a->x_row_stride)));
  REQUIRE(a->out_gradient_row_stride >= a->channels && volume(a->batch, a->length, a->out_gradient_row_stride));
  REQUIRE(a->x_gradient_row_stride >= a->channels && volume(a->batch, a->length, a->x_gradient_row_stride));
  REQUIRE(a->x_gradient != a->out_gradient || a->x_gradient_row_stride == a->out_gradient_row_stride);
  return PANAMBA_OK;
}

static int whole_scan(const panamba_scan_gradient_direction *d) {
  return !d->u || (d->projected && d->dt_weight && d->a && d->saved_states && d->u_gradient && d->projected_parts &&
                   d->parameter_parts);
}

int32_t panamba_check_scan_gradient(const panamba_scan_gradient_args *a) {
  REQUIRE(a->out_gradient && (a->forward.u || a->backward.u));
  REQUIRE(whole_scan(&a->forward) && whole_scan(&a->backward));
  REQUIRE(!a->z == !a->z_gradient);
  REQUIRE(a->states >= 1 && a->states <= PANAMBA_MAX_STATES);
  REQUIRE(a->saved_interval >= 1 && a->saved_interval <= PANAMBA_MAX_SAVED_INTERVAL);
  REQUIRE(volume(a->batch, a->length, a->channels));
  REQUIRE(volume(a->dt_rank, a->channels, 1) && volume(a->batch, a->dt_rank + a->states + 2, a->channels));
  REQUIRE(volume(a->batch * ceil_div(a->length, a->saved_interval), a->states, a->channels));
  REQUIRE(a->projected_row_stride >= a->dt_rank + 2 * a->states &&
          volume(a->batch, a->length, a->projected_row_stride));
  REQUIRE(volume(a->batch * a->length, ceil_div(a->channels, PANAMBA_SCAN_PART_CHANNELS), a->projected_row_stride));
  REQUIRE(!a->z || (a->z_row_stride >= a->channels && volume(a->batch, a->length, a->z_row_stride)));
  REQUIRE(!a->z || (a->z_gradient_row_stride >= a->channels && volume(a->batch, a->length, a->z_gradient_row_stride)));
  return PANAMBA_OK;
}

static int whole_conv(const panamba_conv_gradient_direction *d) {
  return !d->out_gradient || (d->weight && d->parameter_parts);
}

int32_t panamba_check_conv_gradient(const panamba_conv_gradient_args *a) {
  REQUIRE(a->x && a->x_gradient && a->x != a->x_gradient);
  REQUIRE(a->forward.out_gradient || a->backward.out_gradient);
  REQUIRE(whole_conv(&a->forward) && whole_conv(&a->backward));
  REQUIRE(a->x_gradient != a->forward.out_gradient && a->x_gradient != a->backward.out_gradient);
  REQUIRE(a->kernel >= 2 && a->kernel <= PANAMBA_MAX_KERNEL && a->reserved == 0);
  REQUIRE(volume(a->batch, a->length, a->channels) && volume(a->batch, a->kernel + 1, a->channels));
  REQUIRE(a->x_row_stride >= a->channels && volume(a->batch, a->length, a->x_row_stride));
  REQUIRE(a->x_gradient_row_stride >= a->channels && volume(a->batch, a->length, a->x_gradient_row_stride));
  return PANAMBA_OK;
}

int32_t panamba_check_norm_gradient(const panamba_norm_gradient_args *a) {
  REQUIRE(a->residual && a->weight && a->out_gradient && a->residual_gradient && a->parameter_parts);
  REQUIRE(a->residual_gradient != a->residual && a->residual_gradient != a->out_gradient);
  REQUIRE(a->kind == PANAMBA_RMS_NORM || a->kind == PANAMBA_LAYER_NORM);
  REQUIRE(a->reserved == 0);
  REQUIRE(volume(a->rows, a->dim, 2));
  REQUIRE(a->residual_row_stride >= a->dim && volume(a->rows, a->residual_row_stride, 1));
  REQUIRE(a->residual_gradient_row_stride >= a->dim && volume(a->rows, a->residual_gradient_row_stride, 1));
  REQUIRE(a->eps >= 0.0f);
  return PANAMBA_OK;
}

int32_t panamba_check_pool_gradient(const panamba_pool_gradient_args *a) {
  REQUIRE(a->out_gradient && a->input_gradient && a->out_gradient != a->input_gradient);
  REQUIRE(a->kind == PANAMBA_POOL_MEAN || a->kind == PANAMBA_POOL_MAX);
  REQUIRE(a->kind == PANAMBA_POOL_MEAN || (a->input && a->input != a->input_gradient));
  REQUIRE(a->reserved == 0);
  REQUIRE(volume(a->batch, a->length, a->dim));
  REQUIRE(a->count >= 1 && a->step >= 1 && a->first >= 0 && a->first < a->length);
  REQUIRE((a->length - 1 - a->first) / a->step >= a->count - 1);
  return PANAMBA_OK;
}

int32_t panamba_check_patches(const panamba_patches_args *a) {
  REQUIRE(a->image && a->out && a->image != a->out);
  REQUIRE_PATCHES(a, a->padding, a->channels * a->patch_height * a->patch_width);
  return PANAMBA_OK;
}

int32_t panamba_check_patches_gradient(const panamba_patches_gradient_args *a) {
  REQUIRE(a->patch_gradient && a->image_gradient && a->patch_gradient != a->image_gradient);
  REQUIRE_PATCHES(a, a->padding, a->channels * a->patch_height * a->patch_width);
  return PANAMBA_OK;
}

int32_t panamba_check_cross_entropy(const panamba_cross_entropy_args *a) {
  REQUIRE(a->logits && a->labels && a->losses);
  REQUIRE(a->logits != a->losses && a->logits != a->logits_gradient);
  REQUIRE(volume(a->batch, a->classes, 1));
  REQUIRE(a->smoothing >= 0.0f && a->smoothing <= 1.0f);
  return PANAMBA_OK;
}

int32_t panamba_check_squares(const panamba_squares_args *a) {
  REQUIRE(a->x && a->parts && a->x != a->parts);
  REQUIRE(sized(a->count));
  return PANAMBA_OK;
}

int32_t panamba_check_clip(const panamba_clip_args *a) {
  REQUIRE(a->parts && a->result && a->parts != a->result);
  REQUIRE(sized(a->count) && a->reserved == 0);
  REQUIRE(a->limit > 0.0f);
  return PANAMBA_OK;
}

int32_t panamba_check_adamw(const panamba_adamw_args *a) {
  REQUIRE(a->parameters && a->gradient && a->first_moment && a->second_moment && a->rates);
  REQUIRE(sized(a->count));
  REQUIRE(a->beta1 >= 0.0f && a->beta1 <= 1.0f && a->beta2 >= 0.0f && a->beta2 <= 1.0f);
  REQUIRE(a->eps >= 0.0f && a->weight_decay >= 0.0f);
  return PANAMBA_OK;
}

int32_t panamba_check_conv2d_gradient(const panamba_conv2d_gradient_args *a) {
  REQUIRE(a->input && a->out_gradient && a->weight_gradient);
  REQUIRE(a->weight_gradient != a->input && a->weight_gradient != a->out_gradient);
  REQUIRE(a->reserved == 0);
  REQUIRE_KERNEL(a);
  REQUIRE(volume(a->batch, a->height, a->width) && volume(a->batch * a->height * a->width, a->channels, 1));
  REQUIRE(a->kernel_height <= a->height + 2 * a->padding && a->kernel_width <= a->width + 2 * a->padding);
  int64_t out_height = places_along(a->height, a->padding, a->kernel_height, a->stride);
  int64_t out_width = places_along(a->width, a->padding, a->kernel_width, a->stride);
  REQUIRE(volume(a->batch, out_height, out_width) && volume(a->batch * out_height * out_width, a->columns, 1));
  REQUIRE(volume(a->kernel_height * a->kernel_width, a->channels, a->columns));
  return PANAMBA_OK;
}

int32_t panamba_check_depthwise_gradient(const panamba_depthwise_gradient_args *a) {
  REQUIRE(a->x && a->out_gradient && a->parameter_parts);
  REQUIRE(a->parameter_parts != a->x && a->parameter_parts != a->out_gradient);
  REQUIRE(is_depthwise_side(a->side) && a->reserved == 0);
  REQUIRE(volume(a->batch, a->height, a->width) && volume(a->batch, a->side * a->side + 1, a->channels));
  REQUIRE(a->x_pixel_stride >= a->channels && volume(a->batch * a->height, a->width, a->x_pixel_stride));
  REQUIRE(a->out_gradient_pixel_stride >= a->channels &&
          volume(a->batch * a->height, a->width, a->out_gradient_pixel_stride));
  return PANAMBA_OK;
}

int32_t panamba_check_cross_scan_gradient(const panamba_cross_scan_gradient_args *a) {
  REQUIRE(a->u && a->projected && a->dt_weight && a->a && a->saved_states && a->out_gradient);
  REQUIRE(a->u_gradient && a->projected_parts && a->parameter_parts);
  REQUIRE(a->u_gradient != a->u && a->u_gradient != a->out_gradient);
  REQUIRE(a->walks >= PANAMBA_WALKS_CROSS && a->walks <= PANAMBA_WALKS_BIDI);
  REQUIRE(a->states >= 1 && a->states <= PANAMBA_MAX_STATES);
  REQUIRE(a->saved_interval >= 1 && a->saved_interval <= PANAMBA_MAX_SAVED_INTERVAL);
  REQUIRE(volume(a->height, a->width, 1) && volume(a->batch, a->height * a->width, a->channels));
  REQUIRE(volume(PANAMBA_WALKS, a->dt_rank, a->channels));
  REQUIRE(volume(PANAMBA_WALKS * a->batch, a->dt_rank + a->states + 2, a->channels));
  REQUIRE(volume(PANAMBA_WALKS * a->batch * ceil_div(a->height * a->width, a->saved_interval), a->states, a->channels));
  REQUIRE(a->projected_row_stride >= PANAMBA_WALKS * (a->dt_rank + 2 * a->states) &&
          volume(a->batch, a->height * a->width, a->projected_row_stride));
  REQUIRE(volume(a->batch * a->height * a->width, ceil_div(a->channels, PANAMBA_SCAN_PART_CHANNELS),
                 a->projected_row_stride));
  return PANAMBA_OK;
}

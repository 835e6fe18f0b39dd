#include "check.h"
#include "check_arguments.h"

int32_t panamba_check_conv2d(const panamba_conv2d_args *a) {
  REQUIRE(a->input && a->weight && a->out && a->input != a->out);
  REQUIRE(is_activation(a->dtype) && is_activation(a->out_dtype));
  REQUIRE(is_function(a->activation));
  REQUIRE(a->planar == 0 || a->planar == 1);
  REQUIRE(a->planar || !a->pixel_values);
  REQUIRE(a->transposed == 0 || (a->transposed == 1 && !a->planar));
  REQUIRE_KERNEL(a);
  REQUIRE(sized(a->out_height) && sized(a->out_width));
  if (a->transposed) {
    REQUIRE(reaches(a->out_height, a->padding, a->kernel_height, a->stride, a->height));
    REQUIRE(reaches(a->out_width, a->padding, a->kernel_width, a->stride, a->width));
  } else {
    REQUIRE(reaches(a->height, a->padding, a->kernel_height, a->stride, a->out_height));
    REQUIRE(reaches(a->width, a->padding, a->kernel_width, a->stride, a->out_width));
  }
  REQUIRE(!a->planar || a->channels * a->kernel_height * a->kernel_width <= PANAMBA_MAX_PLANAR_DEPTH);
  REQUIRE(a->planar || a->input_pixel_stride >= a->channels);
  REQUIRE(volume(a->batch, a->height, a->width));
  REQUIRE(volume(a->batch * a->height, a->width, a->planar ? a->channels : a->input_pixel_stride));
  REQUIRE(volume(a->batch, a->out_height, a->out_width) && volume(a->batch * a->out_height, a->out_width, a->columns));
  REQUIRE(volume(a->kernel_height * a->kernel_width, a->channels, a->columns));
  return PANAMBA_OK;
}

int32_t panamba_check_depthwise(const panamba_depthwise_args *a) {
  REQUIRE(a->x && a->weight && a->out && a->x != a->out);
  REQUIRE(is_activation(a->dtype) && is_function(a->activation));
  REQUIRE(is_depthwise_side(a->side));
  REQUIRE(a->flipped == 0 || a->flipped == 1);
  REQUIRE(volume(a->batch, a->height, a->width) && volume(a->side * a->side, a->channels, 1));
  REQUIRE(a->x_pixel_stride >= a->channels && volume(a->batch * a->height, a->width, a->x_pixel_stride));
  REQUIRE(a->out_pixel_stride >= a->channels && volume(a->batch * a->height, a->width, a->out_pixel_stride));
  REQUIRE(!a->gate ||
          (a->gate_pixel_stride >= a->channels && volume(a->batch * a->height, a->width, a->gate_pixel_stride)));
  REQUIRE(a->gate != a->out || a->gate_pixel_stride == a->out_pixel_stride);
  return PANAMBA_OK;
}

int32_t panamba_check_gate(const panamba_gate_args *a) {
  REQUIRE(a->gate && a->x && a->out);
  REQUIRE(is_activation(a->dtype) && a->reserved == 0);
  REQUIRE(volume(a->rows, a->columns, 1));
  REQUIRE(a->gate_row_stride >= a->columns && volume(a->rows, a->gate_row_stride, 1));
  REQUIRE(a->x_row_stride >= a->columns && volume(a->rows, a->x_row_stride, 1));
  REQUIRE(a->out_row_stride >= a->columns && volume(a->rows, a->out_row_stride, 1));
  REQUIRE(a->gate != a->out || a->gate_row_stride == a->out_row_stride);
  REQUIRE(a->x != a->out || a->x_row_stride == a->out_row_stride);
  return PANAMBA_OK;
}

int32_t panamba_check_convert(const panamba_convert_args *a) {
  REQUIRE(a->x && a->out && a->x != a->out);
  REQUIRE(is_activation(a->dtype) && is_activation(a->out_dtype));
  REQUIRE(volume(a->rows, a->columns, 1));
  REQUIRE(a->x_row_stride >= a->columns && volume(a->rows, a->x_row_stride, 1));
  REQUIRE(a->out_row_stride >= a->columns && volume(a->rows, a->out_row_stride, 1));
  return PANAMBA_OK;
}

int32_t panamba_check_patch_merging(const panamba_patch_merging_args *a) {
  REQUIRE(a->x && a->out && a->x != a->out);
  REQUIRE((a->reversed == 0 || a->reversed == 1) && a->reserved == 0);
  REQUIRE(volume(a->batch, a->height, a->width) && volume(a->batch * (a->height + 1), a->width + 1, a->channels));
  return PANAMBA_OK;
}

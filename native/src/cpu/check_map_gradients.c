#include "check_arguments.h"
#include "check_maps.h"
#include "panamba_training.h"

int32_t panamba_check_resize_gradient(const panamba_resize_gradient_args *a) {
  REQUIRE(a->out_gradient && a->x_gradient && a->out_gradient != a->x_gradient);
  REQUIRE(a->corners == 0 || a->corners == 1);
  REQUIRE_MAPS(a);
  REQUIRE_PIXELS(a, a->height, a->width, a->channels, a->x_pixel_stride);
  REQUIRE_PIXELS(a, a->out_height, a->out_width, a->channels, a->out_pixel_stride);
  return PANAMBA_OK;
}

int32_t panamba_check_window_pool_gradient(const panamba_window_pool_gradient_args *a) {
  REQUIRE(a->out_gradient && a->x_gradient && a->out_gradient != a->x_gradient && a->x != a->x_gradient);
  REQUIRE(a->reserved == 0);
  REQUIRE((a->kind == PANAMBA_POOL_MAX) == (a->x != 0));
  REQUIRE_MAPS(a);
  REQUIRE_WINDOWS(a);
  if (a->x) {
    REQUIRE_PIXELS(a, a->height, a->width, a->channels, a->x_pixel_stride);
  }
  return PANAMBA_OK;
}

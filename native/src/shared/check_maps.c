#include "check_maps.h"
#include "check_arguments.h"

int32_t panamba_check_resize(const panamba_resize_args *a) {
  REQUIRE(a->x && a->out && a->x != a->out);
  REQUIRE(a->side == 1 || a->side == 3);
  REQUIRE(a->corners == 0 || a->corners == 1);
  REQUIRE(is_function(a->activation));
  REQUIRE_MAPS(a);
  REQUIRE_PIXELS(a, a->height, a->width, a->side * a->side * a->channels, a->x_pixel_stride);
  REQUIRE_PIXELS(a, a->out_height, a->out_width, a->channels, a->out_pixel_stride);
  return PANAMBA_OK;
}

int32_t panamba_check_window_pool(const panamba_window_pool_args *a) {
  REQUIRE(a->x && a->out && a->x != a->out);
  REQUIRE(a->reserved == 0);
  REQUIRE_MAPS(a);
  REQUIRE_WINDOWS(a);
  REQUIRE_PIXELS(a, a->height, a->width, a->channels, a->x_pixel_stride);
  REQUIRE_PIXELS(a, a->out_height, a->out_width, a->channels, a->out_pixel_stride);
  return PANAMBA_OK;
}

int32_t panamba_check_roi_align(const panamba_roi_align_args *a) {
  REQUIRE(a->boxes && a->out);
  REQUIRE(a->levels >= 1 && a->levels <= PANAMBA_MAX_ROI_LEVELS);
  REQUIRE(a->side >= 1 && a->side <= PANAMBA_MAX_ROI_SIDE);
  REQUIRE(volume(a->count, a->side * a->side, a->channels));
  for (int i = 0; i < a->levels; i++) {
    REQUIRE(a->maps[i] && a->maps[i] != a->out);
    REQUIRE(is_map_side(a->heights[i]) && is_map_side(a->widths[i]));
    REQUIRE(volume(a->heights[i], a->widths[i], a->channels));
    REQUIRE(a->scales[i] > 0 && a->scales[i] <= 1);
  }
  return PANAMBA_OK;
}

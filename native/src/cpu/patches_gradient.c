/* The gradient of patches as rows: they are added up where they overlap. */
#include <string.h>

#include "norm_rows.h"
#include "places.h"
#include "tier.h"

/* A tile is a band of so many rows of pixels of one channel. */
#define TILE_ROWS 16

static int64_t bands(const panamba_patches_gradient_args *a) { return ceil_div(a->height, TILE_ROWS); }

int64_t TIER_NAME(patches_gradient_tiles)(const void *args) {
  const panamba_patches_gradient_args *a = args;
  return a->batch * a->channels * bands(a);
}

/* The place of a patch in the sequence, behind the class tokens that come before it. */
static int64_t place_of(const panamba_patches_gradient_args *a, int64_t patch) {
  int64_t place = patch;
  for (int64_t i = 0; i < a->class_tokens; i++) {
    place += a->class_index[i] <= place;
  }
  return place;
}

/* Adds the rows of a patch's channel that lie in [from, to), as far as they lie in the plane. (y, x) is the patch's
 * first pixel. */
static void add_patch(const panamba_patches_gradient_args *a, const float *gradient, float *plane, int64_t y, int64_t x,
                      int64_t from, int64_t to) {
  int64_t first = max64(0, -x);
  int64_t count = min64(a->patch_width, a->width - x) - first;
  for (int64_t row = max64(from, y); row < min64(to, y + a->patch_height); row++) {
    float *target = plane + row * a->width + x + first;
    const float *source = gradient + (row - y) * a->patch_width + first;
    for (int64_t i = 0; i < count; i += VEC_WIDTH) {
      vec sum = vec_add(load_tail(target, i, count), load_tail(source, i, count));
      store_tail(target, sum, i, count);
    }
  }
}

void TIER_NAME(patches_gradient_tile)(const void *args, int64_t tile) {
  const panamba_patches_gradient_args *a = args;
  int64_t plane = tile / bands(a);
  int64_t image = plane / a->channels;
  int64_t from = tile % bands(a) * TILE_ROWS;
  int64_t to = min64(a->height, from + TILE_ROWS);
  int64_t rows = places_along(a->height, a->padding, a->patch_height, a->stride_height);
  int64_t columns = places_along(a->width, a->padding, a->patch_width, a->stride_width);
  int64_t area = a->patch_height * a->patch_width;
  const float *sequence = a->patch_gradient + image * (rows * columns + a->class_tokens) * a->channels * area;
  float *pixels = a->image_gradient + plane * a->height * a->width;
  memset(pixels + from * a->width, 0, (size_t)((to - from) * a->width) * sizeof(float));
  /* The first row of patches that reaches into the band, and the first that begins behind it. */
  int64_t reach = from + a->padding;
  int64_t first = reach < a->patch_height ? 0 : (reach - a->patch_height) / a->stride_height + 1;
  int64_t last = min64(rows, ceil_div(to + a->padding, a->stride_height));
  for (int64_t patch = first * columns; patch < last * columns; patch++) {
    const float *gradient = sequence + (place_of(a, patch) * a->channels + plane % a->channels) * area;
    add_patch(a, gradient, pixels, patch / columns * a->stride_height - a->padding,
              patch % columns * a->stride_width - a->padding, from, to);
  }
}

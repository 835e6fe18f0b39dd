/* The gradient of patches as rows: they are added up where they overlap. */
#include <string.h>

#include "norm_rows.h"
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

/* Adds the rows of a patch's channel that lie in [from, to). `y` is the patch's first. */
static void add_patch(const panamba_patches_gradient_args *a, const float *gradient, float *pixels, int64_t y,
                      int64_t from, int64_t to) {
  for (int64_t row = max64(from, y); row < min64(to, y + a->patch_height); row++) {
    float *target = pixels + row * a->width;
    const float *source = gradient + (row - y) * a->patch_width;
    for (int64_t i = 0; i < a->patch_width; i += VEC_WIDTH) {
      vec sum = vec_add(load_tail(target, i, a->patch_width), load_tail(source, i, a->patch_width));
      store_tail(target, sum, i, a->patch_width);
    }
  }
}

void TIER_NAME(patches_gradient_tile)(const void *args, int64_t tile) {
  const panamba_patches_gradient_args *a = args;
  int64_t plane = tile / bands(a);
  int64_t image = plane / a->channels;
  int64_t from = tile % bands(a) * TILE_ROWS;
  int64_t to = min64(a->height, from + TILE_ROWS);
  int64_t rows = (a->height - a->patch_height) / a->stride_height + 1;
  int64_t columns = (a->width - a->patch_width) / a->stride_width + 1;
  int64_t area = a->patch_height * a->patch_width;
  const float *sequence = a->patch_gradient + image * (rows * columns + a->class_tokens) * a->channels * area;
  float *pixels = a->image_gradient + plane * a->height * a->width;
  memset(pixels + from * a->width, 0, (size_t)((to - from) * a->width) * sizeof(float));
  /* The first row of patches that reaches into the band, and the first that begins behind it. */
  int64_t first = from < a->patch_height ? 0 : (from - a->patch_height) / a->stride_height + 1;
  int64_t last = min64(rows, ceil_div(to, a->stride_height));
  for (int64_t patch = first * columns; patch < last * columns; patch++) {
    const float *gradient = sequence + (place_of(a, patch) * a->channels + plane % a->channels) * area;
    add_patch(a, gradient, pixels + patch % columns * a->stride_width, patch / columns * a->stride_height, from, to);
  }
}

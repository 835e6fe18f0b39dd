/* Patches of images as rows. */
#include <string.h>

#include "places.h"
#include "tier.h"

typedef struct {
  int64_t columns; /* of the grid */
  int64_t length;
  int64_t depth;
} sequence;

static sequence sequence_of(const panamba_patches_args *a) {
  int64_t rows = places_along(a->height, a->padding, a->patch_height, a->stride_height);
  int64_t columns = places_along(a->width, a->padding, a->patch_width, a->stride_width);
  return (sequence){columns, rows * columns + a->class_tokens, a->channels * a->patch_height * a->patch_width};
}

/* A tile is a token. */
int64_t TIER_NAME(patches_tiles)(const void *args) {
  const panamba_patches_args *a = args;
  return a->batch * sequence_of(a).length;
}

/* Pixels of row y from column `left` on, zeros outside of the plane. */
static void copy_row(const panamba_patches_args *a, const float *plane, int64_t y, int64_t left, float *out) {
  int64_t from = y < 0 || y >= a->height ? a->patch_width : max64(0, -left);
  int64_t to = max64(from, min64(a->patch_width, a->width - left));
  memset(out, 0, (size_t)from * sizeof(float));
  if (to > from) {
    memcpy(out + from, plane + y * a->width + left + from, (size_t)(to - from) * sizeof(float));
  }
  memset(out + to, 0, (size_t)(a->patch_width - to) * sizeof(float));
}

void TIER_NAME(patches_tile)(const void *args, int64_t tile) {
  const panamba_patches_args *a = args;
  sequence s = sequence_of(a);
  int64_t token = tile % s.length;
  int64_t patch = token;
  float *out = a->out + tile * s.depth;
  for (int64_t i = 0; i < a->class_tokens; i++) {
    if (a->class_index[i] == token) {
      memset(out, 0, (size_t)s.depth * sizeof(float));
      return;
    }
    patch -= a->class_index[i] < token;
  }
  int64_t top = patch / s.columns * a->stride_height - a->padding;
  int64_t left = patch % s.columns * a->stride_width - a->padding;
  const float *image = a->image + tile / s.length * a->channels * a->height * a->width;
  for (int64_t channel = 0; channel < a->channels; channel++) {
    for (int64_t y = top; y < top + a->patch_height; y++, out += a->patch_width) {
      copy_row(a, image + channel * a->height * a->width, y, left, out);
    }
  }
}

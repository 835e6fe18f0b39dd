/* Patches of images as rows. */
#include <string.h>

#include "tier.h"

typedef struct {
  int64_t columns; /* of the grid */
  int64_t length;
  int64_t depth;
} sequence;

static sequence sequence_of(const panamba_patches_args *a) {
  int64_t rows = (a->height - a->patch_height) / a->stride_height + 1;
  int64_t columns = (a->width - a->patch_width) / a->stride_width + 1;
  return (sequence){columns, rows * columns + a->class_tokens, a->channels * a->patch_height * a->patch_width};
}

/* A tile is a token. */
int64_t TIER_NAME(patches_tiles)(const void *args) {
  const panamba_patches_args *a = args;
  return a->batch * sequence_of(a).length;
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
  const float *origin = a->image + tile / s.length * a->channels * a->height * a->width +
                        patch / s.columns * a->stride_height * a->width + patch % s.columns * a->stride_width;
  for (int64_t channel = 0; channel < a->channels; channel++) {
    for (int64_t row = 0; row < a->patch_height; row++, out += a->patch_width) {
      memcpy(out, origin + (channel * a->height + row) * a->width, (size_t)a->patch_width * sizeof(float));
    }
  }
}

/* Patch merging: every 2 x 2 pixels as one row, and back. */
#include <string.h>

#include "tier.h"

static int64_t merged(int64_t side) { return ceil_div(side, 2); }

/* A tile is a row of merged pixels. */
int64_t TIER_NAME(patch_merging_tiles)(const void *args) {
  const panamba_patch_merging_args *a = args;
  return a->batch * merged(a->height);
}

void TIER_NAME(patch_merging_tile)(const void *args, int64_t tile) {
  const panamba_patch_merging_args *a = args;
  int64_t image = tile / merged(a->height);
  int64_t top = tile % merged(a->height) * 2;
  size_t bytes = (size_t)a->channels * sizeof(float);
  float *out = a->out + tile * merged(a->width) * 4 * a->channels;
  for (int64_t left = 0; left < a->width; left += 2) {
    for (int part = 0; part < 4; part++, out += a->channels) {
      int64_t y = top + part % 2;
      int64_t x = left + part / 2;
      if (y < a->height && x < a->width) {
        float *pixel = a->x + ((image * a->height + y) * a->width + x) * a->channels;
        memcpy(a->reversed ? pixel : out, a->reversed ? out : pixel, bytes);
      } else if (!a->reversed) {
        memset(out, 0, bytes);
      }
    }
  }
}

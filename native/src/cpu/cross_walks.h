/*
 * The four walks of a cross scan: nested loops over one (height, width, channels) memory, of which nothing is copied or
 * transposed. Only the order of the pixels differs from walk to walk.
 */
#ifndef PANAMBA_CROSS_WALKS_H
#define PANAMBA_CROSS_WALKS_H

#include "tier.h"

/* Where a walk is. Pixels are counted by rows, from an image's first. */
typedef struct {
  int64_t pixel;
  int64_t step;  /* to the next pixel of the line, a row or a column, that the walk goes along */
  int64_t turn;  /* from a line's last pixel to the first of the next line */
  int64_t line;  /* pixels of a line */
  int64_t until; /* pixels left of this one */
} cross_walk;

static inline int goes_by_columns(int32_t walks, int k) { return walks == PANAMBA_WALKS_CROSS && k % 2 == 1; }

static inline int goes_backwards(int32_t walks, int k) {
  return walks != PANAMBA_WALKS_UNIDI && k >= PANAMBA_WALKS / 2;
}

/* Walk k at its step `done`. */
static inline cross_walk cross_walk_at(int32_t walks, int64_t height, int64_t width, int k, int64_t done) {
  int columns = goes_by_columns(walks, k);
  int64_t line = columns ? height : width;
  int64_t step = columns ? width : 1;
  int64_t next_line = columns ? 1 : width;
  cross_walk walk = {.pixel = done / line * next_line + done % line * step,
                     .step = step,
                     .turn = next_line - (line - 1) * step,
                     .line = line,
                     .until = line - done % line};
  if (goes_backwards(walks, k)) {
    walk.pixel = height * width - 1 - walk.pixel;
    walk.step = -walk.step;
    walk.turn = -walk.turn;
  }
  return walk;
}

/* Goes on by as many of `most` steps as are left of the line, and returns their number; *first becomes the pixel of the
 * first, and the others are walk->step apart. */
static inline int walk_line(cross_walk *walk, int most, int64_t *first) {
  int count = (int)min64(most, walk->until);
  *first = walk->pixel;
  walk->pixel += count * walk->step;
  walk->until -= count;
  if (walk->until == 0) {
    walk->pixel += walk->turn - walk->step;
    walk->until = walk->line;
  }
  return count;
}

/* The weights with which u passes the walks by: the sum of all walks', of `lanes` channels. */
INLINE vec skip_of_walks(const float *d, int64_t channels, int64_t channel, int lanes) {
  vec sum = vec_set(0.0f);
  for (int k = 0; d && k < PANAMBA_WALKS; k++) {
    sum = vec_add(sum, vec_load_lanes(d + k * channels + channel, lanes));
  }
  return sum;
}

#endif

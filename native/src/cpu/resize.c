/*
 * Bilinear resize of maps, and of the products of a convolution: rows of x are mixed first, once for every column that a
 * row of the result reads, and then the columns.
 */
#include "resize_places.h"
#include "tier.h"
#include "vec_gelu.h"

/* Channels at a time: the columns that are kept of them stay in the first-level cache. */
#define CHUNK 256

#define MAX_SIDE 3
#define MAX_TERMS (2 * MAX_SIDE)

/* A tile is a row of the result. */
int64_t TIER_NAME(resize_tiles)(const void *args) {
  const panamba_resize_args *a = args;
  return a->batch * a->out_height;
}

typedef struct {
  const float *values;
  float weight;
} term;

/* Two columns of a tap, mixed over the rows: an even and an odd one. */
typedef struct {
  int64_t columns[2]; /* which they are, or -1 */
  float values[2][CHUNK];
} kept_columns;

/* A row of the result, or of some of its channels. */
typedef struct {
  const panamba_resize_args *args;
  int64_t channels;
  term rows[MAX_TERMS]; /* of x, at the first column and the first tap of a row of taps */
  int row_count;
  kept_columns kept[MAX_SIDE];
} resized_row;

INLINE vec finish(const panamba_resize_args *a, const float *out, vec sum, const int lanes) {
  if (a->accumulate != 0.0f) {
    sum = vec_fma(vec_set(a->accumulate), vec_load_lanes(out, lanes), sum);
  }
  return a->activation == PANAMBA_ACTIVATION_NONE ? sum : vec_activation(sum, a->activation);
}

INLINE vec sum_of(const float *const *values, const vec *weights, const int count, int64_t i, const int lanes) {
  vec sum = vec_set(0.0f);
  for (int t = 0; t < count; t++) {
    sum = vec_fma(weights[t], vec_load_lanes(values[t] + i, lanes), sum);
  }
  return sum;
}

/* out = the sum of `count` terms, or, if it is the result, what the operation makes of it. */
INLINE void mix_terms(const resized_row *r, const term *terms, float *out, const int is_result, const int count) {
  const float *values[MAX_TERMS];
  vec weights[MAX_TERMS];
  for (int t = 0; t < count; t++) {
    values[t] = terms[t].values;
    weights[t] = vec_set(terms[t].weight);
  }
  int64_t i = 0;
  for (; i + VEC_WIDTH <= r->channels; i += VEC_WIDTH) {
    vec sum = sum_of(values, weights, count, i, VEC_WIDTH);
    vec_store(out + i, is_result ? finish(r->args, out + i, sum, VEC_WIDTH) : sum);
  }
  if (i < r->channels) {
    int lanes = (int)(r->channels - i);
    vec sum = sum_of(values, weights, count, i, lanes);
    vec_store_lanes(out + i, is_result ? finish(r->args, out + i, sum, lanes) : sum, lanes);
  }
}

/* Two for each row or column of taps that lies inside. */
INLINE void mix(const resized_row *r, const term *terms, int count, float *out, const int is_result) {
  switch (count) {
    case 2: mix_terms(r, terms, out, is_result, 2); break;
    case 4: mix_terms(r, terms, out, is_result, 4); break;
    default: mix_terms(r, terms, out, is_result, 6); break;
  }
}

static void find_rows(resized_row *r, const resize_axis *rows, const float *image, int64_t y) {
  const panamba_resize_args *a = r->args;
  r->row_count = 0;
  for (int ky = 0; ky < a->side; ky++) {
    int64_t tapped = y + ky - a->side / 2;
    if (tapped >= 0 && tapped < a->out_height) {
      resize_place place = place_of(rows, tapped);
      const float *tap = image + ky * a->side * a->channels;
      int64_t stride = a->width * a->x_pixel_stride;
      r->rows[r->row_count++] = (term){tap + place.low * stride, place.of_low};
      r->rows[r->row_count++] = (term){tap + place.high * stride, place.of_high};
    }
  }
}

/* The values of a column of x for taps kx, from those that are kept. */
static const float *column_of(resized_row *r, int kx, int64_t column) {
  kept_columns *kept = &r->kept[kx];
  float *values = kept->values[column % 2];
  if (kept->columns[column % 2] != column) {
    kept->columns[column % 2] = column;
    int64_t place = column * r->args->x_pixel_stride + kx * r->args->channels;
    term terms[MAX_TERMS];
    for (int t = 0; t < r->row_count; t++) {
      terms[t] = (term){r->rows[t].values + place, r->rows[t].weight};
    }
    mix(r, terms, r->row_count, values, 0);
  }
  return values;
}

static void resize_row(resized_row *r, const resize_axis *columns, float *out) {
  const panamba_resize_args *a = r->args;
  for (int kx = 0; kx < a->side; kx++) {
    r->kept[kx].columns[0] = r->kept[kx].columns[1] = -1;
  }
  for (int64_t x = 0; x < a->out_width; x++, out += a->out_pixel_stride) {
    term terms[MAX_TERMS];
    int count = 0;
    for (int kx = 0; kx < a->side; kx++) {
      int64_t tapped = x + kx - a->side / 2;
      if (tapped >= 0 && tapped < a->out_width) {
        resize_place place = place_of(columns, tapped);
        terms[count++] = (term){column_of(r, kx, place.low), place.of_low};
        terms[count++] = (term){column_of(r, kx, place.high), place.of_high};
      }
    }
    mix(r, terms, count, out, 1);
  }
}

void TIER_NAME(resize_tile)(const void *args, int64_t tile) {
  const panamba_resize_args *a = args;
  resize_axis rows = axis_of(a->height, a->out_height, a->corners);
  resize_axis columns = axis_of(a->width, a->out_width, a->corners);
  const float *image = a->x + tile / a->out_height * a->height * a->width * a->x_pixel_stride;
  float *out = a->out + tile * a->out_width * a->out_pixel_stride;
  resized_row r = {.args = a};
  for (int64_t first = 0; first < a->channels; first += CHUNK) {
    r.channels = min64(CHUNK, a->channels - first);
    find_rows(&r, &rows, image + first, tile % a->out_height);
    resize_row(&r, &columns, out + first);
  }
}

/* RoIAlign: boxes of a pyramid as maps of one size. */
#include <math.h>
#include <string.h>

#include "tier.h"

/* A tile is a row of bins of a box. */
int64_t TIER_NAME(roi_align_tiles)(const void *args) {
  const panamba_roi_align_args *a = args;
  return a->count * a->side;
}

/* The samples of a bin along one axis. */
typedef struct {
  double start; /* position of the first one, in pixels of the map */
  double step;
  double count;
  int64_t from; /* those inside the map, without `to` */
  int64_t to;
  int64_t last; /* pixel of the map */
} samples;

/* Sides beyond this have no meaning. */
#define LARGEST_SIZE 0x1p30

static samples samples_of(double first, double end, int side, int bin, int64_t map_size) {
  double size = (end - first) / side;
  samples s = {.count = ceil(size), .last = map_size - 1};
  if (!(s.count > 0)) {
    return s;
  }
  s.step = size / s.count;
  s.start = first + size * bin + s.step / 2;
  /* The first and the last that are not outside, found near where they must be. */
  double near = floor((-1 - s.start) / s.step) - 1;
  s.from = near > 0 ? (int64_t)fmin(near, s.count) : 0;
  while ((double)s.from < s.count && s.start + (double)s.from * s.step < -1) {
    s.from++;
  }
  double far = ceil(((double)map_size - s.start) / s.step) + 1;
  s.to = far > 0 ? (int64_t)fmin(far, s.count) : 0;
  while (s.to > s.from && s.start + (double)(s.to - 1) * s.step > (double)map_size) {
    s.to--;
  }
  return s;
}

/* Two pixels, and what they count. */
typedef struct {
  int64_t low;
  int64_t high;
  float of_low;
  float of_high;
} neighbours;

static neighbours neighbours_of(const samples *s, int64_t i) {
  double position = fmax(s->start + (double)i * s->step, 0);
  int64_t low = (int64_t)position;
  if (low >= s->last) {
    return (neighbours){s->last, s->last, 1.0f, 0.0f};
  }
  double share = position - (double)low;
  return (neighbours){low, low + 1, (float)(1 - share), (float)share};
}

/* Vectors of channels that are summed at a time: their chains of additions overlap. */
#define VECS 4

INLINE void sum_bin(const float *map, int64_t width, int64_t channels, const samples *rows, const samples *columns,
                    float *out, int64_t first, const int vecs, int lanes) {
  vec sum[VECS];
  for (int v = 0; v < vecs; v++) {
    sum[v] = vec_set(0.0f);
  }
  for (int64_t i = rows->from; i < rows->to; i++) {
    neighbours y = neighbours_of(rows, i);
    const float *low = map + y.low * width * channels + first;
    const float *high = map + y.high * width * channels + first;
    for (int64_t j = columns->from; j < columns->to; j++) {
      neighbours x = neighbours_of(columns, j);
      vec low_low = vec_set(y.of_low * x.of_low);
      vec low_high = vec_set(y.of_low * x.of_high);
      vec high_low = vec_set(y.of_high * x.of_low);
      vec high_high = vec_set(y.of_high * x.of_high);
      int64_t left = x.low * channels;
      int64_t right = x.high * channels;
      for (int v = 0; v < vecs; v++) {
        int n = v == vecs - 1 ? lanes : VEC_WIDTH;
        int64_t at = v * VEC_WIDTH;
        sum[v] = vec_fma(low_low, vec_load_lanes(low + left + at, n), sum[v]);
        sum[v] = vec_fma(low_high, vec_load_lanes(low + right + at, n), sum[v]);
        sum[v] = vec_fma(high_low, vec_load_lanes(high + left + at, n), sum[v]);
        sum[v] = vec_fma(high_high, vec_load_lanes(high + right + at, n), sum[v]);
      }
    }
  }
  vec factor = vec_set((float)(1 / (rows->count * columns->count)));
  for (int v = 0; v < vecs; v++) {
    int n = v == vecs - 1 ? lanes : VEC_WIDTH;
    vec_store_lanes(out + first + v * VEC_WIDTH, vec_mul(sum[v], factor), n);
  }
}

static void align_bin(const float *map, int64_t width, int64_t channels, const samples *rows, const samples *columns,
                      float *out) {
  int64_t i = 0;
  for (; i + VECS * VEC_WIDTH <= channels; i += VECS * VEC_WIDTH) {
    sum_bin(map, width, channels, rows, columns, out, i, VECS, VEC_WIDTH);
  }
  for (; i < channels; i += VEC_WIDTH) {
    sum_bin(map, width, channels, rows, columns, out, i, 1, (int)min64(VEC_WIDTH, channels - i));
  }
}

/* The map of a box, or -1 if it gives zeros. */
static int level_of(const panamba_roi_align_args *a, const float *box) {
  for (int level = 0; level < a->levels; level++) {
    if (box[4] == (float)level) {
      for (int i = 0; i < 4; i++) {
        if (!(fabs((double)box[i] * (double)a->scales[level]) <= LARGEST_SIZE)) {
          return -1;
        }
      }
      return level;
    }
  }
  return -1;
}

void TIER_NAME(roi_align_tile)(const void *args, int64_t tile) {
  const panamba_roi_align_args *a = args;
  const float *box = a->boxes + tile / a->side * 5;
  float *out = a->out + tile * a->side * a->channels;
  int level = level_of(a, box);
  if (level < 0) {
    memset(out, 0, (size_t)(a->side * a->channels) * sizeof(float));
    return;
  }
  double scale = (double)a->scales[level];
  double left = (double)box[0] * scale - 0.5;
  double top = (double)box[1] * scale - 0.5;
  double right = (double)box[2] * scale - 0.5;
  double bottom = (double)box[3] * scale - 0.5;
  samples rows = samples_of(top, bottom, a->side, (int)(tile % a->side), a->heights[level]);
  for (int bin = 0; bin < a->side; bin++, out += a->channels) {
    samples columns = samples_of(left, right, a->side, bin, a->widths[level]);
    if (rows.from >= rows.to || columns.from >= columns.to) {
      memset(out, 0, (size_t)a->channels * sizeof(float));
    } else {
      align_bin(a->maps[level], a->widths[level], a->channels, &rows, &columns, out);
    }
  }
}

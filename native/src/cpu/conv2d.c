/*
 * Two-dimensional convolutions as products: a pixel of the output is the sum over the kernel's taps of a pixel of the
 * input times the tap's packed matrix. Blocks of pixels hand the microkernel a pointer for each pixel and tap; those
 * that lie outside of the image point to zeros. Nothing is copied, but for planar input, whose windows are gathered a
 * block at a time.
 */
#include <string.h>

#include "microkernel.h"
#include "tier.h"

/* Pixels of a tile: four blocks share a panel of all taps on its way through the second-level cache. */
#define TILE_PIXELS (4 * GEMM_ROWS)

#define MAX_TAPS (PANAMBA_MAX_CONV_SIDE * PANAMBA_MAX_CONV_SIDE)

/* What pixels outside of the image are, in either type. Never written; without const it takes no room in the library. */
static float zeros[PANAMBA_MAX_CONV_CHANNELS];

/* The pixels of a transposed convolution whose rows and columns leave the same remainders when divided by the stride:
 * the same taps reach all of them. Of a convolution that is not transposed there is one phase, of all pixels. */
typedef struct {
  int64_t y; /* of the first pixel */
  int64_t x;
  int64_t rows; /* of pixels */
  int64_t columns;
  int64_t step; /* between them */
} phase;

static int64_t phases_of(const panamba_conv2d_args *a) { return a->transposed ? a->stride * a->stride : 1; }

static phase phase_of(const panamba_conv2d_args *a, int64_t number) {
  if (!a->transposed) {
    return (phase){0, 0, a->out_height, a->out_width, 1};
  }
  int64_t y = number / a->stride;
  int64_t x = number % a->stride;
  int64_t rows = y < a->out_height ? ceil_div(a->out_height - y, a->stride) : 0;
  int64_t columns = x < a->out_width ? ceil_div(a->out_width - x, a->stride) : 0;
  return (phase){y, x, rows, columns, a->stride};
}

/* Images whose pixels are counted apart. Otherwise those of the whole batch follow each other, so that small images leave
 * no small blocks: pixel (y, x) of image i is (i * rows + y) * columns + x. */
static int64_t images_apart(const panamba_conv2d_args *a) { return a->transposed || a->planar ? a->batch : 1; }

/* The pixels that are counted together. */
static int64_t pixels_of(const panamba_conv2d_args *a, const phase *p) {
  return p->rows * p->columns * (a->batch / images_apart(a));
}

/* Tiles of a row, where blocks don't go beyond it. */
static int64_t pieces_of(const phase *first) { return ceil_div(first->columns, TILE_PIXELS); }

/* Tiles of pixels of one image, or all of them, and phase. All phases have as many as the first, the largest; some may be
 * empty. */
static int64_t chunks_of(const panamba_conv2d_args *a) {
  phase first = phase_of(a, 0);
  if (!a->transposed) {
    return ceil_div(pixels_of(a, &first), TILE_PIXELS);
  }
  return first.columns < TILE_PIXELS ? ceil_div(first.rows, TILE_PIXELS / first.columns)
                                     : first.rows * pieces_of(&first);
}

/* The first pixel of a chunk, where all are as long, or one pixel longer. */
static int64_t first_of(int64_t pixels, int64_t chunk, int64_t chunks) {
  return chunk * (pixels / chunks) + min64(chunk, pixels % chunks);
}

/* The pixels of a tile, up to `to`, without it. */
typedef struct {
  int64_t from;
  int64_t to;
} pixel_range;

static pixel_range chunk_of(const panamba_conv2d_args *a, const phase *p, int64_t chunk) {
  int64_t chunks = chunks_of(a);
  if (!a->transposed) {
    int64_t pixels = pixels_of(a, p);
    return (pixel_range){first_of(pixels, chunk, chunks), first_of(pixels, chunk + 1, chunks)};
  }
  phase first = phase_of(a, 0);
  if (first.columns < TILE_PIXELS) {
    return (pixel_range){first_of(p->rows, chunk, chunks) * p->columns,
                         first_of(p->rows, chunk + 1, chunks) * p->columns};
  }
  int64_t pieces = pieces_of(&first);
  int64_t row = chunk / pieces;
  int64_t piece = chunk % pieces;
  if (row >= p->rows) {
    return (pixel_range){0, 0};
  }
  return (pixel_range){row * p->columns + first_of(p->columns, piece, pieces),
                       row * p->columns + first_of(p->columns, piece + 1, pieces)};
}

/* Planar windows are gathered once for all panels. */
static int64_t panels_of(const panamba_conv2d_args *a) { return a->planar ? 1 : ceil_div(a->columns, PANEL_COLUMNS); }

int64_t TIER_NAME(conv2d_tiles)(const void *args) {
  const panamba_conv2d_args *a = args;
  return images_apart(a) * phases_of(a) * chunks_of(a) * panels_of(a);
}

/* The taps that reach the pixels of a phase. */
typedef struct {
  int64_t count;
  int64_t dy[MAX_TAPS]; /* the row of the input is (y scale + dy) */
  int64_t dx[MAX_TAPS];
  int64_t number[MAX_TAPS];
} tap_list;

/*
 * Pixel (y, x) of the phase, counted in steps, reads pixel (y scale + dy, x scale + dx) of the input: scale is the
 * stride, or 1 where it is transposed. There y + padding - ky is a multiple of the stride, exactly.
 */
static void list_taps(const panamba_conv2d_args *a, const phase *p, tap_list *taps) {
  taps->count = 0;
  for (int64_t ky = 0; ky < a->kernel_height; ky++) {
    for (int64_t kx = 0; kx < a->kernel_width; kx++) {
      int64_t dy = ky - a->padding;
      int64_t dx = kx - a->padding;
      if (a->transposed) {
        dy = p->y - dy;
        dx = p->x - dx;
        if (dy % a->stride || dx % a->stride) {
          continue;
        }
        dy /= a->stride;
        dx /= a->stride;
      }
      taps->dy[taps->count] = dy;
      taps->dx[taps->count] = dx;
      taps->number[taps->count] = ky * a->kernel_width + kx;
      taps->count++;
    }
  }
}

/* Pixels that are multiplied at once: in rows of the phase where it is transposed, so that they are evenly apart in the
 * output, and as many in each block of a row; across rows otherwise. */
static int block_pixels(const panamba_conv2d_args *a, const phase *p, int64_t pixel, int64_t end) {
  int64_t left = end - pixel;
  if (!a->transposed) {
    return (int)min64(GEMM_ROWS, left);
  }
  left = min64(left, p->columns - pixel % p->columns);
  return (int)ceil_div(left, ceil_div(left, GEMM_ROWS));
}

static void find_pixels(const panamba_conv2d_args *a, const phase *p, const tap_list *taps, const void *images,
                        int64_t pixel, int count, const void **rows) {
  int64_t scale = a->transposed ? 1 : a->stride;
  int64_t first_row = pixel / p->columns;
  int64_t y = first_row % p->rows * scale;
  int64_t x = pixel % p->columns * scale;
  int64_t base = first_row / p->rows * a->height * a->width;
  for (int i = 0; i < count; i++, x += scale) {
    if (x == p->columns * scale) {
      x = 0;
      y += scale;
    }
    if (y == p->rows * scale) {
      y = 0;
      base += a->height * a->width;
    }
    for (int64_t t = 0; t < taps->count; t++) {
      int64_t row = y + taps->dy[t];
      int64_t column = x + taps->dx[t];
      int inside = row >= 0 && row < a->height && column >= 0 && column < a->width;
      rows[t * GEMM_ROWS + i] =
          inside ? element_at(images, a->dtype, (base + row * a->width + column) * a->input_pixel_stride) : zeros;
    }
  }
}

/* The part of a product that all blocks of a tile share. */
static panel_product product_of(const panamba_conv2d_args *a, int64_t column, int64_t depth) {
  int64_t columns = min64(PANEL_COLUMNS, a->columns - column);
  return (panel_product){
      .depth = depth,
      .bias = a->bias ? a->bias + column : 0,
      .accumulate = a->accumulate,
      .last_lanes = (int)(columns - (ceil_div(columns, VEC_WIDTH) - 1) * VEC_WIDTH),
      .dtype = a->dtype,
      .out_dtype = a->out_dtype,
      .activation = a->activation,
  };
}

static int vectors_of(const panamba_conv2d_args *a, int64_t column) {
  return (int)ceil_div(min64(PANEL_COLUMNS, a->columns - column), VEC_WIDTH);
}

/* Where a pixel is in the output, from its image on, or from the first one. */
static int64_t place_of(const panamba_conv2d_args *a, const phase *p, int64_t pixel) {
  if (!a->transposed) {
    return pixel * a->columns;
  }
  int64_t y = p->y + pixel / p->columns * p->step;
  int64_t x = p->x + pixel % p->columns * p->step;
  return (y * a->out_width + x) * a->columns;
}

/* `last` says that no other tile of the panel follows: the next one comes meanwhile. */
static void multiply_pixels(const panamba_conv2d_args *a, const phase *p, int64_t image, int64_t column, int64_t from,
                            int64_t to, int last) {
  const void *rows[MAX_TAPS * GEMM_ROWS];
  const void *panels[MAX_TAPS];
  tap_list taps;
  list_taps(a, p, &taps);
  int64_t matrix = packed_depth(a->channels, a->dtype) * ceil_div(a->columns, VEC_WIDTH) * VEC_WIDTH;
  for (int64_t t = 0; t < taps.count; t++) {
    panels[t] = element_at(a->weight, a->dtype, taps.number[t] * matrix + column * packed_depth(a->channels, a->dtype));
  }
  const void *input = element_at(a->input, a->dtype, image * a->height * a->width * a->input_pixel_stride);
  panel_product product = product_of(a, column, taps.count ? a->channels : 0);
  product.input = zeros;
  product.panel = zeros;
  product.tap_rows = rows;
  product.tap_panels = panels;
  product.taps = taps.count;
  product.out_row_stride = p->step * a->columns;
  if (last && column + PANEL_COLUMNS < a->columns) {
    product.ahead = PANEL_COLUMNS * packed_depth(a->channels, a->dtype) * element_size(a->dtype);
  }
  int64_t first = image * a->out_height * a->out_width * a->columns + column;
  while (from < to) {
    int count = block_pixels(a, p, from, to);
    find_pixels(a, p, &taps, input, from, count, rows);
    product.out = element_of(a->out, a->out_dtype, first + place_of(a, p, from));
    TIER_NAME(panel_product)(&product, count, vectors_of(a, column));
    product.ahead += bytes_ahead(&product);
    from += count;
  }
}

/* Floats of a window that are copied at a time. */
#define CHUNK 4

/* Room for a window, and for what its last chunk may have too much. */
#define MAX_WINDOW (PANAMBA_MAX_PLANAR_DEPTH + CHUNK)

/* Pixels of the output that are neighbours in a row, and their windows, `window_stride` floats apart. */
typedef struct {
  int64_t y;
  int64_t x;
  int64_t count;
  float *windows;
  int64_t window_stride;
} window_row;

/* The same row of each window, of bytes: the one under `source` at the first pixel, whose place in its row is `left`. */
static void gather_bytes(const panamba_conv2d_args *a, const window_row *r, const uint8_t *source, const float *values,
                         int64_t left, float *window) {
  for (int64_t i = 0; i < r->count; i++) {
    for (int64_t kx = 0; kx < a->kernel_width; kx++) {
      int64_t column = left + i * a->stride + kx;
      window[i * r->window_stride + kx] = column >= 0 && column < a->width ? values[source[i * a->stride + kx]] : 0.0f;
    }
  }
}

/* Likewise of floats. A chunk that is not whole inside of the image is copied float by float; what the last one has too
 * much, the next row overwrites. */
static void gather_floats(const panamba_conv2d_args *a, const window_row *r, const float *source, int64_t left,
                          float *window) {
  for (int64_t kx = 0; kx < a->kernel_width; kx += CHUNK) {
    const float *from = source + kx;
    float *to = window + kx;
    int64_t column = left + kx;
    for (int64_t i = 0; i < r->count; i++, from += a->stride, column += a->stride, to += r->window_stride) {
      if (column >= 0 && column + CHUNK <= a->width) {
        memcpy(to, from, CHUNK * sizeof(float));
      } else {
        for (int64_t k = 0; k < CHUNK; k++) {
          to[k] = column + k >= 0 && column + k < a->width ? from[k] : 0.0f;
        }
      }
    }
  }
}

/* The row of windows whose first pixel is `place` of the input. */
static void gather_row(const panamba_conv2d_args *a, const window_row *r, int64_t channel, int64_t place, int64_t left,
                       float *window) {
  if (a->pixel_values) {
    gather_bytes(a, r, (const uint8_t *)a->input + place, a->pixel_values + channel * 256, left, window);
  } else {
    gather_floats(a, r, (const float *)a->input + place, left, window);
  }
}

/* The pixels under the kernel at pixels of the output, in the order (colour, ky, kx), of the image from `image` on. */
static void gather_windows(const panamba_conv2d_args *a, int64_t image, const window_row *r) {
  int64_t top = r->y * a->stride - a->padding;
  int64_t left = r->x * a->stride - a->padding;
  float *window = r->windows;
  for (int64_t channel = 0; channel < a->channels; channel++) {
    for (int64_t row = top; row < top + a->kernel_height; row++, window += a->kernel_width) {
      if (row >= 0 && row < a->height) {
        gather_row(a, r, channel, image + (channel * a->height + row) * a->width + left, left, window);
      } else {
        for (int64_t i = 0; i < r->count; i++) {
          memset(window + i * r->window_stride, 0, (size_t)a->kernel_width * sizeof(float));
        }
      }
    }
  }
}

/* The windows of `count` pixels of the output from `pixel` on. */
static void gather_block(const panamba_conv2d_args *a, int64_t image, int64_t pixel, int count, float *windows,
                         int64_t window_stride) {
  window_row r = {pixel / a->out_width, pixel % a->out_width, 0, windows, window_stride};
  for (int64_t left = count; left > 0; left -= r.count) {
    r.count = min64(left, a->out_width - r.x);
    gather_windows(a, image, &r);
    r.windows += r.count * window_stride;
    r.x = 0;
    r.y++;
  }
}

static void multiply_windows(const panamba_conv2d_args *a, int64_t image, int64_t from, int64_t to) {
  float windows[GEMM_ROWS * MAX_WINDOW];
  bf16 rounded[GEMM_ROWS * MAX_WINDOW];
  int64_t pixels = image * a->channels * a->height * a->width;
  int64_t depth = a->channels * a->kernel_height * a->kernel_width;
  int64_t stride = depth + CHUNK;
  while (from < to) {
    int count = (int)min64(GEMM_ROWS, to - from);
    gather_block(a, pixels, from, count, windows, stride);
    for (int64_t row = 0; a->dtype == PANAMBA_BF16 && row < count; row++) {
      for (int64_t i = 0; i < depth; i += VEC_WIDTH) {
        int lanes = (int)min64(VEC_WIDTH, depth - i);
        vec_store_as(PANAMBA_BF16, rounded, row * stride + i, vec_load_lanes(windows + row * stride + i, lanes), lanes);
      }
    }
    for (int64_t column = 0; column < a->columns; column += PANEL_COLUMNS) {
      panel_product product = product_of(a, column, depth);
      product.input = a->dtype == PANAMBA_F32 ? (const void *)windows : rounded;
      product.input_row_stride = stride;
      product.panel = element_at(a->weight, a->dtype, column * packed_depth(depth, a->dtype));
      product.out_row_stride = a->columns;
      product.out =
          element_of(a->out, a->out_dtype, (image * a->out_height * a->out_width + from) * a->columns + column);
      TIER_NAME(panel_product)(&product, count, vectors_of(a, column));
    }
    from += count;
  }
}

void TIER_NAME(conv2d_tile)(const void *args, int64_t tile) {
  const panamba_conv2d_args *a = args;
  int64_t chunks = chunks_of(a);
  int64_t phases = phases_of(a);
  /* A thread's tiles are neighbours: all pixels of a panel, whose taps stay in the second-level cache. */
  int64_t chunk = tile % chunks;
  phase p = phase_of(a, tile / chunks % phases);
  int64_t images = images_apart(a);
  int64_t image = tile / (chunks * phases) % images;
  int64_t panel = tile / (chunks * phases * images);
  pixel_range pixels = chunk_of(a, &p, chunk);
  if (a->planar) {
    multiply_windows(a, image, pixels.from, pixels.to);
  } else {
    int last = image + 1 == images && chunk + 1 == chunks;
    multiply_pixels(a, &p, image, panel * PANEL_COLUMNS, pixels.from, pixels.to, last);
  }
}

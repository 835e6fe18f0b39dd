/* Patch embedding: patches are gathered a few rows at a time and multiplied with the packed projection. */
#include <string.h>

#include "microkernel.h"
#include "places.h"
#include "tier.h"

/* Gathered elements per patch, an even number: the depth is cut there, with the sums carried on in `out`. A colour
 * patch of 16 x 16 is gathered whole. */
#define GATHER_DEPTH 768

/* Two blocks share a panel on its way through the cache; their patches are 27 KiB to 55 KiB of stack. */
#define TILE_PATCHES (2 * GEMM_ROWS)

typedef struct {
  int64_t rows; /* of the grid */
  int64_t columns;
  int64_t patches;
} grid_size;

static grid_size grid_of(const panamba_patch_embedding_args *a) {
  grid_size grid = {places_along(a->height, 0, a->patch_height, a->stride_height),
                    places_along(a->width, 0, a->patch_width, a->stride_width), 0};
  grid.patches = grid.rows * grid.columns;
  return grid;
}

int64_t TIER_NAME(patch_embedding_tiles)(const void *args) {
  const panamba_patch_embedding_args *a = args;
  return a->batch * ceil_div(grid_of(a).patches, TILE_PATCHES);
}

/* Pixels of a channel from `pixel` on. */
INLINE vec load_pixels(const panamba_patch_embedding_args *a, int64_t channel, int64_t pixel, int lanes) {
  if (!a->pixel_values) {
    return vec_load_lanes((const float *)a->image + pixel, lanes);
  }
  float values[VEC_WIDTH];
  for (int i = 0; i < lanes; i++) {
    values[i] = a->pixel_values[channel * 256 + ((const uint8_t *)a->image)[pixel + i]];
  }
  return vec_load_lanes(values, lanes);
}

/* `count` pixels to `place` of the gathered patches; runs are short, often one vector. */
INLINE void gather_run(const panamba_patch_embedding_args *a, int64_t channel, int64_t pixel, void *patches,
                       int64_t place, int64_t count) {
  for (int64_t i = 0; i < count; i += VEC_WIDTH) {
    int lanes = (int)min64(VEC_WIDTH, count - i);
    vec_store_as(a->dtype, patches, place + i, load_pixels(a, channel, pixel + i, lanes), lanes);
  }
}

/* Elements [from, to) of the patch at pixel `origin`, in the order (channel, row, column), to `place` of `patches`. */
static void gather(const panamba_patch_embedding_args *a, int64_t origin, int64_t from, int64_t to, void *patches,
                   int64_t place) {
  int64_t area = a->patch_height * a->patch_width;
  while (from < to) {
    int64_t channel = from / area;
    int64_t row = from % area / a->patch_width;
    int64_t column = from % a->patch_width;
    int64_t count = min64(a->patch_width - column, to - from);
    gather_run(a, channel, origin + (channel * a->height + row) * a->width + column, patches, place, count);
    place += count;
    from += count;
  }
}

static void add_row(float *restrict out, const float *restrict addend, int64_t dim) {
  for (int64_t i = 0; i < dim; i += VEC_WIDTH) {
    int lanes = (int)min64(VEC_WIDTH, dim - i);
    vec_store_lanes(out + i, vec_add(vec_load_lanes(out + i, lanes), vec_load_lanes(addend + i, lanes)), lanes);
  }
}

/* The place of patch m in the sequence: class tokens before it push it back. */
static int64_t token_of(const panamba_patch_embedding_args *a, int64_t patch) {
  int64_t token = patch;
  for (int64_t i = 0; i < a->class_tokens; i++) {
    token += a->class_index[i] <= token;
  }
  return token;
}

/* One panel's columns of up to GEMM_ROWS patches, of which elements [from, from + part) are gathered. */
static void multiply_block(const panamba_patch_embedding_args *a, float *sequence, const void *patches, int64_t patch,
                           int rows, int64_t column, int64_t from, int64_t part) {
  float sums[GEMM_ROWS * PANEL_COLUMNS];
  int64_t depth = a->channels * a->patch_height * a->patch_width;
  int64_t width = min64(PANEL_COLUMNS, a->dim - column);
  int vectors = (int)ceil_div(width, VEC_WIDTH);
  panel_product p = {
      .input = patches,
      .input_row_stride = GATHER_DEPTH,
      .panel = element_at(a->weight, a->dtype, column * packed_depth(depth, a->dtype) + from * vectors * VEC_WIDTH),
      .depth = part,
      .bias = a->bias && from == 0 ? a->bias + column : 0,
      .out = sums,
      .out_row_stride = PANEL_COLUMNS,
      .last_lanes = (int)(width - (vectors - 1) * VEC_WIDTH),
      .dtype = a->dtype,
  };
  TIER_NAME(panel_product)(&p, rows, vectors);
  for (int i = 0; i < rows; i++) {
    float *out = sequence + token_of(a, patch + i) * a->dim + column;
    if (from == 0) {
      memcpy(out, sums + i * PANEL_COLUMNS, (size_t)width * sizeof(float));
    } else {
      add_row(out, sums + i * PANEL_COLUMNS, width);
    }
  }
}

static void embed_patches(const panamba_patch_embedding_args *a, int64_t columns, int64_t length, int64_t image,
                          int64_t first, int64_t end) {
  float patches[TILE_PATCHES * GATHER_DEPTH];
  int64_t pixels = image * a->channels * a->height * a->width;
  float *sequence = a->out + image * length * a->dim;
  int64_t depth = a->channels * a->patch_height * a->patch_width;
  for (int64_t from = 0; from < depth; from += GATHER_DEPTH) {
    int64_t part = min64(GATHER_DEPTH, depth - from);
    for (int64_t patch = first; patch < end; patch++) {
      int64_t origin = pixels + patch / columns * a->stride_height * a->width + patch % columns * a->stride_width;
      gather(a, origin, from, from + part, patches, (patch - first) * GATHER_DEPTH);
    }
    for (int64_t column = 0; column < a->dim; column += PANEL_COLUMNS) {
      for (int64_t patch = first; patch < end; patch += GEMM_ROWS) {
        const void *block = element_at(patches, a->dtype, (patch - first) * GATHER_DEPTH);
        multiply_block(a, sequence, block, patch, (int)min64(GEMM_ROWS, end - patch), column, from, part);
      }
    }
  }
  if (a->position) {
    for (int64_t patch = first; patch < end; patch++) {
      int64_t token = token_of(a, patch);
      add_row(sequence + token * a->dim, a->position + token * a->dim, a->dim);
    }
  }
}

static void place_class_tokens(const panamba_patch_embedding_args *a, int64_t length, int64_t image) {
  for (int64_t i = 0; i < a->class_tokens; i++) {
    int64_t token = a->class_index[i];
    float *out = a->out + (image * length + token) * a->dim;
    memcpy(out, a->class_token + i * a->dim, (size_t)a->dim * sizeof(float));
    if (a->position) {
      add_row(out, a->position + token * a->dim, a->dim);
    }
  }
}

void TIER_NAME(patch_embedding_tile)(const void *args, int64_t tile) {
  const panamba_patch_embedding_args *a = args;
  grid_size grid = grid_of(a);
  int64_t chunks = ceil_div(grid.patches, TILE_PATCHES);
  int64_t image = tile / chunks;
  int64_t chunk = tile % chunks;
  int64_t length = grid.patches + a->class_tokens;
  if (chunk == 0) {
    place_class_tokens(a, length, image);
  }
  int64_t end = min64(grid.patches, (chunk + 1) * TILE_PATCHES);
  embed_patches(a, grid.columns, length, image, chunk * TILE_PATCHES, end);
}

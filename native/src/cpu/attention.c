/*
 * Multi-head attention with a softmax that streams over keys. A tile is up to TILE_QUERIES queries of one head of one
 * image. Keys come in blocks of BLOCK_KEYS, from the first on: scores of a block, their maximum, weights, and what they
 * add to the sums of values. When a maximum grows, what was summed before shrinks by the same factor.
 */
#include <math.h>

#include "attention_panel.h"
#include "tier.h"

/* Queries of a tile where a head has at most NARROW_DIM dimensions, and half as many of a wider one: panels of them and
 * their sums take 96 KiB of the stack. The more they are, the less it takes that keys and values come from the
 * third-level cache, and in bfloat16 that values are paired; fewer where an image has few, so that several threads have
 * work. */
#define TILE_QUERIES 192
#define SMALL_TILE_QUERIES 96
#define FEW_QUERIES 1024
#define NARROW_DIM 64

/* Even, for pairs of bfloat16, and a whole number of blocks of GEMM_ROWS. Weights of a block, 20 KiB with AVX-512, stay
 * in the first-level cache while the values are multiplied with them. */
#define BLOCK_KEYS 108

/* One tile. Panels of nearly equal width follow each other in `queries`, in `sums` and in what is kept per query. */
typedef struct {
  const panamba_attention_args *args;
  const void *k;
  const void *v;
  int vectors;
  int panels;
  _Alignas(VEC_WIDTH * sizeof(float)) float queries[TILE_QUERIES * NARROW_DIM];
  _Alignas(VEC_WIDTH * sizeof(float)) float sums[TILE_QUERIES * NARROW_DIM];
  _Alignas(VEC_WIDTH * sizeof(float)) float weights[BLOCK_KEYS * PANEL_COLUMNS];
  uint32_t value_pairs[BLOCK_KEYS / 2 * PANAMBA_MAX_HEAD_DIM];
  float block_largest[TILE_QUERIES]; /* score */
  float largest[TILE_QUERIES];       /* score so far */
  float total[TILE_QUERIES];
  float factor[TILE_QUERIES];
} attention_task;

static int64_t most_vectors(const panamba_attention_args *a) {
  int64_t queries = a->queries <= FEW_QUERIES ? SMALL_TILE_QUERIES : TILE_QUERIES;
  return (a->head_dim <= NARROW_DIM ? queries : queries / 2) / VEC_WIDTH;
}

/* Tiles of one head of one image. */
static int64_t chunks_of(const panamba_attention_args *a) {
  return ceil_div(ceil_div(a->queries, VEC_WIDTH), most_vectors(a));
}

int64_t TIER_NAME(attention_tiles)(const void *args) {
  const panamba_attention_args *a = args;
  return a->batch * a->heads * chunks_of(a);
}

/* The first vector of a panel; that of the panel past the last is the number of vectors. */
static int first_vector(const attention_task *t, int panel) { return t->vectors * panel / t->panels; }

/* From the scores of a block to weights, in place; one vector of queries. */
INLINE void weigh(attention_task *t, int64_t place, int64_t keys, float *scores, const int64_t width, int first,
                  const int f32) {
  const vec scale = vec_set(t->args->scale * LOG2_E);
  vec largest = vec_load(t->block_largest + place);
  vec total = vec_set(0.0f);
  if (!first) {
    vec before = vec_load(t->largest + place);
    largest = vec_max(before, largest);
    vec factor = weight_of(before, scale, largest);
    total = vec_mul(factor, vec_load(t->total + place));
    vec_store(t->factor + place, factor);
  }
  vec_store(t->largest + place, largest);
  int64_t i = 0;
  if (f32) {
    for (; i < keys; i++) {
      vec weight = weight_of(vec_load(scores + i * width), scale, largest);
      total = vec_add(total, weight);
      vec_store(scores + i * width, weight);
    }
  } else {
    /* What is summed is what the values are multiplied with: weights that are rounded. */
    float *both = scores;
    for (; i + 1 < keys; i += 2, both += width) {
      vec weight = weight_of(vec_load(scores + i * width), scale, largest);
      pairs rounded = pairs_of(weight, weight_of(vec_load(scores + (i + 1) * width), scale, largest));
      total = vec_add(total, vec_add(pairs_first(rounded), pairs_second(rounded)));
      pairs_store((bf16 *)both, rounded);
    }
    if (i < keys) {
      pairs rounded = pairs_of(weight_of(vec_load(scores + i * width), scale, largest), vec_set(0.0f));
      total = vec_add(total, pairs_first(rounded));
      pairs_store((bf16 *)both, rounded);
    }
  }
  vec_store(t->total + place, total);
}

INLINE void weigh_panel(attention_task *t, int64_t place, int64_t keys, int first, const int vectors) {
  for (int j = 0; j < vectors; j++) {
    if (t->args->dtype == PANAMBA_F32) {
      weigh(t, place + j * VEC_WIDTH, keys, t->weights + j * VEC_WIDTH, vectors * VEC_WIDTH, first, 1);
    } else {
      weigh(t, place + j * VEC_WIDTH, keys, t->weights + j * VEC_WIDTH, vectors * VEC_WIDTH, first, 0);
    }
  }
}

/* Neighbouring keys' values side by side. */
static void pair_values(attention_task *t, int64_t key, int64_t keys) {
  const panamba_attention_args *a = t->args;
  for (int64_t i = 0; i < keys; i += 2) {
    const bf16 *row = (const bf16 *)t->v + (key + i) * a->v_row_stride;
    uint32_t *both = t->value_pairs + i / 2 * a->head_dim;
    if (i + 1 < keys) {
      const bf16 *next = row + a->v_row_stride;
      for (int64_t j = 0; j < a->head_dim; j++) {
        both[j] = (uint32_t)next[j] << 16 | row[j];
      }
    } else {
      for (int64_t j = 0; j < a->head_dim; j++) {
        both[j] = row[j];
      }
    }
  }
}

static void attend_block(attention_task *t, int64_t key, int64_t keys) {
  const panamba_attention_args *a = t->args;
  const int f32 = a->dtype == PANAMBA_F32;
  const void *k = element_at(t->k, a->dtype, key * a->k_row_stride);
  const void *v = f32 ? (const float *)t->v + key * a->v_row_stride : (const void *)t->value_pairs;
  if (!f32) {
    pair_values(t, key, keys);
  }
  for (int panel = 0; panel < t->panels; panel++) {
    int64_t place = first_vector(t, panel) * VEC_WIDTH;
    int vectors = first_vector(t, panel + 1) - first_vector(t, panel);
    /* The next block comes while this one is multiplied. */
    int64_t next = min64(BLOCK_KEYS, a->length - key - keys);
    if (panel == 0) {
      prefetch_rows(element_at(k, a->dtype, keys * a->k_row_stride), a->k_row_stride, a->dtype, next, a->head_dim);
    }
    if (panel == t->panels - 1) {
      const void *values = element_at(t->v, a->dtype, (key + keys) * a->v_row_stride);
      prefetch_rows(values, a->v_row_stride, a->dtype, next, a->head_dim);
    }
    for (int j = 0; j < vectors; j++) {
      vec_store(t->block_largest + place + j * VEC_WIDTH, vec_set(-INFINITY));
    }
    multiply_rows(k, a->k_row_stride, a->dtype, keys, a->head_dim, t->queries + place * words_of(a->head_dim, a->dtype),
                  vectors, t->block_largest + place, t->weights);
    switch (vectors) {
      case 1: weigh_panel(t, place, keys, key == 0, 1); break;
      case 2: weigh_panel(t, place, keys, key == 0, 2); break;
      default: weigh_panel(t, place, keys, key == 0, GEMM_VECS); break;
    }
    add_weighted(v, f32 ? a->v_row_stride : a->head_dim, a->dtype, f32 ? keys : (keys + 1) / 2, a->head_dim, t->weights,
                 vectors, key == 0 ? 0 : t->factor + place, t->sums + place * a->head_dim);
  }
}

/* Of the queries from `query` on. */
static void store_statistics(const attention_task *t, int64_t plane, int64_t query, int64_t count) {
  float *out = t->args->statistics + plane * 2 * t->args->queries + query;
  for (int64_t i = 0; i < count; i += VEC_WIDTH) {
    int lanes = (int)min64(VEC_WIDTH, count - i);
    vec_store_lanes(out + i, vec_load(t->largest + i), lanes);
    vec_store_lanes(out + t->args->queries + i, vec_load(t->total + i), lanes);
  }
}

void TIER_NAME(attention_tile)(const void *args, int64_t tile) {
  const panamba_attention_args *a = args;
  int64_t chunks = chunks_of(a);
  int64_t plane = tile / chunks;              /* image * heads + head */
  int64_t row = plane / a->heads * a->length; /* of keys and values */
  int64_t column = plane % a->heads * a->head_dim;
  int64_t all = ceil_div(a->queries, VEC_WIDTH);
  int64_t from = all * (tile % chunks) / chunks;
  int64_t to = all * (tile % chunks + 1) / chunks;
  int64_t query = from * VEC_WIDTH;
  int64_t count = min64(a->queries, to * VEC_WIDTH) - query;
  int64_t first = plane / a->heads * a->queries + query; /* row of q and out */

  attention_task t;
  t.args = a;
  t.k = element_at(a->k, a->dtype, row * a->k_row_stride + column);
  t.v = element_at(a->v, a->dtype, row * a->v_row_stride + column);
  t.vectors = (int)(to - from);
  t.panels = (int)ceil_div(t.vectors, GEMM_VECS);
  for (int panel = 0; panel < t.panels; panel++) {
    int64_t place = first_vector(&t, panel) * VEC_WIDTH;
    int64_t q = (first + place) * a->q_row_stride + column;
    pack_panel(element_at(a->q, a->dtype, q), a->q_row_stride, a->dtype, count - place, a->head_dim,
               first_vector(&t, panel + 1) - first_vector(&t, panel),
               t.queries + place * words_of(a->head_dim, a->dtype));
  }
  for (int64_t key = 0; key < a->length; key += BLOCK_KEYS) {
    attend_block(&t, key, min64(BLOCK_KEYS, a->length - key));
  }
  if (a->statistics) {
    store_statistics(&t, plane, query, count);
  }
  for (int64_t i = 0; i < t.vectors * VEC_WIDTH; i += VEC_WIDTH) {
    vec_store(t.factor + i, vec_div(vec_set(1.0f), vec_load(t.total + i)));
  }
  for (int panel = 0; panel < t.panels; panel++) {
    int64_t place = first_vector(&t, panel) * VEC_WIDTH;
    int64_t out = (first + place) * a->out_row_stride + column;
    unpack_panel(t.sums + place * a->head_dim, t.factor + place, first_vector(&t, panel + 1) - first_vector(&t, panel),
                 count - place, a->head_dim, a->dtype, element_of(a->out, a->dtype, out), a->out_row_stride);
  }
}

/*
 * The gradient of attention (Dao et al., arXiv 2205.14135, algorithm 4). A tile is one head of one image, so that the
 * sums over queries have one order. With P the softmax of a panel of queries (from the statistics of the forward pass)
 * and G the gradient of `out`, for each block of keys
 *   dV += P^T G,   dP = G V^T,   dS = P (dP - rowsum(G out)),   dQ += scale dS K,   dK += scale dS^T Q.
 */
#include "attention_panel.h"
#include "tier.h"

/* A whole number of blocks of GEMM_ROWS; weights and their gradients, 14 KiB each with AVX-512, stay in the first-level
 * cache. */
#define BLOCK_KEYS 72

#define PANEL_FLOATS (PANEL_COLUMNS * PANAMBA_MAX_HEAD_DIM)

/* A panel of queries; "across" lie queries in lanes, "along" dimensions do, as packed_layout.h has them. */
typedef struct {
  const panamba_attention_gradient_args *args;
  int64_t count;
  int vectors;
  int first; /* its sums over queries begin */
  _Alignas(VEC_WIDTH * sizeof(float)) float queries_across[PANEL_FLOATS];
  _Alignas(VEC_WIDTH * sizeof(float)) float gradients_across[PANEL_FLOATS];
  _Alignas(VEC_WIDTH * sizeof(float)) float queries_along[PANEL_FLOATS]; /* times the scale */
  _Alignas(VEC_WIDTH * sizeof(float)) float gradients_along[PANEL_FLOATS];
  _Alignas(VEC_WIDTH * sizeof(float)) float query_gradients[PANEL_FLOATS]; /* across */
  _Alignas(VEC_WIDTH * sizeof(float)) float weights[BLOCK_KEYS * PANEL_COLUMNS];
  _Alignas(VEC_WIDTH * sizeof(float)) float score_gradients[BLOCK_KEYS * PANEL_COLUMNS];
  float largest[PANEL_COLUMNS];
  float reciprocal[PANEL_COLUMNS]; /* of the sum of weights; 0 where there is no query */
  float dot[PANEL_COLUMNS];        /* gradient . out */
  float ones[PANEL_COLUMNS];
  float scale[PANEL_COLUMNS];
} gradient_panel;

/* Where the head of a tile lies. */
typedef struct {
  int64_t row;
  int64_t column;
  int64_t plane;
} head_place;

int64_t TIER_NAME(attention_gradient_tiles)(const void *args) {
  const panamba_attention_gradient_args *a = args;
  return a->batch * a->heads;
}

/* Rows times `scale` to panels of PANEL_COLUMNS columns, each filled up to whole vectors with zeros. */
static void copy_rows(const float *source, int64_t row_stride, int64_t count, int64_t dim, float scale, float *panel) {
  for (int64_t column = 0; column < dim; column += PANEL_COLUMNS) {
    int64_t end = min64(dim, column + PANEL_COLUMNS);
    for (int64_t row = 0; row < count; row++) {
      for (int64_t i = column; i < end; i += VEC_WIDTH, panel += VEC_WIDTH) {
        vec value = vec_load_lanes(source + row * row_stride + i, (int)min64(VEC_WIDTH, end - i));
        vec_store(panel, vec_mul(value, vec_set(scale)));
      }
    }
  }
}

static float dot_of(const float *a, const float *b, int64_t dim) {
  vec sum = vec_set(0.0f);
  for (int64_t i = 0; i < dim; i += VEC_WIDTH) {
    int lanes = (int)min64(VEC_WIDTH, dim - i);
    sum = vec_fma(vec_load_lanes(a + i, lanes), vec_load_lanes(b + i, lanes), sum);
  }
  return vec_sum(sum);
}

static void load_panel(gradient_panel *p, const head_place *at, int64_t query) {
  const panamba_attention_gradient_args *a = p->args;
  const float *q = a->q + (at->row + query) * a->q_row_stride + at->column;
  const float *gradient = a->out_gradient + (at->row + query) * a->out_gradient_row_stride + at->column;
  const float *out = a->out + (at->row + query) * a->out_row_stride + at->column;
  const float *statistics = a->statistics + at->plane * 2 * a->length + query;
  p->count = min64(PANEL_COLUMNS, a->length - query);
  p->vectors = (int)ceil_div(p->count, VEC_WIDTH);
  p->first = query == 0;
  pack_panel(q, a->q_row_stride, PANAMBA_F32, p->count, a->head_dim, p->vectors, p->queries_across);
  pack_panel(gradient, a->out_gradient_row_stride, PANAMBA_F32, p->count, a->head_dim, p->vectors, p->gradients_across);
  copy_rows(q, a->q_row_stride, p->count, a->head_dim, a->scale, p->queries_along);
  copy_rows(gradient, a->out_gradient_row_stride, p->count, a->head_dim, 1.0f, p->gradients_along);
  for (int64_t i = 0; i < PANEL_COLUMNS; i++) {
    int exists = i < p->count;
    p->largest[i] = exists ? statistics[i] : 0.0f;
    p->reciprocal[i] = exists ? 1.0f / statistics[a->length + i] : 0.0f;
    p->dot[i] =
        exists ? dot_of(gradient + i * a->out_gradient_row_stride, out + i * a->out_row_stride, a->head_dim) : 0.0f;
    p->ones[i] = 1.0f;
    p->scale[i] = a->scale;
  }
}

/* From scores to weights, and from the gradients of weights to those of scores, in place. */
static void weigh(gradient_panel *p, int64_t keys) {
  const vec scale = vec_set(p->args->scale * LOG2_E);
  for (int j = 0; j < p->vectors; j++) {
    const vec largest = vec_load(p->largest + j * VEC_WIDTH);
    const vec reciprocal = vec_load(p->reciprocal + j * VEC_WIDTH);
    const vec dot = vec_load(p->dot + j * VEC_WIDTH);
    for (int64_t i = 0; i < keys; i++) {
      float *score = p->weights + (i * p->vectors + j) * VEC_WIDTH;
      float *gradient = p->score_gradients + (i * p->vectors + j) * VEC_WIDTH;
      vec weight = vec_mul(weight_of(vec_load(score), scale, largest), reciprocal);
      vec_store(score, weight);
      vec_store(gradient, vec_mul(weight, vec_sub(vec_load(gradient), dot)));
    }
  }
}

/* out[key] (+)= the sum over the panel's queries of weights[key][query] * rows[query], `rows` along. */
static void add_to_keys(const gradient_panel *p, const float *weights, const float *rows, int64_t keys, float *out,
                        int64_t out_row_stride) {
  int64_t dim = p->args->head_dim;
  for (int64_t column = 0; column < dim; column += PANEL_COLUMNS) {
    int64_t columns = min64(PANEL_COLUMNS, dim - column);
    int vectors = (int)ceil_div(columns, VEC_WIDTH);
    panel_product product = {.input_row_stride = p->vectors * VEC_WIDTH,
                             .panel = rows + column * p->count,
                             .depth = p->count,
                             .out_row_stride = out_row_stride,
                             .accumulate = p->first ? 0.0f : 1.0f,
                             .last_lanes = (int)(columns - (vectors - 1) * VEC_WIDTH),
                             .dtype = PANAMBA_F32,
                             .out_dtype = PANAMBA_F32};
    for (int64_t key = 0; key < keys; key += GEMM_ROWS) {
      product.input = weights + key * p->vectors * VEC_WIDTH;
      product.out = out + key * out_row_stride + column;
      TIER_NAME(panel_product)(&product, (int)min64(GEMM_ROWS, keys - key), vectors);
    }
  }
}

static void pass_block(gradient_panel *p, const head_place *at, int64_t key) {
  const panamba_attention_gradient_args *a = p->args;
  int64_t keys = min64(BLOCK_KEYS, a->length - key);
  int64_t row = at->row + key;
  const float *k = a->k + row * a->k_row_stride + at->column;
  const float *v = a->v + row * a->v_row_stride + at->column;
  float *k_gradient = a->k_gradient + row * a->k_gradient_row_stride + at->column;
  float *v_gradient = a->v_gradient + row * a->v_gradient_row_stride + at->column;
  /* Of the next block, each before a product that does not wait for it. */
  int64_t next = min64(BLOCK_KEYS, a->length - key - keys);
  prefetch_rows(k + keys * a->k_row_stride, a->k_row_stride, PANAMBA_F32, next, a->head_dim);
  multiply_rows(k, a->k_row_stride, PANAMBA_F32, keys, a->head_dim, p->queries_across, p->vectors, 0, p->weights);
  prefetch_rows(v + keys * a->v_row_stride, a->v_row_stride, PANAMBA_F32, next, a->head_dim);
  multiply_rows(v, a->v_row_stride, PANAMBA_F32, keys, a->head_dim, p->gradients_across, p->vectors, 0,
                p->score_gradients);
  weigh(p, keys);
  prefetch_rows(v_gradient + keys * a->v_gradient_row_stride, a->v_gradient_row_stride, PANAMBA_F32, next, a->head_dim);
  add_to_keys(p, p->weights, p->gradients_along, keys, v_gradient, a->v_gradient_row_stride);
  prefetch_rows(k_gradient + keys * a->k_gradient_row_stride, a->k_gradient_row_stride, PANAMBA_F32, next, a->head_dim);
  add_to_keys(p, p->score_gradients, p->queries_along, keys, k_gradient, a->k_gradient_row_stride);
  add_weighted(k, a->k_row_stride, PANAMBA_F32, keys, a->head_dim, p->score_gradients, p->vectors,
               key == 0 ? 0 : p->ones, p->query_gradients);
}

void TIER_NAME(attention_gradient_tile)(const void *args, int64_t tile) {
  const panamba_attention_gradient_args *a = args;
  head_place at = {tile / a->heads * a->length, tile % a->heads * a->head_dim, tile};
  gradient_panel p;
  p.args = a;
  for (int64_t query = 0; query < a->length; query += PANEL_COLUMNS) {
    load_panel(&p, &at, query);
    for (int64_t key = 0; key < a->length; key += BLOCK_KEYS) {
      pass_block(&p, &at, key);
    }
    unpack_panel(p.query_gradients, p.scale, p.vectors, p.count, a->head_dim, PANAMBA_F32,
                 a->q_gradient + (at.row + query) * a->q_gradient_row_stride + at.column, a->q_gradient_row_stride);
  }
}

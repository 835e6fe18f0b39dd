/*
 * Attention with a softmax that streams over keys, on tensor cores: a warp has 16 queries, and goes through the keys 64
 * at a time. Scores, weights and sums stay in registers: a product's result is laid out over the lanes as the next
 * product's operand has to be (Dao, arXiv 2307.08691).
 */
#include "tensor_cores.h"

#include "parameters.h"

namespace panamba {

/* Heads of up to 16 * Chunks dimensions, filled up with zeros. */
template <int Chunks>
struct tiled_attention_kernel : attention_parameters<bfloat> {
  static constexpr int THREADS = 128;
  static constexpr int BLOCKS = Chunks > 4 ? 2 : 3;
  static constexpr int QUERIES = THREADS / WARP * 16;
  static constexpr int KEYS = 64;
  static constexpr int KEY_TILES = KEYS / 8;
  static constexpr int DIM = 16 * Chunks;
  static constexpr int DIM_TILES = DIM / 8;
  static constexpr int PITCH = DIM + 8; /* lanes that read at the same time have banks of their own */
  static constexpr int PACK = 8;        /* of 16 bytes */

  struct shared {
    alignas(16) bfloat k[KEYS][PITCH];
    alignas(16) bfloat v[KEYS][PITCH];
  };

  /* Lane l has rows l / 4 and l / 4 + 8 of its warp's queries, as tile_operands says. */
  struct thread {
    tile_operands product;
    uint32_t q[Chunks][4];
    float sum[DIM_TILES][4];
    float scores[KEY_TILES][4];
    uint32_t weights[KEY_TILES][2];
    float most[2]; /* of a block's scores */
    float largest[2];
    float total[2];
  };

  struct larger {
    PANAMBA_HD float operator()(float a, float b) const { return panamba_max(a, b); }
  };

  struct plus {
    PANAMBA_HD float operator()(float a, float b) const { return a + b; }
  };

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    quotient place = divide(block.index(), blocks_of_head);
    quotient plane = divide(place.whole, heads); /* image and head */
    int64_t query = place.rest * QUERIES;
    for (int i : block.all()) {
      start(block.thread(i), plane, query, i);
    }
    for (int64_t key = 0; key < length; key += KEYS) {
      int keys = static_cast<int>(lesser(KEYS, length - key));
      block.synchronize();
      for (int i : block.all()) {
        fetch(block, k + place_of(plane, length, key, k_row_stride), k_row_stride, keys, i, block.shared.k);
        fetch(block, v + place_of(plane, length, key, v_row_stride), v_row_stride, keys, i, block.shared.v);
        block.wait_for_copies();
      }
      block.synchronize();
      score(block);
      for (int i : block.all()) {
        leave_out(block.thread(i), keys, i % 4);
      }
      block.template combine_quads<&thread::most>(larger{});
      for (int i : block.all()) {
        weigh(block.thread(i));
      }
      add_values(block);
    }
    block.template combine_quads<&thread::total>(plus{});
    for (int i : block.all()) {
      finish(block.thread(i), plane, query, i);
    }
  }

  /* From shared memory, where pairs are aligned. */
  PANAMBA_HD static uint32_t pair_at(const bfloat *from) {
    pack<bfloat, 2> pair = load<bfloat, 2>(from);
    return pair_of(pair.element[0].bits, pair.element[1].bits);
  }

  /* The query of a thread's row 0 or 1, and the first of its two columns in tile `tile`. */
  PANAMBA_HD static int row_of(int i, int row) { return i / WARP * 16 + i % WARP / 4 + row * 8; }

  PANAMBA_HD static int column_of(int i, int tile) { return tile * 8 + i % 4 * 2; }

  PANAMBA_HD void start(thread &t, quotient plane, int64_t query, int i) const {
    PANAMBA_UNROLL
    for (int row = 0; row < 2; row++) {
      t.largest[row] = -INFINITY;
      t.total[row] = 0.0f;
      const bfloat *from = q + place_of(plane, queries, query + row_of(i, row), q_row_stride);
      PANAMBA_UNROLL
      for (int tile = 0; tile < DIM_TILES; tile++) {
        bool exists = query + row_of(i, row) < queries && column_of(i, tile) < head_dim;
        const bfloat *pair = from + column_of(i, tile);
        t.q[tile / 2][tile % 2 * 2 + row] = exists ? pair_of(pair[0].bits, pair[1].bits) : 0;
        t.sum[tile][row * 2] = 0.0f;
        t.sum[tile][row * 2 + 1] = 0.0f;
      }
    }
  }

  /* Beyond the last key and the last dimension are zeros. */
  template <class Block>
  PANAMBA_HD void fetch(Block &block, const bfloat *from, int64_t stride, int keys, int i,
                        bfloat (&to)[KEYS][PITCH]) const {
    static_assert(KEYS * DIM / PACK % THREADS == 0, "threads have as many packs");
    PANAMBA_UNROLL
    for (int n = 0; n < KEYS * DIM / PACK / THREADS; n++) {
      int place = n * THREADS + i;
      int row = place / (DIM / PACK);
      int dim = place % (DIM / PACK) * PACK;
      bool exists = row < keys && dim < head_dim;
      block.template copy_or_zero<16>(reinterpret_cast<float *>(&to[row][dim]),
                                      reinterpret_cast<const float *>(exists ? from + row * stride + dim : from),
                                      exists);
    }
  }

  template <class Block>
  PANAMBA_HD static void score(Block &block) {
    PANAMBA_UNROLL
    for (int tile = 0; tile < KEY_TILES; tile++) {
      for (int i : block.all()) {
        clear(block.thread(i).product.c);
      }
      PANAMBA_UNROLL
      for (int chunk = 0; chunk < Chunks; chunk++) {
        for (int i : block.all()) {
          tile_operands &product = block.thread(i).product;
          copy(block.thread(i).q[chunk], product.a);
          const bfloat *key = &block.shared.k[tile * 8 + i % WARP / 4][chunk * 16 + i % 4 * 2];
          product.b[0] = pair_at(key);
          product.b[1] = pair_at(key + 8);
        }
        block.template multiply_tiles<&thread::product>();
      }
      for (int i : block.all()) {
        copy(block.thread(i).product.c, block.thread(i).scores[tile]);
      }
    }
  }

  PANAMBA_HD static void clear(float (&values)[4]) {
    PANAMBA_UNROLL
    for (int n = 0; n < 4; n++) {
      values[n] = 0.0f;
    }
  }

  template <class Word>
  PANAMBA_HD static void copy(const Word (&from)[4], Word (&to)[4]) {
    PANAMBA_UNROLL
    for (int n = 0; n < 4; n++) {
      to[n] = from[n];
    }
  }

  /* Keys that do not exist get no weight. Then a lane's largest scores. */
  PANAMBA_HD static void leave_out(thread &t, int keys, int lane) {
    if (keys < KEYS) {
      PANAMBA_UNROLL
      for (int n = 0; n < KEY_TILES * 4; n++) {
        float &score = t.scores[n / 4][n % 4];
        score = column_of(lane, n / 4) + n % 2 < keys ? score : -INFINITY;
      }
    }
    t.most[0] = t.most[1] = -INFINITY;
    PANAMBA_UNROLL
    for (int n = 0; n < KEY_TILES * 4; n++) {
      t.most[n / 2 % 2] = panamba_max(t.most[n / 2 % 2], t.scores[n / 4][n % 4]);
    }
  }

  PANAMBA_HD void weigh(thread &t) const {
    PANAMBA_UNROLL
    for (int row = 0; row < 2; row++) {
      float before = t.largest[row];
      float largest = panamba_max(before, t.most[row]);
      float factor = panamba_exp2((before - largest) * scale);
      t.largest[row] = largest;
      t.total[row] *= factor;
      PANAMBA_UNROLL
      for (int tile = 0; tile < DIM_TILES; tile++) {
        t.sum[tile][row * 2] *= factor;
        t.sum[tile][row * 2 + 1] *= factor;
      }
      PANAMBA_UNROLL
      for (int tile = 0; tile < KEY_TILES; tile++) {
        uint32_t pair = narrow_pair(panamba_exp2((t.scores[tile][row * 2] - largest) * scale),
                                    panamba_exp2((t.scores[tile][row * 2 + 1] - largest) * scale));
        t.total[row] += widen(bfloat{static_cast<uint16_t>(pair)}) + widen(bfloat{static_cast<uint16_t>(pair >> 16)});
        t.weights[tile][row] = pair;
      }
    }
  }

  template <class Block>
  PANAMBA_HD static void add_values(Block &block) {
    PANAMBA_UNROLL
    for (int tile = 0; tile < DIM_TILES; tile++) {
      for (int i : block.all()) {
        copy(block.thread(i).sum[tile], block.thread(i).product.c);
      }
      PANAMBA_UNROLL
      for (int pair = 0; pair < KEY_TILES / 2; pair++) {
        for (int i : block.all()) {
          thread &t = block.thread(i);
          int dim = tile * 8 + i % WARP / 4;
          PANAMBA_UNROLL
          for (int half = 0; half < 2; half++) {
            int key = column_of(i, pair * 2 + half);
            t.product.a[half * 2] = t.weights[pair * 2 + half][0];
            t.product.a[half * 2 + 1] = t.weights[pair * 2 + half][1];
            t.product.b[half] = pair_of(block.shared.v[key][dim].bits, block.shared.v[key + 1][dim].bits);
          }
        }
        block.template multiply_tiles<&thread::product>();
      }
      for (int i : block.all()) {
        copy(block.thread(i).product.c, block.thread(i).sum[tile]);
      }
    }
  }

  PANAMBA_HD void finish(const thread &t, quotient plane, int64_t query, int i) const {
    PANAMBA_UNROLL
    for (int row = 0; row < 2; row++) {
      int64_t own = query + row_of(i, row);
      if (own < queries) {
        bfloat *to = out + place_of(plane, queries, own, out_row_stride);
        float factor = 1.0f / t.total[row];
        PANAMBA_UNROLL
        for (int tile = 0; tile < DIM_TILES; tile++) {
          if (column_of(i, tile) < head_dim) {
            narrow(t.sum[tile][row * 2] * factor, to + column_of(i, tile));
            narrow(t.sum[tile][row * 2 + 1] * factor, to + column_of(i, tile) + 1);
          }
        }
        if (statistics && i % 4 == 0) {
          keep_statistics(plane, own, t.largest[row], t.total[row]);
        }
      }
    }
  }
};

bool suits_tensor_cores(const panamba_attention_args &a) {
  return a.dtype == PANAMBA_BF16 && a.head_dim % 8 == 0 && fits(a.k, a.k_row_stride, 2, 16) &&
         fits(a.v, a.v_row_stride, 2, 16);
}

int32_t launch_on_tensor_cores(const panamba_attention_args &a, void *stream) {
  if (a.head_dim <= 32) {
    return launch_attention<tiled_attention_kernel<2>, bfloat>(a, stream);
  }
  if (a.head_dim <= 64) {
    return launch_attention<tiled_attention_kernel<4>, bfloat>(a, stream);
  }
  return a.head_dim <= 96 ? launch_attention<tiled_attention_kernel<6>, bfloat>(a, stream)
                          : launch_attention<tiled_attention_kernel<8>, bfloat>(a, stream);
}

}  // namespace panamba

/* Multi-head attention with a softmax that streams over keys: four neighbouring threads have a query, each a quarter of
 * its dimensions. */
#include "parameters.h"
#include "run.h"
#include "tensor_cores.h"

namespace panamba {

/* Heads of up to 16 * Chunks dimensions, filled up with zeros. Of each 16 neighbours a thread has four. */
template <class Element, int Chunks>
struct attention_kernel : attention_parameters<Element> {
  static constexpr int QUERIES = 32;
  static constexpr int KEYS = 32;
  static constexpr int LANES = 4;
  static constexpr int THREADS = QUERIES * LANES;
  static constexpr int BLOCKS = 3;
  static constexpr int DIM = 16 * Chunks;
  static constexpr int OWN = 4 * Chunks;

  struct shared {
    alignas(16) float k[KEYS][DIM];
    alignas(16) float v[KEYS][DIM];
    float weights[QUERIES][KEYS + 1]; /* scores first */
  };

  struct thread {
    float q[OWN];
    float sum[OWN];
    float scores[4];
    float largest; /* score so far */
    float factor;
    float total;
  };

  using parameters = attention_parameters<Element>;
  using parameters::blocks_of_head;
  using parameters::head_dim;
  using parameters::heads;
  using parameters::k;
  using parameters::k_row_stride;
  using parameters::length;
  using parameters::out;
  using parameters::out_row_stride;
  using parameters::place_of;
  using parameters::q;
  using parameters::q_row_stride;
  using parameters::queries;
  using parameters::scale;
  using parameters::statistics;
  using parameters::v;
  using parameters::v_row_stride;

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    quotient place = divide(block.index(), blocks_of_head);
    quotient plane = divide(place.whole, heads); /* image and head */
    int64_t query = place.rest * QUERIES;
    for (int i : block.all()) {
      start(block.thread(i), plane, query + i / LANES, i % LANES);
    }
    for (int64_t key = 0; key < length; key += KEYS) {
      int keys = static_cast<int>(lesser(KEYS, length - key));
      block.synchronize();
      for (int i : block.all()) {
        fetch(k, k_row_stride, plane, key, keys, i, block.shared.k);
        fetch(v, v_row_stride, plane, key, keys, i, block.shared.v);
      }
      block.synchronize();
      for (int first = 0; first < keys; first += 4) {
        for (int i : block.all()) {
          score(block.thread(i), block.shared.k, first, i % LANES);
        }
        block.template sum_quads<&thread::scores, THREADS>(0);
        for (int i : block.all()) {
          block.shared.weights[i / LANES][first + i % LANES] = block.thread(i).scores[0];
        }
      }
      block.synchronize();
      for (int i : block.all()) {
        raise(block.thread(i), block.shared.weights[i / LANES], keys);
      }
      block.synchronize();
      for (int i : block.all()) {
        for (int j = i % LANES; j < keys; j += LANES) {
          float &weight = block.shared.weights[i / LANES][j];
          weight = rounded<Element>(panamba_exp2((weight - block.thread(i).largest) * scale));
        }
      }
      block.synchronize();
      for (int i : block.all()) {
        add(block.thread(i), block.shared.weights[i / LANES], block.shared.v, keys, i % LANES);
      }
    }
    for (int i : block.all()) {
      if (query + i / LANES < queries) {
        finish(block.thread(i), plane, query + i / LANES, i % LANES);
      }
    }
  }

  /* The dimension of a thread's own number. */
  PANAMBA_HD static int dim_of(int number, int lane) { return number / 4 * 16 + lane * 4 + number % 4; }

  PANAMBA_HD void start(thread &t, quotient plane, int64_t query, int lane) const {
    t.largest = -INFINITY;
    t.total = 0.0f;
    const Element *row = q + place_of(plane, queries, query, q_row_stride);
    PANAMBA_UNROLL
    for (int n = 0; n < OWN; n++) {
      bool exists = query < queries && dim_of(n, lane) < head_dim;
      t.q[n] = exists ? widen(row[dim_of(n, lane)]) : 0.0f;
      t.sum[n] = 0.0f;
    }
  }

  PANAMBA_HD void fetch(const Element *rows, int64_t stride, quotient plane, int64_t key, int keys, int i,
                        float (&to)[KEYS][DIM]) const {
    for (int place = i; place < KEYS * DIM; place += THREADS) {
      int row = place / DIM;
      int dim = place % DIM;
      bool exists = row < keys && dim < head_dim;
      to[row][dim] = exists ? widen(rows[place_of(plane, length, key + row, stride) + dim]) : 0.0f;
    }
  }

  /* A quarter of the scores of four keys. */
  PANAMBA_HD static void score(thread &t, const float (&keys)[KEYS][DIM], int first, int lane) {
    PANAMBA_UNROLL
    for (int key = 0; key < 4; key++) {
      t.scores[key] = 0.0f;
      PANAMBA_UNROLL
      for (int chunk = 0; chunk < Chunks; chunk++) {
        float values[4];
        load_wide<float, 4>(&keys[first + key][chunk * 16 + lane * 4], values);
        PANAMBA_UNROLL
        for (int j = 0; j < 4; j++) {
          t.scores[key] = fmaf(t.q[chunk * 4 + j], values[j], t.scores[key]);
        }
      }
    }
  }

  PANAMBA_HD void raise(thread &t, const float (&scores)[KEYS + 1], int keys) const {
    float before = t.largest;
    for (int j = 0; j < keys; j++) {
      t.largest = panamba_max(t.largest, scores[j]);
    }
    t.factor = panamba_exp2((before - t.largest) * scale);
  }

  PANAMBA_HD static void add(thread &t, const float (&weights)[KEYS + 1], const float (&values)[KEYS][DIM], int keys,
                             int lane) {
    t.total *= t.factor;
    PANAMBA_UNROLL
    for (int n = 0; n < OWN; n++) {
      t.sum[n] *= t.factor;
    }
    for (int key = 0; key < keys; key++) {
      float weight = weights[key];
      t.total += weight;
      PANAMBA_UNROLL
      for (int chunk = 0; chunk < Chunks; chunk++) {
        float value[4];
        load_wide<float, 4>(&values[key][chunk * 16 + lane * 4], value);
        PANAMBA_UNROLL
        for (int j = 0; j < 4; j++) {
          t.sum[chunk * 4 + j] = fmaf(weight, value[j], t.sum[chunk * 4 + j]);
        }
      }
    }
  }

  PANAMBA_HD void finish(const thread &t, quotient plane, int64_t query, int lane) const {
    Element *row = out + place_of(plane, queries, query, out_row_stride);
    PANAMBA_UNROLL
    for (int n = 0; n < OWN; n++) {
      if (dim_of(n, lane) < head_dim) {
        narrow(t.sum[n] / t.total, row + dim_of(n, lane));
      }
    }
    if (statistics && lane == 0) {
      this->keep_statistics(plane, query, t.largest, t.total);
    }
  }
};

template <class Element>
static int32_t launch_chunks(const panamba_attention_args &a, void *stream) {
  if (a.head_dim <= 16) {
    return launch_attention<attention_kernel<Element, 1>, Element>(a, stream);
  }
  if (a.head_dim <= 64) {
    return launch_attention<attention_kernel<Element, 4>, Element>(a, stream);
  }
  return a.head_dim <= 80 ? launch_attention<attention_kernel<Element, 5>, Element>(a, stream)
                          : launch_attention<attention_kernel<Element, 8>, Element>(a, stream);
}

}  // namespace panamba

int32_t panamba_launch_attention(const panamba_attention_args *args, void *, void *stream) {
  if (panamba::suits_tensor_cores(*args)) {
    return panamba::launch_on_tensor_cores(*args, stream);
  }
  return args->dtype == PANAMBA_F32 ? panamba::launch_chunks<float>(*args, stream)
                                    : panamba::launch_chunks<panamba::bfloat>(*args, stream);
}

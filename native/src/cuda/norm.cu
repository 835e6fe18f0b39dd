/* Residual add and normalisation: a warp has a row, which stays in registers if it is not too wide. */
#include <stdio.h>

#include "activation.h"
#include "element.h"
#include "launch.h"
#include "run.h"

namespace panamba {

/* Rows of up to 2 * WARP * Pairs numbers are kept as pairs. With Pairs 0 a row of any width is read anew for each sum,
 * one number at a time. */
template <class Out, int Pairs>
struct norm_kernel {
  static constexpr int THREADS = 128;
  static constexpr int BLOCKS = 4;
  static constexpr int WIDTH = Pairs ? 2 : 1;
  static constexpr int KEPT = Pairs ? Pairs : 1;
  using shared = nothing;

  struct thread {
    float value[KEPT][WIDTH];
    float sum;
    float mean;
  };

  float *residual;
  const float *addend;
  const float *weight;
  const float *bias;
  Out *out;
  int64_t rows;
  int64_t residual_row_stride;
  int32_t dim;
  float residual_scale;
  float eps;
  int32_t activation;
  bool centred;

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    for (int i : block.all()) {
      thread &t = block.thread(i);
      t.sum = 0.0f;
      t.mean = 0.0f;
      int64_t row = row_of(block, i);
      if (row < rows) {
        add_addend(t, row, i % WARP);
      }
    }
    if (centred) {
      block.template sum_warps<&thread::sum>();
      for (int i : block.all()) {
        thread &t = block.thread(i);
        t.mean = t.sum / static_cast<float>(dim);
      }
    }
    for (int i : block.all()) {
      int64_t row = row_of(block, i);
      if (row < rows) {
        add_squares(block.thread(i), row, i % WARP);
      }
    }
    block.template sum_warps<&thread::sum>();
    for (int i : block.all()) {
      int64_t row = row_of(block, i);
      if (row < rows) {
        scale(block.thread(i), row, i % WARP);
      }
    }
  }

  template <class Block>
  PANAMBA_HD int64_t row_of(const Block &block, int i) const {
    return block.index() * (THREADS / WARP) + i / WARP;
  }

  /* A lane's k-th numbers start at column (k * WARP + lane) * WIDTH. */
  PANAMBA_HD int passes() const { return Pairs ? Pairs : static_cast<int>(ceil_div(dim, WARP)); }

  PANAMBA_HD void fetch(thread &t, int64_t row, int column, int k) const {
    if (Pairs == 0) {
      t.value[0][0] = residual[row * residual_row_stride + column];
    }
    (void)k;
  }

  PANAMBA_HD void add_addend(thread &t, int64_t row, int lane) const {
    float *r = residual + row * residual_row_stride;
    PANAMBA_UNROLL
    for (int k = 0; k < passes(); k++) {
      int column = (k * WARP + lane) * WIDTH;
      if (column < dim) {
        float(&value)[WIDTH] = t.value[Pairs ? k : 0];
        load_wide<float, WIDTH>(r + column, value);
        if (addend) {
          float added[WIDTH];
          load_wide<float, WIDTH>(addend + row * dim + column, added);
          PANAMBA_UNROLL
          for (int j = 0; j < WIDTH; j++) {
            value[j] = panamba_add_residual(value[j], residual_scale, added[j]);
          }
          store_narrow<float, WIDTH>(value, r + column);
        }
        PANAMBA_UNROLL
        for (int j = 0; j < WIDTH; j++) {
          t.sum += value[j];
        }
      }
    }
  }

  PANAMBA_HD void add_squares(thread &t, int64_t row, int lane) const {
    t.sum = 0.0f;
    PANAMBA_UNROLL
    for (int k = 0; k < passes(); k++) {
      int column = (k * WARP + lane) * WIDTH;
      if (column < dim) {
        fetch(t, row, column, k);
        PANAMBA_UNROLL
        for (int j = 0; j < WIDTH; j++) {
          float offset = t.value[Pairs ? k : 0][j] - t.mean;
          t.sum = fmaf(offset, offset, t.sum);
        }
      }
    }
  }

  PANAMBA_HD void scale(thread &t, int64_t row, int lane) const {
    float factor = panamba_norm_factor(t.sum / static_cast<float>(dim), eps);
    PANAMBA_UNROLL
    for (int k = 0; k < passes(); k++) {
      int column = (k * WARP + lane) * WIDTH;
      if (column < dim) {
        fetch(t, row, column, k);
        float result[WIDTH];
        PANAMBA_UNROLL
        for (int j = 0; j < WIDTH; j++) {
          float value = (t.value[Pairs ? k : 0][j] - t.mean) * factor;
          value = bias ? fmaf(value, weight[column + j], bias[column + j]) : value * weight[column + j];
          result[j] = activated(value, activation);
        }
        store_narrow<Out, WIDTH>(result, out + row * dim + column);
      }
    }
  }
};

template <class Out, int Pairs>
static int32_t launch_norm(const panamba_norm_args &a, void *stream) {
  using kernel_type = norm_kernel<Out, Pairs>;
  kernel_type kernel = {};
  kernel.residual = a.residual;
  kernel.addend = a.addend;
  kernel.weight = a.weight;
  kernel.bias = a.bias;
  kernel.out = static_cast<Out *>(a.out);
  kernel.rows = a.rows;
  kernel.residual_row_stride = a.residual_row_stride;
  kernel.dim = static_cast<int32_t>(a.dim);
  kernel.residual_scale = a.residual_scale;
  kernel.eps = a.eps;
  kernel.activation = a.activation;
  kernel.centred = a.kind == PANAMBA_LAYER_NORM;
  char shapes[80];
  snprintf(shapes, sizeof shapes, "rows %lld, dim %lld", static_cast<long long>(a.rows), static_cast<long long>(a.dim));
  return launch("norm", shapes, kernel, {ceil_div(a.rows, kernel_type::THREADS / WARP)}, kernel_type::THREADS, stream);
}

template <class Out>
static int32_t launch_pairs(const panamba_norm_args &a, void *stream) {
  bool pairs = a.dim % 2 == 0 && fits(a.residual, a.residual_row_stride, 4, 8) && fits(a.addend, 0, 4, 8) &&
               fits(a.out, 0, sizeof(Out), 2 * sizeof(Out));
  if (!pairs || a.dim > 1024) {
    return launch_norm<Out, 0>(a, stream);
  }
  if (a.dim > 512) {
    return launch_norm<Out, 16>(a, stream);
  }
  return a.dim > 256 ? launch_norm<Out, 8>(a, stream) : launch_norm<Out, 4>(a, stream);
}

}  // namespace panamba

int32_t panamba_launch_norm(const panamba_norm_args *args, void *, void *stream) {
  if (args->dim > INT32_MAX / 64) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "norm: dim %lld: too large for one call",
                        static_cast<long long>(args->dim));
  }
  return args->dtype == PANAMBA_F32 ? panamba::launch_pairs<float>(*args, stream)
                                    : panamba::launch_pairs<panamba::bfloat>(*args, stream);
}

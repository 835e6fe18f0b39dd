/* Bias, positions and class tokens: the second half of the patch embedding, after the product of patches and weight. */
#include <stdio.h>

#include "check_arguments.h"
#include "divide.h"
#include "element.h"
#include "launch.h"
#include "run.h"

namespace panamba {

/* A block has one token. */
template <int Width>
struct place_kernel {
  static constexpr int THREADS = 64;
  static constexpr int BLOCKS = 1;
  using shared = nothing;
  using thread = nothing;

  const float *product;
  const float *bias;
  const float *position;
  const float *class_token;
  float *out;
  int64_t length;
  int64_t dim;
  int64_t class_tokens;
  int64_t class_index[PANAMBA_MAX_CLASS_TOKENS];

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    quotient place_of_token = divide(block.index(), length);
    int64_t image = place_of_token.whole;
    int64_t token = place_of_token.rest;
    int64_t patch = token;
    const float *row = nullptr;
    PANAMBA_UNROLL
    for (int i = 0; i < PANAMBA_MAX_CLASS_TOKENS; i++) {
      if (i < class_tokens) {
        row = token == class_index[i] ? class_token + i * dim : row;
        patch -= token > class_index[i] ? 1 : 0;
      }
    }
    const float *add = row ? nullptr : bias;
    row = row ? row : product + (image * (length - class_tokens) + patch) * dim;
    for (int i : block.all()) {
      for (int64_t column = i * Width; column < dim; column += THREADS * Width) {
        place(row, add, token, block.index() * dim, column);
      }
    }
  }

  PANAMBA_HD void place(const float *row, const float *add, int64_t token, int64_t start, int64_t column) const {
    float sum[Width];
    float term[Width];
    load_wide<float, Width>(row + column, sum);
    if (add) {
      load_wide<float, Width>(add + column, term);
      PANAMBA_UNROLL
      for (int j = 0; j < Width; j++) {
        sum[j] += term[j];
      }
    }
    if (position) {
      load_wide<float, Width>(position + token * dim + column, term);
      PANAMBA_UNROLL
      for (int j = 0; j < Width; j++) {
        sum[j] += term[j];
      }
    }
    store_narrow<float, Width>(sum, out + start + column);
  }
};

template <int Width>
static int32_t launch_place(const panamba_patch_embedding_args &a, const float *product, void *stream) {
  place_kernel<Width> kernel = {};
  int64_t rows = (a.height - a.patch_height) / a.stride_height + 1;
  int64_t columns = (a.width - a.patch_width) / a.stride_width + 1;
  kernel.product = product;
  kernel.bias = a.bias;
  kernel.position = a.position;
  kernel.class_token = a.class_token;
  kernel.out = a.out;
  kernel.length = rows * columns + a.class_tokens;
  kernel.dim = a.dim;
  kernel.class_tokens = a.class_tokens;
  for (int i = 0; i < PANAMBA_MAX_CLASS_TOKENS; i++) {
    kernel.class_index[i] = a.class_index[i];
  }
  char shapes[100];
  snprintf(shapes, sizeof shapes, "batch %lld, length %lld, dim %lld", static_cast<long long>(a.batch),
           static_cast<long long>(kernel.length), static_cast<long long>(a.dim));
  return launch("place_tokens", shapes, kernel, {a.batch * kernel.length}, kernel.THREADS, stream);
}

}  // namespace panamba

using namespace panamba;

int32_t panamba_launch_place_tokens(const panamba_cuda_embedding_args *args, void *, void *stream) {
  const panamba_patch_embedding_args &a = args->embedding;
  if (!args->product || !a.out || (a.class_tokens > 0 && !a.class_token)) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "place_tokens: a pointer is null");
  }
  int32_t status = panamba_check_patch_embedding_sizes(&a);
  if (status != PANAMBA_OK) {
    return status;
  }
  bool wide = fits(args->product, a.dim, 4, 16) && fits(a.bias, 0, 4, 16) && fits(a.position, 0, 4, 16) &&
              fits(a.class_token, 0, 4, 16) && fits(a.out, 0, 4, 16);
  return wide ? launch_place<4>(a, args->product, stream) : launch_place<1>(a, args->product, stream);
}

/* Mean and maximum over tokens: neighbouring threads have neighbouring columns, and the `Parts` threads of a column every
 * Parts-th row each. Parts are then put together in pairs. */
#include <stdio.h>

#include "divide.h"
#include "launch.h"
#include "run.h"

namespace panamba {

/* Few rows are shared out over few threads of many columns; many rows over many threads of the eight columns that fill
 * a sector of memory, so that one image alone occupies most of a GPU. */
template <int Columns, int Parts>
struct pool_kernel {
  static constexpr int THREADS = Columns * Parts;
  static constexpr int BLOCKS = 1024 / THREADS;
  static constexpr int AT_ONCE = 4; /* rows that a thread has on the way */
  using thread = nothing;

  struct shared {
    float part[Parts][Columns];
  };

  panamba_pool_args args;
  int64_t column_blocks;

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    quotient place = divide(block.index(), column_blocks);
    int64_t first = place.rest * Columns;
    for (int i : block.all()) {
      int64_t column = first + i % Columns;
      int part = i / Columns;
      if (column < args.dim && part < args.count) {
        block.shared.part[part][i % Columns] = reduce(place.whole, column, part);
      }
    }
    PANAMBA_UNROLL
    for (int half = Parts / 2; half > 0; half /= 2) {
      block.synchronize();
      for (int i : block.all()) {
        int part = i / Columns;
        if (part < half && part + half < args.count && first + i % Columns < args.dim) {
          float &value = block.shared.part[part][i % Columns];
          value = combine(value, block.shared.part[part + half][i % Columns]);
        }
      }
    }
    for (int i : block.all()) {
      if (i < Columns && first + i < args.dim) {
        float value = block.shared.part[0][i];
        value = args.kind == PANAMBA_POOL_MEAN ? value / static_cast<float>(args.count) : value;
        args.out[place.whole * args.dim + first + i] = value;
      }
    }
  }

  PANAMBA_HD float combine(float a, float b) const {
    return args.kind == PANAMBA_POOL_MAX ? panamba_max_nan(a, b) : a + b;
  }

  PANAMBA_HD float reduce(int64_t image, int64_t column, int part) const {
    const float *input = args.input + (image * args.length + args.first) * args.dim + column;
    int64_t stride = args.step * args.dim;
    float value = input[part * stride];
    int64_t row = part + Parts;
    for (; row + (AT_ONCE - 1) * Parts < args.count; row += AT_ONCE * Parts) {
      float next[AT_ONCE];
      PANAMBA_UNROLL
      for (int k = 0; k < AT_ONCE; k++) {
        next[k] = input[(row + k * Parts) * stride];
      }
      PANAMBA_UNROLL
      for (int k = 0; k < AT_ONCE; k++) {
        value = combine(value, next[k]);
      }
    }
    for (; row < args.count; row += Parts) {
      value = combine(value, input[row * stride]);
    }
    return value;
  }
};

template <int Columns, int Parts>
static int32_t launch_pool(const panamba_pool_args &a, void *stream) {
  using kernel_type = pool_kernel<Columns, Parts>;
  kernel_type kernel = {a, ceil_div(a.dim, Columns)};
  char shapes[100];
  snprintf(shapes, sizeof shapes, "batch %lld, length %lld, dim %lld, count %lld", static_cast<long long>(a.batch),
           static_cast<long long>(a.length), static_cast<long long>(a.dim), static_cast<long long>(a.count));
  return launch("pool", shapes, kernel, {a.batch * kernel.column_blocks}, kernel_type::THREADS, stream);
}

}  // namespace panamba

/* By the number of rows alone: an image's bits must not depend on the batch. */
int32_t panamba_launch_pool(const panamba_pool_args *args, void *, void *stream) {
  if (args->count < 128) {
    return panamba::launch_pool<32, 8>(*args, stream);
  }
  return args->count < 1024 ? panamba::launch_pool<16, 32>(*args, stream) : panamba::launch_pool<8, 128>(*args, stream);
}

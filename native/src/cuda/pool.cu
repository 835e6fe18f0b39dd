/* Mean and maximum over tokens: eight threads share a column, each with every eighth row, and the first of them puts
 * the parts together. */
#include <stdio.h>

#include "launch.h"
#include "run.h"

namespace panamba {

struct pool_kernel {
  static constexpr int COLUMNS = 32;
  static constexpr int PARTS = 8;
  static constexpr int THREADS = COLUMNS * PARTS;
  static constexpr int BLOCKS = 1;
  using thread = nothing;

  struct shared {
    float part[PARTS][COLUMNS];
  };

  panamba_pool_args args;
  int64_t column_blocks;

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    int64_t image = block.index() / column_blocks;
    int64_t first = block.index() % column_blocks * COLUMNS;
    for (int i : block.all()) {
      int64_t column = first + i % COLUMNS;
      int part = i / COLUMNS;
      if (column < args.dim && part < args.count) {
        block.shared.part[part][i % COLUMNS] = reduce(image, column, part);
      }
    }
    block.synchronize();
    for (int i : block.all()) {
      if (i < COLUMNS && first + i < args.dim) {
        float value = block.shared.part[0][i];
        for (int part = 1; part < lesser(PARTS, args.count); part++) {
          value = combine(value, block.shared.part[part][i]);
        }
        value = args.kind == PANAMBA_POOL_MEAN ? value / static_cast<float>(args.count) : value;
        args.out[image * args.dim + first + i] = value;
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
    for (int64_t row = part + PARTS; row < args.count; row += PARTS) {
      value = combine(value, input[row * stride]);
    }
    return value;
  }
};

}  // namespace panamba

int32_t panamba_launch_pool(const panamba_pool_args *args, void *, void *stream) {
  panamba::pool_kernel kernel = {*args, panamba::ceil_div(args->dim, panamba::pool_kernel::COLUMNS)};
  char shapes[100];
  snprintf(shapes, sizeof shapes, "batch %lld, length %lld, dim %lld, count %lld", static_cast<long long>(args->batch),
           static_cast<long long>(args->length), static_cast<long long>(args->dim),
           static_cast<long long>(args->count));
  return panamba::launch("pool", shapes, kernel, {args->batch * kernel.column_blocks}, kernel.THREADS, stream);
}

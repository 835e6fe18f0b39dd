/* Rotary position embedding on adjacent pairs. */
#include <stdio.h>

#include "divide.h"
#include "launch.h"
#include "run.h"

namespace panamba {

/* A block has one token. */
struct rotary_kernel {
  static constexpr int THREADS = 64;
  static constexpr int BLOCKS = 1;
  using shared = nothing;
  using thread = nothing;

  panamba_rotary_args args;

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    int64_t position = divide(block.index(), args.length).rest - args.first;
    const float *x = args.x + block.index() * args.dim;
    float *out = args.out + block.index() * args.dim;
    bool turned = position >= 0 && position < args.positions;
    for (int i : block.all()) {
      for (int64_t column = i * 2; column < args.dim; column += THREADS * 2) {
        float even = x[column];
        float odd = x[column + 1];
        const float *cosine = args.cos + position * args.dim + column;
        const float *sine = args.sin + position * args.dim + column;
        out[column] = turned ? even * cosine[0] - odd * sine[0] : even;
        out[column + 1] = turned ? odd * cosine[1] + even * sine[1] : odd;
      }
    }
  }
};

}  // namespace panamba

int32_t panamba_launch_rotary(const panamba_rotary_args *args, void *, void *stream) {
  panamba::rotary_kernel kernel = {*args};
  char shapes[100];
  snprintf(shapes, sizeof shapes, "batch %lld, length %lld, dim %lld", static_cast<long long>(args->batch),
           static_cast<long long>(args->length), static_cast<long long>(args->dim));
  return panamba::launch("rotary", shapes, kernel, {args->batch * args->length}, kernel.THREADS, stream);
}

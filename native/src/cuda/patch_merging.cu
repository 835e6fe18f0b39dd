/* Patch merging: every 2 x 2 pixels as one row. */
#include <stdio.h>

#include "divide.h"
#include "element.h"
#include "launch.h"
#include "row_threads.h"
#include "run.h"

namespace panamba {

/* A block has a piece of a line of merged pixels: of a line's parts, four to each of its pixels, as many as it has
 * rows of threads. */
template <int Width>
struct patch_merging_kernel {
  static constexpr int THREADS = row_threads::THREADS;
  static constexpr int ROWS = row_threads::ROWS;
  static constexpr int BLOCKS = 8;
  using shared = nothing;
  using thread = nothing;

  const float *x;
  float *out;
  int64_t height;
  int64_t width;
  int64_t channels;
  int64_t lines; /* of an image */
  int64_t parts; /* of a line */
  int64_t pieces;
  row_threads threads;

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    quotient piece = divide(block.index(), pieces);
    quotient line = divide(piece.whole, lines);
    int64_t first = piece.rest * threads.rows_of_block();
    for (int i : block.all()) {
      int64_t step = threads.stride() * Width;
      for (int64_t channel = threads.first_pack(i) * Width; channel < channels; channel += step) {
        copy(line, first, i, channel);
      }
    }
  }

  /* A pack of each of a thread's parts. */
  PANAMBA_HD void copy(quotient line, int64_t first, int i, int64_t channel) const {
    pack<float, Width> value[ROWS];
    PANAMBA_UNROLL
    for (int k = 0; k < ROWS; k++) {
      int64_t part = first + threads.row(i, k);
      int64_t row = line.rest * 2 + part % 2;
      int64_t column = part / 4 * 2 + part / 2 % 2;
      value[k] = {};
      if (row < height && column < width) {
        value[k] = load<float, Width>(x + ((line.whole * height + row) * width + column) * channels + channel);
      }
    }
    float *to = out + (line.whole * lines + line.rest) * parts * channels + channel;
    PANAMBA_UNROLL
    for (int k = 0; k < ROWS; k++) {
      int64_t part = first + threads.row(i, k);
      if (part < parts) {
        *reinterpret_cast<pack<float, Width> *>(to + part * channels) = value[k];
      }
    }
  }
};

template <int Width>
static int32_t launch_patch_merging(const panamba_patch_merging_args &a, void *stream) {
  patch_merging_kernel<Width> kernel = {};
  kernel.x = a.x;
  kernel.out = a.out;
  kernel.height = a.height;
  kernel.width = a.width;
  kernel.channels = a.channels;
  kernel.lines = ceil_div(a.height, 2);
  kernel.parts = ceil_div(a.width, 2) * 4;
  kernel.threads = row_threads::of(ceil_div(a.channels, Width));
  kernel.pieces = ceil_div(kernel.parts, kernel.threads.rows_of_block());
  char shapes[100];
  snprintf(shapes, sizeof shapes, "images (%lld, %lld, %lld, %lld)", static_cast<long long>(a.batch),
           static_cast<long long>(a.height), static_cast<long long>(a.width), static_cast<long long>(a.channels));
  return launch("patch_merging", shapes, kernel, {a.batch * kernel.lines * kernel.pieces}, kernel.THREADS, stream);
}

}  // namespace panamba

int32_t panamba_launch_patch_merging(const panamba_patch_merging_args *args, void *, void *stream) {
  if (args->reversed) {
    return panamba_fail(PANAMBA_UNSUPPORTED, "patch_merging: training's reverse is the CPU's");
  }
  bool wide = panamba::fits(args->x, args->channels, 4, 16) && panamba::fits(args->out, args->channels, 4, 16);
  return wide ? panamba::launch_patch_merging<4>(*args, stream) : panamba::launch_patch_merging<1>(*args, stream);
}

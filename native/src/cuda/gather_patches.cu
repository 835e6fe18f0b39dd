/* The patches of images as rows: the first half of the patch embedding, ahead of a matrix product. */
#include <stdio.h>

#include "check_arguments.h"
#include "element.h"
#include "launch.h"
#include "run.h"

namespace panamba {

/* A block has one patch; a thread, `Width` neighbouring pixels of one row of it at a time. */
template <class Element, int Width>
struct gather_kernel {
  static constexpr int THREADS = 128;
  static constexpr int BLOCKS = 1;
  using shared = nothing;
  using thread = nothing;

  const float *image;
  Element *patches;
  int64_t height;
  int64_t width;
  int64_t stride_height;
  int64_t stride_width;
  int64_t rows; /* of the grid */
  int64_t columns;
  int32_t channels;
  int32_t patch_height;
  int32_t patch_width;

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    int64_t patch = block.index() % (rows * columns);
    int64_t top = patch / columns * stride_height;
    int64_t left = patch % columns * stride_width;
    const float *origin = image + block.index() / (rows * columns) * channels * height * width + top * width + left;
    int32_t depth = channels * patch_height * patch_width;
    Element *to = patches + block.index() * depth;
    for (int i : block.all()) {
      for (int32_t k = i * Width; k < depth; k += THREADS * Width) {
        int32_t line = k / patch_width;
        const float *from = origin + (line / patch_height * height + line % patch_height) * width + k % patch_width;
        float pixels[Width];
        load_wide<float, Width>(from, pixels);
        store_narrow<Element, Width>(pixels, to + k);
      }
    }
  }
};

template <class Element, int Width>
static int32_t launch_gather(const panamba_patch_embedding_args &a, void *patches, void *stream) {
  gather_kernel<Element, Width> kernel = {};
  kernel.image = a.image;
  kernel.patches = static_cast<Element *>(patches);
  kernel.height = a.height;
  kernel.width = a.width;
  kernel.stride_height = a.stride_height;
  kernel.stride_width = a.stride_width;
  kernel.rows = (a.height - a.patch_height) / a.stride_height + 1;
  kernel.columns = (a.width - a.patch_width) / a.stride_width + 1;
  kernel.channels = static_cast<int32_t>(a.channels);
  kernel.patch_height = static_cast<int32_t>(a.patch_height);
  kernel.patch_width = static_cast<int32_t>(a.patch_width);
  char shapes[120];
  snprintf(shapes, sizeof shapes, "images (%lld, %lld, %lld, %lld), patches of (%lld, %lld)",
           static_cast<long long>(a.batch), static_cast<long long>(a.channels), static_cast<long long>(a.height),
           static_cast<long long>(a.width), static_cast<long long>(a.patch_height),
           static_cast<long long>(a.patch_width));
  return launch("gather_patches", shapes, kernel, {a.batch * kernel.rows * kernel.columns}, kernel.THREADS, stream);
}

template <class Element>
static int32_t launch_gather_width(const panamba_patch_embedding_args &a, void *patches, void *stream) {
  bool wide = a.patch_width % 4 == 0 && a.stride_width % 4 == 0 && fits(a.image, a.width, 4, 16) &&
              fits(patches, 0, sizeof(Element), 4 * sizeof(Element));
  return wide ? launch_gather<Element, 4>(a, patches, stream) : launch_gather<Element, 1>(a, patches, stream);
}

/* A patch's pixels are counted in 32 bits, with room for a step beyond the last. */
static bool counts_in_32_bits(const panamba_patch_embedding_args &a) {
  return a.channels * a.patch_height * a.patch_width <= INT32_MAX / 2;
}

}  // namespace panamba

using namespace panamba;

int32_t panamba_launch_gather_patches(const panamba_cuda_embedding_args *args, void *, void *stream) {
  const panamba_patch_embedding_args &embedding = args->embedding;
  if (!args->patches || !embedding.image) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "gather_patches: a pointer is null");
  }
  int32_t status = panamba_check_patch_embedding_sizes(&embedding);
  if (status != PANAMBA_OK) {
    return status;
  }
  if (!counts_in_32_bits(embedding)) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "gather_patches: a patch is too large for one call");
  }
  return embedding.dtype == PANAMBA_F32 ? launch_gather_width<float>(embedding, args->patches, stream)
                                        : launch_gather_width<bfloat>(embedding, args->patches, stream);
}

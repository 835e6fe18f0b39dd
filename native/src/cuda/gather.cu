/* What lies under the kernel of a convolution, or in a patch, as rows: the first half of a convolution, ahead of a matrix
 * product. */
#include <stdio.h>

#include "check.h"
#include "element.h"
#include "launch.h"
#include "run.h"

namespace panamba {

/* `Width` neighbouring pixels of a plane; of bytes, what they stand for by `values`. */
template <int Width>
PANAMBA_HD void load_pixels(const float *from, const float *, float (&to)[Width]) {
  load_wide<float, Width>(from, to);
}

template <int Width>
PANAMBA_HD void load_pixels(const uint8_t *from, const float *values, float (&to)[Width]) {
  pack<uint8_t, Width> bytes = load<uint8_t, Width>(from);
  PANAMBA_UNROLL
  for (int i = 0; i < Width; i++) {
    to[i] = values[bytes.element[i]];
  }
}

/*
 * A thread has `Width` neighbours of a row at a time; a block, as many whole rows as give its threads work. Width is
 * above 1 where neighbours of a row are neighbours in the input, too. Places, and numbers of a row, are counted in 32
 * bits.
 */
template <class In, class Out, int Width, bool Planar>
struct gather_kernel {
  static constexpr int THREADS = 128;
  static constexpr int BLOCKS = 8;
  using shared = nothing;
  using thread = nothing;

  const In *input;
  const float *pixel_values;
  Out *patches;
  int64_t input_pixel_stride;
  uint32_t places;
  uint32_t places_of_block;
  uint32_t chunks; /* of `Width` numbers, in a row of patches with its padding */
  uint32_t depth;
  int32_t height;
  int32_t width;
  int32_t channels;
  int32_t kernel_height;
  int32_t kernel_width;
  int32_t stride_height;
  int32_t stride_width;
  int32_t padding;
  uint32_t out_height;
  uint32_t out_width;
  bool transposed;

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    uint32_t first = static_cast<uint32_t>(block.index()) * places_of_block;
    uint32_t count = (places - first < places_of_block ? places - first : places_of_block) * chunks;
    for (int i : block.all()) {
      for (uint32_t chunk = static_cast<uint32_t>(i); chunk < count; chunk += THREADS) {
        uint32_t place = first + chunk / chunks;
        uint32_t number = chunk % chunks * Width;
        Out *to = patches + (static_cast<int64_t>(place) * chunks * Width + number);
        float values[Width] = {};
        if (number < depth) {
          read(place, number, values);
        }
        store_narrow<Out, Width>(values, to);
      }
    }
  }

  PANAMBA_HD void read(uint32_t place, uint32_t number, float (&values)[Width]) const {
    int64_t image = place / out_width / out_height;
    int32_t y = static_cast<int32_t>(place / out_width % out_height);
    int32_t x = static_cast<int32_t>(place % out_width);
    uint32_t kernel_columns = static_cast<uint32_t>(kernel_width);
    uint32_t inner = Planar ? kernel_columns : static_cast<uint32_t>(channels);
    uint32_t line = number / inner;
    int32_t rest = static_cast<int32_t>(number % inner);
    if constexpr (Planar) {
      int32_t channel = static_cast<int32_t>(line / static_cast<uint32_t>(kernel_height));
      int32_t row = y * stride_height + static_cast<int32_t>(line % static_cast<uint32_t>(kernel_height)) - padding;
      int32_t column = x * stride_width + rest - padding;
      if (row >= 0 && row < height && column >= 0 && column < width) {
        const In *from = input + (((image * channels + channel) * height + row) * width + column);
        load_pixels<Width>(from, pixel_values + channel * 256, values);
      }
    } else {
      int32_t row = source(y, static_cast<int32_t>(line / kernel_columns), stride_height);
      int32_t column = source(x, static_cast<int32_t>(line % kernel_columns), stride_width);
      if (row >= 0 && row < height && column >= 0 && column < width) {
        load_wide<In, Width>(input + (((image * height + row) * width + column) * input_pixel_stride + rest), values);
      }
    }
  }

  /* Where tap k of place p reads, or -1: a coordinate that is no whole number lies outside. */
  PANAMBA_HD int32_t source(int32_t p, int32_t k, int32_t stride) const {
    if (!transposed) {
      return p * stride + k - padding;
    }
    int32_t shifted = p + padding - k;
    return shifted >= 0 && shifted % stride == 0 ? shifted / stride : -1;
  }
};

template <class In, class Out, int Width, bool Planar>
static int32_t launch_gather(const panamba_cuda_gather_args &a, void *stream) {
  using kernel_type = gather_kernel<In, Out, Width, Planar>;
  kernel_type kernel = {};
  kernel.input = static_cast<const In *>(a.input);
  kernel.pixel_values = a.pixel_values;
  kernel.patches = static_cast<Out *>(a.patches);
  kernel.input_pixel_stride = a.input_pixel_stride;
  kernel.places = static_cast<uint32_t>(a.batch * a.out_height * a.out_width);
  kernel.chunks = static_cast<uint32_t>(a.patch_row_stride / Width);
  kernel.places_of_block = static_cast<uint32_t>(ceil_div(kernel_type::THREADS, static_cast<int64_t>(kernel.chunks)));
  kernel.depth = static_cast<uint32_t>(a.channels * a.kernel_height * a.kernel_width);
  kernel.height = static_cast<int32_t>(a.height);
  kernel.width = static_cast<int32_t>(a.width);
  kernel.channels = static_cast<int32_t>(a.channels);
  kernel.kernel_height = static_cast<int32_t>(a.kernel_height);
  kernel.kernel_width = static_cast<int32_t>(a.kernel_width);
  kernel.stride_height = static_cast<int32_t>(a.stride_height);
  kernel.stride_width = static_cast<int32_t>(a.stride_width);
  kernel.padding = static_cast<int32_t>(a.padding);
  kernel.out_height = static_cast<uint32_t>(a.out_height);
  kernel.out_width = static_cast<uint32_t>(a.out_width);
  kernel.transposed = a.transposed;
  char shapes[160];
  snprintf(shapes, sizeof shapes, "images (%lld, %lld, %lld, %lld), kernel (%lld, %lld)",
           static_cast<long long>(a.batch), static_cast<long long>(a.channels), static_cast<long long>(a.height),
           static_cast<long long>(a.width), static_cast<long long>(a.kernel_height),
           static_cast<long long>(a.kernel_width));
  return launch("gather", shapes, kernel, {ceil_div(kernel.places, kernel.places_of_block)}, kernel.THREADS, stream);
}

/* Rows of patches can be written `width` numbers at a time. */
template <class Out>
static bool writes_wide(const panamba_cuda_gather_args &a, int64_t width) {
  constexpr int64_t size = sizeof(Out);
  return a.patch_row_stride % width == 0 && fits(a.patches, a.patch_row_stride, size, width * size);
}

template <class In, class Out>
static int32_t launch_planes(const panamba_cuda_gather_args &a, void *stream) {
  constexpr int64_t size = sizeof(In);
  bool wide = a.kernel_width % 4 == 0 && a.stride_width % 4 == 0 && a.padding == 0 &&
              fits(a.input, a.width, size, 4 * size) && writes_wide<Out>(a, 4);
  return wide ? launch_gather<In, Out, 4, true>(a, stream) : launch_gather<In, Out, 1, true>(a, stream);
}

/* 16 bytes at a time. */
template <class Element>
static int32_t launch_pixels(const panamba_cuda_gather_args &a, void *stream) {
  constexpr int64_t size = sizeof(Element);
  constexpr int width = 16 / size;
  bool wide =
      a.channels % width == 0 && fits(a.input, a.input_pixel_stride, size, 16) && writes_wide<Element>(a, width);
  return wide ? launch_gather<Element, Element, width, false>(a, stream)
              : launch_gather<Element, Element, 1, false>(a, stream);
}

template <class Out>
static int32_t launch_input(const panamba_cuda_gather_args &a, void *stream) {
  if (!a.planar) {
    return launch_pixels<Out>(a, stream);
  }
  return a.pixel_values ? launch_planes<uint8_t, Out>(a, stream) : launch_planes<float, Out>(a, stream);
}

static int32_t panamba_check_gather(const panamba_cuda_gather_args *a) {
  REQUIRE(a->input && a->patches && a->input != a->patches);
  REQUIRE(is_activation(a->dtype) && a->reserved == 0);
  REQUIRE(a->planar == 0 || a->planar == 1);
  REQUIRE(a->transposed == 0 || (a->transposed == 1 && !a->planar));
  REQUIRE(a->planar || !a->pixel_values);
  REQUIRE(sized(a->kernel_height) && sized(a->kernel_width) && sized(a->stride_height) && sized(a->stride_width));
  REQUIRE(a->padding >= 0 && a->padding < a->kernel_height && a->padding < a->kernel_width);
  REQUIRE(volume(a->batch, a->height, a->width));
  REQUIRE(volume(a->batch * a->height, a->width, a->planar ? a->channels : a->input_pixel_stride));
  REQUIRE(volume(a->channels, a->kernel_height, a->kernel_width));
  REQUIRE(a->planar || a->input_pixel_stride >= a->channels);
  REQUIRE(volume(a->batch, a->out_height, a->out_width));
  if (a->transposed) {
    REQUIRE(reaches(a->out_height, a->padding, a->kernel_height, a->stride_height, a->height));
    REQUIRE(reaches(a->out_width, a->padding, a->kernel_width, a->stride_width, a->width));
  } else {
    REQUIRE(reaches(a->height, a->padding, a->kernel_height, a->stride_height, a->out_height));
    REQUIRE(reaches(a->width, a->padding, a->kernel_width, a->stride_width, a->out_width));
  }
  REQUIRE(a->patch_row_stride >= a->channels * a->kernel_height * a->kernel_width);
  REQUIRE(volume(a->batch * a->out_height, a->out_width, a->patch_row_stride));
  return PANAMBA_OK;
}

/* With room for a kernel and a stride beyond the borders, and a step beyond the last number of a row. */
static bool counts_in_32_bits(const panamba_cuda_gather_args &a) {
  constexpr int64_t most = INT32_MAX / 4;
  return a.batch * a.out_height * a.out_width <= most && a.patch_row_stride <= most && a.height <= most &&
         a.width <= most && a.stride_height <= most && a.stride_width <= most &&
         a.out_height * a.stride_height <= most && a.out_width * a.stride_width <= most;
}

}  // namespace panamba

int32_t panamba_launch_gather(const panamba_cuda_gather_args *args, void *, void *stream) {
  int32_t status = panamba::panamba_check_gather(args);
  if (status != PANAMBA_OK) {
    return status;
  }
  if (!panamba::counts_in_32_bits(*args)) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "gather: too large for one call");
  }
  return args->dtype == PANAMBA_F32 ? panamba::launch_input<float>(*args, stream)
                                    : panamba::launch_input<panamba::bfloat>(*args, stream);
}

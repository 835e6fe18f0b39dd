/*
 * Depthwise convolution over a grid. A block copies the pixels under its tiles, and the kernel's taps, to shared memory.
 * Each of its warps has a tile of ROWS x COLUMNS pixels, and each lane `WIDTH` neighbouring channels of it: a pixel that
 * is read from shared memory feeds up to SIDE x SIDE sums, which are in registers, as are the taps.
 */
#include <stdio.h>

#include "divide.h"
#include "element.h"
#include "launch.h"
#include "run.h"

namespace panamba {

/* `Wide` if x can be read 16 bytes at a time, and pairs of channels from everything else. */
template <class Element, int Side, bool Wide>
struct depthwise_kernel {
  static constexpr int THREADS = 128;
  static constexpr int BLOCKS = Side == 3 ? 5 : 4;
  /* Registers hold the sums and taps of two channels of a kernel of 3, of one of the others. Seven columns: sides of
   * images are 7 * 2^n as a rule. */
  static constexpr int WIDTH = Wide && Side == 3 ? 2 : 1;
  static constexpr int ROWS = 4;
  static constexpr int COLUMNS = Side == 3 ? 4 : 7;
  static constexpr int TILES_DOWN = 2;
  static constexpr int TILES_ACROSS = 2;
  static constexpr int CHANNELS = WARP * WIDTH;
  static constexpr int REACH = Side / 2;
  static constexpr int READ_ROWS = TILES_DOWN * ROWS + 2 * REACH;
  static constexpr int READ_COLUMNS = TILES_ACROSS * COLUMNS + 2 * REACH;
  static constexpr int PACK = Wide ? static_cast<int>(16 / sizeof(Element)) : 1;
  static constexpr int TAP_PACK = Wide ? 4 : 1;
  static_assert(TILES_DOWN * TILES_ACROSS * WARP == THREADS, "a warp has a tile");
  using thread = nothing;
  using sums = float[ROWS][COLUMNS][WIDTH];

  struct shared {
    alignas(16) Element pixel[READ_ROWS * READ_COLUMNS][CHANNELS];
    alignas(16) float tap[Side * Side][CHANNELS];
  };

  const Element *x;
  const float *weight;
  const float *bias;
  const Element *gate;
  Element *out;
  int64_t x_image_stride;
  int64_t gate_image_stride;
  int64_t out_image_stride;
  int64_t tap_stride; /* below 0 if flipped */
  int64_t blocks_of_image;
  int64_t blocks_across;
  int32_t height;
  int32_t width;
  int32_t channels;
  uint32_t x_pixel_bytes;
  uint32_t gate_pixel_bytes;
  uint32_t out_pixel_bytes;
  int32_t activation;

  /* Where a tile is, or a block's tiles are. */
  struct place {
    int64_t image;
    int top;
    int left;
    int channel;
  };

  /* `pixel` times `bytes` from a place: one instruction, since both factors are 32 bits. */
  template <class Byte, class Type>
  PANAMBA_HD static Type *at(Type *from, int pixel, uint32_t bytes) {
    uint64_t offset = static_cast<uint64_t>(static_cast<uint32_t>(pixel)) * bytes;
    return reinterpret_cast<Type *>(reinterpret_cast<Byte *>(from) + offset);
  }

  PANAMBA_HD static bool inside(int place, int32_t side) {
    return static_cast<uint32_t>(place) < static_cast<uint32_t>(side);
  }

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    quotient image = divide(block.index(), blocks_of_image);
    quotient piece = divide(image.rest, blocks_across);
    place first = {image.whole, static_cast<int>(piece.whole) * (TILES_DOWN * ROWS),
                   static_cast<int>(piece.rest) * (TILES_ACROSS * COLUMNS), block.index_y() * CHANNELS};
    for (int i : block.all()) {
      fetch_pixels(block, first, i);
      fetch_taps(block, first.channel, i);
      block.wait_for_copies();
    }
    block.synchronize();
    for (int i : block.all()) {
      int down = i / WARP / TILES_ACROSS * ROWS;
      int across = i / WARP % TILES_ACROSS * COLUMNS;
      int lane = i % WARP * WIDTH;
      place own = {first.image, first.top + down, first.left + across, first.channel + lane};
      if (own.top < height && own.left < width && own.channel < channels) {
        convolve(block.shared, down * READ_COLUMNS + across, lane, own);
      }
    }
  }

  /* Outside of the grid and beyond the last channel are zeros. A thread's packs are all of the same channels, so that
   * from one to the next there are a few additions and no division. */
  template <class Block>
  PANAMBA_HD void fetch_pixels(Block &block, const place &first, int i) const {
    constexpr int packs = CHANNELS / PACK;
    constexpr int step = THREADS / packs;
    int channel = i % packs * PACK;
    int row = i / packs / READ_COLUMNS;
    int column = i / packs % READ_COLUMNS;
    const Element *from = x + first.image * x_image_stride + first.channel + channel;
    for (int pixel = i / packs; pixel < READ_ROWS * READ_COLUMNS; pixel += step) {
      int y = first.top - REACH + row;
      int left = first.left - REACH + column;
      bool exists = inside(y, height) && inside(left, width) && first.channel + channel < channels;
      fetch<Element, PACK>(block, at<const char>(from, exists ? y * width + left : 0, x_pixel_bytes), exists,
                           &block.shared.pixel[pixel][channel]);
      row += step / READ_COLUMNS;
      column += step % READ_COLUMNS;
      if (column >= READ_COLUMNS) {
        column -= READ_COLUMNS;
        row++;
      }
    }
  }

  template <class Block>
  PANAMBA_HD void fetch_taps(Block &block, int first_channel, int i) const {
    constexpr int packs = CHANNELS / TAP_PACK;
    constexpr int step = THREADS / packs;
    int channel = i % packs * TAP_PACK;
    const float *from = weight + i / packs * tap_stride + first_channel + channel;
    for (int tap = i / packs; tap < Side * Side; tap += step) {
      fetch<float, TAP_PACK>(block, from, first_channel + channel < channels, &block.shared.tap[tap][channel]);
      from += step * tap_stride;
    }
  }

  template <class Type, int Count, class Block>
  PANAMBA_HD static void fetch(Block &block, const Type *from, bool exists, Type *to) {
    constexpr int bytes = Count * static_cast<int>(sizeof(Type));
    if constexpr (bytes >= 4) {
      block.template copy_or_zero<bytes>(reinterpret_cast<float *>(to), reinterpret_cast<const float *>(from), exists);
    } else {
      *to = exists ? *from : Type{};
    }
  }

  /* `corner` is the block's pixel under the first tap at the tile's first pixel. */
  PANAMBA_HD void convolve(const shared &s, int corner, int lane, const place &own) const {
    float tap[Side * Side][WIDTH];
    PANAMBA_UNROLL
    for (int k = 0; k < Side * Side; k++) {
      load_wide<float, WIDTH>(&s.tap[k][lane], tap[k]);
    }
    float start[WIDTH] = {};
    if (bias) {
      load_wide<float, WIDTH>(bias + own.channel, start);
    }
    sums sum;
    PANAMBA_UNROLL
    for (int n = 0; n < ROWS * COLUMNS * WIDTH; n++) {
      sum[n / WIDTH / COLUMNS][n / WIDTH % COLUMNS][n % WIDTH] = start[n % WIDTH];
    }
    PANAMBA_UNROLL
    for (int i = 0; i < ROWS + 2 * REACH; i++) {
      PANAMBA_UNROLL
      for (int k = 0; k < COLUMNS + 2 * REACH; k++) {
        float value[WIDTH];
        load_wide<Element, WIDTH>(&s.pixel[corner + i * READ_COLUMNS + k][lane], value);
        add_pixel(value, tap, i, k, sum);
      }
    }
    finish(sum, own);
  }

  /* Adds the pixel (i, k) of those under the tile to the sums that it belongs to. */
  PANAMBA_HD static void add_pixel(const float (&value)[WIDTH], const float (&tap)[Side * Side][WIDTH], int i, int k,
                                   sums &sum) {
    PANAMBA_UNROLL
    for (int row = 0; row < ROWS; row++) {
      PANAMBA_UNROLL
      for (int column = 0; column < COLUMNS; column++) {
        if (i >= row && i < row + Side && k >= column && k < column + Side) {
          PANAMBA_UNROLL
          for (int j = 0; j < WIDTH; j++) {
            sum[row][column][j] = fmaf(tap[(i - row) * Side + k - column][j], value[j], sum[row][column][j]);
          }
        }
      }
    }
  }

  template <float (*Function)(float)>
  PANAMBA_HD static void apply(sums &sum) {
    PANAMBA_UNROLL
    for (int n = 0; n < ROWS * COLUMNS * WIDTH; n++) {
      float &value = sum[n / WIDTH / COLUMNS][n / WIDTH % COLUMNS][n % WIDTH];
      value = Function(value);
    }
  }

  PANAMBA_HD void finish(sums &sum, const place &own) const {
    if (activation == PANAMBA_ACTIVATION_SILU) {
      apply<panamba_silu>(sum);
    } else if (activation == PANAMBA_ACTIVATION_GELU) {
      apply<panamba_gelu>(sum);
    } else if (activation == PANAMBA_ACTIVATION_RELU) {
      apply<panamba_relu>(sum);
    }
    if (gate) {
      multiply(sum, own);
    }
    Element *to = out + own.image * out_image_stride + own.channel;
    PANAMBA_UNROLL
    for (int row = 0; row < ROWS; row++) {
      PANAMBA_UNROLL
      for (int column = 0; column < COLUMNS; column++) {
        Element *pixel = at<char>(to, (own.top + row) * width + own.left + column, out_pixel_bytes);
        pack<Element, WIDTH> result;
        PANAMBA_UNROLL
        for (int j = 0; j < WIDTH; j++) {
          narrow(sum[row][column][j], &result.element[j]);
        }
        if (own.top + row < height && own.left + column < width) {
          *reinterpret_cast<pack<Element, WIDTH> *>(pixel) = result;
        }
      }
    }
  }

  /* All of the gate is read before anything is written in its place, so that its loads are on the way together; for
   * pixels outside of the grid another one's, without a branch. */
  PANAMBA_HD void multiply(sums &sum, const place &own) const {
    const Element *from = gate + own.image * gate_image_stride + own.channel;
    pack<Element, WIDTH> factor[ROWS][COLUMNS];
    PANAMBA_UNROLL
    for (int row = 0; row < ROWS; row++) {
      PANAMBA_UNROLL
      for (int column = 0; column < COLUMNS; column++) {
        int y = own.top + row < height ? own.top + row : own.top;
        int pixel = y * width + (own.left + column < width ? own.left + column : own.left);
        factor[row][column] = load<Element, WIDTH>(at<const char>(from, pixel, gate_pixel_bytes));
      }
    }
    PANAMBA_UNROLL
    for (int n = 0; n < ROWS * COLUMNS * WIDTH; n++) {
      int column = n / WIDTH % COLUMNS;
      sum[n / WIDTH / COLUMNS][column][n % WIDTH] *= widen(factor[n / WIDTH / COLUMNS][column].element[n % WIDTH]);
    }
  }
};

/* Pixels of an image, with room for the tiles at its ends, and bytes of a pixel. */
static bool counts_in_32_bits(const panamba_depthwise_args &a) {
  constexpr int64_t most = INT32_MAX / 4;
  return a.width <= most && a.height <= most / (a.width + 64) - 64 && a.x_pixel_stride <= most &&
         a.out_pixel_stride <= most && (!a.gate || a.gate_pixel_stride <= most);
}

template <class Element, int Side, bool Wide>
static int32_t launch_depthwise(const panamba_depthwise_args &a, void *stream) {
  using kernel_type = depthwise_kernel<Element, Side, Wide>;
  char shapes[120];
  snprintf(shapes, sizeof shapes, "images (%lld, %lld, %lld, %lld), side %d", static_cast<long long>(a.batch),
           static_cast<long long>(a.height), static_cast<long long>(a.width), static_cast<long long>(a.channels), Side);
  if (!counts_in_32_bits(a)) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "depthwise: too large for one call: %s", shapes);
  }
  constexpr int64_t size = sizeof(Element);
  int64_t gate_pixel_stride = a.gate ? a.gate_pixel_stride : 0;
  kernel_type kernel = {};
  kernel.x = static_cast<const Element *>(a.x);
  kernel.weight = a.weight + (a.flipped ? (Side * Side - 1) * a.channels : 0);
  kernel.bias = a.bias;
  kernel.gate = static_cast<const Element *>(a.gate);
  kernel.out = static_cast<Element *>(a.out);
  kernel.height = static_cast<int32_t>(a.height);
  kernel.width = static_cast<int32_t>(a.width);
  kernel.channels = static_cast<int32_t>(a.channels);
  kernel.x_pixel_bytes = static_cast<uint32_t>(a.x_pixel_stride * size);
  kernel.gate_pixel_bytes = static_cast<uint32_t>(gate_pixel_stride * size);
  kernel.out_pixel_bytes = static_cast<uint32_t>(a.out_pixel_stride * size);
  kernel.x_image_stride = a.height * a.width * a.x_pixel_stride;
  kernel.gate_image_stride = a.height * a.width * gate_pixel_stride;
  kernel.out_image_stride = a.height * a.width * a.out_pixel_stride;
  kernel.tap_stride = a.flipped ? -a.channels : a.channels;
  kernel.blocks_across = ceil_div(a.width, kernel_type::TILES_ACROSS * kernel_type::COLUMNS);
  kernel.blocks_of_image = ceil_div(a.height, kernel_type::TILES_DOWN * kernel_type::ROWS) * kernel.blocks_across;
  kernel.activation = a.activation;
  return launch("depthwise", shapes, kernel,
                {a.batch * kernel.blocks_of_image, ceil_div(a.channels, kernel_type::CHANNELS)}, kernel_type::THREADS,
                stream);
}

template <class Element, int Side>
static int32_t launch_width(const panamba_depthwise_args &a, void *stream) {
  constexpr int64_t size = sizeof(Element);
  bool wide = a.channels * size % 16 == 0 && fits(a.x, a.x_pixel_stride, size, 16) && fits(a.weight, 0, 4, 16) &&
              fits(a.bias, 0, 4, 8) && fits(a.out, a.out_pixel_stride, size, 2 * size) &&
              fits(a.gate, a.gate ? a.gate_pixel_stride : 0, size, 2 * size);
  return wide ? launch_depthwise<Element, Side, true>(a, stream) : launch_depthwise<Element, Side, false>(a, stream);
}

template <class Element>
static int32_t launch_side(const panamba_depthwise_args &a, void *stream) {
  switch (a.side) {
    case 3: return launch_width<Element, 3>(a, stream);
    case 5: return launch_width<Element, 5>(a, stream);
    default: return launch_width<Element, 7>(a, stream);
  }
}

}  // namespace panamba

int32_t panamba_launch_depthwise(const panamba_depthwise_args *args, void *, void *stream) {
  return args->dtype == PANAMBA_F32 ? panamba::launch_side<float>(*args, stream)
                                    : panamba::launch_side<panamba::bfloat>(*args, stream);
}

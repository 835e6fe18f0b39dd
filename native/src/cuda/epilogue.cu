/* Bias, activation and conversion of a matrix. */
#include <stdio.h>

#include "element.h"
#include "launch.h"
#include "run.h"

namespace panamba {

/* A block has one row. */
template <class In, class Out, int Width>
struct epilogue_kernel {
  static constexpr int THREADS = 128;
  static constexpr int BLOCKS = 1;
  using shared = nothing;
  using thread = nothing;

  const In *input;
  const float *bias;
  Out *out;
  int64_t columns;
  int64_t input_row_stride;
  int64_t out_row_stride;
  int32_t activation;

  PANAMBA_HD float activated(float value) const {
    if (activation == PANAMBA_ACTIVATION_SILU) {
      return panamba_silu(value);
    }
    return activation == PANAMBA_ACTIVATION_GELU ? panamba_gelu(value) : value;
  }

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    const In *from = input + block.index() * input_row_stride;
    Out *to = out + block.index() * out_row_stride;
    for (int i : block.all()) {
      for (int64_t column = i * Width; column < columns; column += THREADS * Width) {
        float value[Width];
        load_wide<In, Width>(from + column, value);
        PANAMBA_UNROLL
        for (int j = 0; j < Width; j++) {
          value[j] = bias ? value[j] + bias[column + j] : value[j];
          value[j] = activated(value[j]);
        }
        store_narrow<Out, Width>(value, to + column);
      }
    }
  }
};

template <class In, class Out, int Width>
static int32_t launch_epilogue(const panamba_cuda_epilogue_args &a, void *stream) {
  epilogue_kernel<In, Out, Width> kernel = {};
  kernel.input = static_cast<const In *>(a.input);
  kernel.bias = a.bias;
  kernel.out = static_cast<Out *>(a.out);
  kernel.columns = a.columns;
  kernel.input_row_stride = a.input_row_stride;
  kernel.out_row_stride = a.out_row_stride;
  kernel.activation = a.activation;
  char shapes[80];
  snprintf(shapes, sizeof shapes, "rows %lld, columns %lld", static_cast<long long>(a.rows),
           static_cast<long long>(a.columns));
  return launch("epilogue", shapes, kernel, {a.rows}, kernel.THREADS, stream);
}

template <class In, class Out>
static int32_t launch_width(const panamba_cuda_epilogue_args &a, void *stream) {
  constexpr int64_t in = sizeof(In);
  constexpr int64_t out = sizeof(Out);
  bool wide = a.columns % 4 == 0 && fits(a.input, a.input_row_stride, in, 4 * in) &&
              fits(a.out, a.out_row_stride, out, 4 * out);
  return wide ? launch_epilogue<In, Out, 4>(a, stream) : launch_epilogue<In, Out, 1>(a, stream);
}

template <class In>
static int32_t launch_out(const panamba_cuda_epilogue_args &a, void *stream) {
  return a.out_dtype == PANAMBA_F32 ? launch_width<In, float>(a, stream) : launch_width<In, bfloat>(a, stream);
}

static bool is_activation_type(int32_t dtype) { return dtype == PANAMBA_F32 || dtype == PANAMBA_BF16; }

/* Whether rows of `columns`, `stride` apart, are few enough that no product of sizes overflows. */
static bool sized(int64_t rows, int64_t columns, int64_t stride) {
  constexpr int64_t most = int64_t{1} << 40;
  return rows >= 1 && columns >= 1 && columns <= stride && stride <= most && rows <= most / stride;
}

}  // namespace panamba

using namespace panamba;

int32_t panamba_launch_epilogue(const panamba_cuda_epilogue_args *args, void *, void *stream) {
  if (!args->input || !args->out) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "epilogue: a pointer is null");
  }
  if (!is_activation_type(args->input_dtype) || !is_activation_type(args->out_dtype) || args->reserved != 0 ||
      args->activation < PANAMBA_ACTIVATION_NONE || args->activation > PANAMBA_ACTIVATION_GELU) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "epilogue: element types %d and %d, activation %d, reserved %d",
                        args->input_dtype, args->out_dtype, args->activation, args->reserved);
  }
  if (!sized(args->rows, args->columns, args->input_row_stride) ||
      !sized(args->rows, args->columns, args->out_row_stride)) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "epilogue: a matrix of (%lld, %lld) with rows %lld and %lld apart",
                        static_cast<long long>(args->rows), static_cast<long long>(args->columns),
                        static_cast<long long>(args->input_row_stride), static_cast<long long>(args->out_row_stride));
  }
  return args->input_dtype == PANAMBA_F32 ? launch_out<float>(*args, stream) : launch_out<bfloat>(*args, stream);
}

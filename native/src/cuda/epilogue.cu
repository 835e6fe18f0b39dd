/* Bias, activation, gate and conversion of a matrix. */
#include <stdio.h>

#include "activation.h"
#include "check.h"
#include "element.h"
#include "launch.h"
#include "row_threads.h"
#include "run.h"

namespace panamba {

template <class In, class Out, int Width>
struct epilogue_kernel {
  static constexpr int THREADS = row_threads::THREADS;
  static constexpr int ROWS = row_threads::ROWS;
  static constexpr int BLOCKS = 8;
  using shared = nothing;
  using thread = nothing;

  const In *input;
  const float *bias;
  const Out *gate;
  Out *out;
  int64_t rows;
  int64_t columns;
  int64_t input_row_stride;
  int64_t gate_row_stride;
  int64_t out_row_stride;
  row_threads threads;
  int32_t activation;

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    int64_t first = block.index() * threads.rows_of_block();
    for (int i : block.all()) {
      int64_t step = threads.stride() * Width;
      for (int64_t column = threads.first_pack(i) * Width; column < columns; column += step) {
        finish(first, i, column);
      }
    }
  }

  /* A pack of each of a thread's rows. */
  PANAMBA_HD void finish(int64_t first, int i, int64_t column) const {
    pack<In, Width> value[ROWS];
    pack<Out, Width> factor[ROWS];
    PANAMBA_UNROLL
    for (int k = 0; k < ROWS; k++) {
      int64_t row = first + threads.row(i, k);
      if (row < rows) {
        value[k] = load<In, Width>(input + row * input_row_stride + column);
        if (gate) {
          factor[k] = load<Out, Width>(gate + row * gate_row_stride + column);
        }
      }
    }
    PANAMBA_UNROLL
    for (int k = 0; k < ROWS; k++) {
      int64_t row = first + threads.row(i, k);
      if (row < rows) {
        float result[Width];
        widen_all<Width>(value[k], result);
        PANAMBA_UNROLL
        for (int j = 0; j < Width; j++) {
          result[j] = activated(bias ? result[j] + bias[column + j] : result[j], activation);
          if (gate) {
            result[j] *= widen(factor[k].element[j]);
          }
        }
        store_narrow<Out, Width>(result, out + row * out_row_stride + column);
      }
    }
  }
};

template <class In, class Out, int Width>
static int32_t launch_epilogue(const panamba_cuda_epilogue_args &a, void *stream) {
  epilogue_kernel<In, Out, Width> kernel = {};
  kernel.input = static_cast<const In *>(a.input);
  kernel.bias = a.bias;
  kernel.gate = static_cast<const Out *>(a.gate);
  kernel.out = static_cast<Out *>(a.out);
  kernel.rows = a.rows;
  kernel.columns = a.columns;
  kernel.input_row_stride = a.input_row_stride;
  kernel.gate_row_stride = a.gate_row_stride;
  kernel.out_row_stride = a.out_row_stride;
  kernel.threads = row_threads::of(ceil_div(a.columns, Width));
  kernel.activation = a.activation;
  char shapes[80];
  snprintf(shapes, sizeof shapes, "rows %lld, columns %lld", static_cast<long long>(a.rows),
           static_cast<long long>(a.columns));
  return launch("epilogue", shapes, kernel, {ceil_div(a.rows, kernel.threads.rows_of_block())}, kernel.THREADS, stream);
}

template <class In, class Out>
static int32_t launch_width(const panamba_cuda_epilogue_args &a, void *stream) {
  bool wide = a.columns % 4 == 0 && fits(a.input, a.input_row_stride, sizeof(In), 4 * sizeof(In)) &&
              fits(a.out, a.out_row_stride, sizeof(Out), 4 * sizeof(Out)) &&
              fits(a.gate, a.gate ? a.gate_row_stride : 0, sizeof(Out), 4 * sizeof(Out));
  return wide ? launch_epilogue<In, Out, 4>(a, stream) : launch_epilogue<In, Out, 1>(a, stream);
}

template <class In>
static int32_t launch_out(const panamba_cuda_epilogue_args &a, void *stream) {
  return a.out_dtype == PANAMBA_F32 ? launch_width<In, float>(a, stream) : launch_width<In, bfloat>(a, stream);
}

static int32_t launch_in(const panamba_cuda_epilogue_args &a, void *stream) {
  return a.input_dtype == PANAMBA_F32 ? launch_out<float>(a, stream) : launch_out<bfloat>(a, stream);
}

/* Whether a matrix with rows `stride` apart is not too large. */
static bool is_matrix(int64_t rows, int64_t columns, int64_t stride) {
  return columns >= 1 && columns <= stride && volume(rows, stride, 1);
}

}  // namespace panamba

using namespace panamba;

int32_t panamba_launch_epilogue(const panamba_cuda_epilogue_args *args, void *, void *stream) {
  if (!args->input || !args->out) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "epilogue: a pointer is null");
  }
  if (!is_activation(args->input_dtype) || !is_activation(args->out_dtype) || args->reserved != 0 ||
      args->activation < PANAMBA_ACTIVATION_NONE || args->activation > PANAMBA_ACTIVATION_RELU) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "epilogue: element types %d and %d, activation %d, reserved %d",
                        args->input_dtype, args->out_dtype, args->activation, args->reserved);
  }
  if (!is_matrix(args->rows, args->columns, args->input_row_stride) ||
      !is_matrix(args->rows, args->columns, args->out_row_stride)) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "epilogue: a matrix of (%lld, %lld) with rows %lld and %lld apart",
                        static_cast<long long>(args->rows), static_cast<long long>(args->columns),
                        static_cast<long long>(args->input_row_stride), static_cast<long long>(args->out_row_stride));
  }
  if (args->input == args->out &&
      (args->input_dtype != args->out_dtype || args->input_row_stride != args->out_row_stride)) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT,
                        "epilogue: in place, but with types %d and %d, rows %lld and %lld apart", args->input_dtype,
                        args->out_dtype, static_cast<long long>(args->input_row_stride),
                        static_cast<long long>(args->out_row_stride));
  }
  if (args->gate && (!is_matrix(args->rows, args->columns, args->gate_row_stride) ||
                     (args->gate == args->out && args->gate_row_stride != args->out_row_stride))) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "epilogue: a gate of (%lld, %lld) with rows %lld apart%s",
                        static_cast<long long>(args->rows), static_cast<long long>(args->columns),
                        static_cast<long long>(args->gate_row_stride),
                        args->gate == args->out ? ", in place of the result" : "");
  }
  return launch_in(*args, stream);
}

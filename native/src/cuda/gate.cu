/* The product of two activations, element by element. */
#include <stdio.h>

#include "element.h"
#include "launch.h"
#include "row_threads.h"
#include "run.h"

namespace panamba {

template <class Element, int Width>
struct gate_kernel {
  static constexpr int THREADS = row_threads::THREADS;
  static constexpr int ROWS = row_threads::ROWS;
  static constexpr int BLOCKS = 8;
  using shared = nothing;
  using thread = nothing;

  const Element *gate;
  const Element *x;
  Element *out;
  int64_t rows;
  int64_t columns;
  int64_t gate_row_stride;
  int64_t x_row_stride;
  int64_t out_row_stride;
  row_threads threads;

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    int64_t first = block.index() * threads.rows_of_block();
    for (int i : block.all()) {
      int64_t step = threads.stride() * Width;
      for (int64_t column = threads.first_pack(i) * Width; column < columns; column += step) {
        multiply(first, i, column);
      }
    }
  }

  /* A pack of each of a thread's rows. */
  PANAMBA_HD void multiply(int64_t first, int i, int64_t column) const {
    pack<Element, Width> value[ROWS];
    pack<Element, Width> factor[ROWS];
    PANAMBA_UNROLL
    for (int k = 0; k < ROWS; k++) {
      int64_t row = first + threads.row(i, k);
      if (row < rows) {
        value[k] = load<Element, Width>(x + row * x_row_stride + column);
        factor[k] = load<Element, Width>(gate + row * gate_row_stride + column);
      }
    }
    PANAMBA_UNROLL
    for (int k = 0; k < ROWS; k++) {
      int64_t row = first + threads.row(i, k);
      if (row < rows) {
        float product[Width];
        PANAMBA_UNROLL
        for (int j = 0; j < Width; j++) {
          product[j] = widen(factor[k].element[j]) * widen(value[k].element[j]);
        }
        store_narrow<Element, Width>(product, out + row * out_row_stride + column);
      }
    }
  }
};

template <class Element, int Width>
static int32_t launch_gate(const panamba_gate_args &a, void *stream) {
  gate_kernel<Element, Width> kernel = {};
  kernel.gate = static_cast<const Element *>(a.gate);
  kernel.x = static_cast<const Element *>(a.x);
  kernel.out = static_cast<Element *>(a.out);
  kernel.rows = a.rows;
  kernel.columns = a.columns;
  kernel.gate_row_stride = a.gate_row_stride;
  kernel.x_row_stride = a.x_row_stride;
  kernel.out_row_stride = a.out_row_stride;
  kernel.threads = row_threads::of(ceil_div(a.columns, Width));
  char shapes[80];
  snprintf(shapes, sizeof shapes, "rows %lld, columns %lld", static_cast<long long>(a.rows),
           static_cast<long long>(a.columns));
  return launch("gate", shapes, kernel, {ceil_div(a.rows, kernel.threads.rows_of_block())}, kernel.THREADS, stream);
}

/* Packs of 16 bytes where they fit. */
template <class Element>
static int32_t launch_width(const panamba_gate_args &a, void *stream) {
  constexpr int width = 16 / sizeof(Element);
  constexpr int64_t size = sizeof(Element);
  bool wide = a.columns % width == 0 && fits(a.gate, a.gate_row_stride, size, 16) &&
              fits(a.x, a.x_row_stride, size, 16) && fits(a.out, a.out_row_stride, size, 16);
  return wide ? launch_gate<Element, width>(a, stream) : launch_gate<Element, 1>(a, stream);
}

}  // namespace panamba

int32_t panamba_launch_gate(const panamba_gate_args *args, void *, void *stream) {
  return args->dtype == PANAMBA_F32 ? panamba::launch_width<float>(*args, stream)
                                    : panamba::launch_width<panamba::bfloat>(*args, stream);
}

/* What both kernels of attention have in common: parameters, places, and what is left of a query. */
#ifndef PANAMBA_CUDA_ATTENTION_PARAMETERS_H
#define PANAMBA_CUDA_ATTENTION_PARAMETERS_H

#include <stdio.h>

#include "divide.h"
#include "element.h"
#include "launch.h"

namespace panamba {

template <class Element>
struct attention_parameters {
  const Element *q;
  const Element *k;
  const Element *v;
  Element *out;
  float *statistics;
  int64_t queries;
  int64_t length;
  int64_t heads;
  int64_t blocks_of_head;
  int64_t q_row_stride;
  int64_t k_row_stride;
  int64_t v_row_stride;
  int64_t out_row_stride;
  int32_t head_dim;
  float scale; /* times log2(e) */

  /* Where a row of one head starts, `stride` elements from the next, in images of `rows` rows. A plane is an image and a
   * head. */
  PANAMBA_HD int64_t place_of(quotient plane, int64_t rows, int64_t row, int64_t stride) const {
    return (plane.whole * rows + row) * stride + plane.rest * head_dim;
  }

  PANAMBA_HD void keep_statistics(quotient plane, int64_t query, float largest, float total) const {
    float *of_plane = statistics + (plane.whole * heads + plane.rest) * 2 * queries;
    of_plane[query] = largest;
    of_plane[queries + query] = total;
  }
};

/* Launches a kernel whose blocks have Kernel::QUERIES queries of a head. */
template <class Kernel, class Element>
int32_t launch_attention(const panamba_attention_args &a, void *stream) {
  Kernel kernel = {};
  kernel.q = static_cast<const Element *>(a.q);
  kernel.k = static_cast<const Element *>(a.k);
  kernel.v = static_cast<const Element *>(a.v);
  kernel.out = static_cast<Element *>(a.out);
  kernel.statistics = a.statistics;
  kernel.queries = a.queries;
  kernel.length = a.length;
  kernel.heads = a.heads;
  kernel.blocks_of_head = ceil_div(a.queries, Kernel::QUERIES);
  kernel.q_row_stride = a.q_row_stride;
  kernel.k_row_stride = a.k_row_stride;
  kernel.v_row_stride = a.v_row_stride;
  kernel.out_row_stride = a.out_row_stride;
  kernel.head_dim = static_cast<int32_t>(a.head_dim);
  kernel.scale = a.scale * PANAMBA_LOG2_E;
  char shapes[150];
  snprintf(shapes, sizeof shapes, "batch %lld, queries %lld, length %lld, heads %lld of %lld",
           static_cast<long long>(a.batch), static_cast<long long>(a.queries), static_cast<long long>(a.length),
           static_cast<long long>(a.heads), static_cast<long long>(a.head_dim));
  return launch("attention", shapes, kernel, {a.batch * a.heads * kernel.blocks_of_head}, Kernel::THREADS, stream);
}

}  // namespace panamba

#endif

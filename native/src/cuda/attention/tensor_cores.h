/* Attention on tensor cores: of bfloat16, where keys and values of a head can be copied 16 bytes at a time. */
#ifndef PANAMBA_CUDA_ATTENTION_TENSOR_CORES_H
#define PANAMBA_CUDA_ATTENTION_TENSOR_CORES_H

#include "panamba_cuda.h"

namespace panamba {

/* It depends on keys and values alone, so that a query has the same bits wherever it is. */
bool suits_tensor_cores(const panamba_attention_args &a);

int32_t launch_on_tensor_cores(const panamba_attention_args &a, void *stream);

}  // namespace panamba

#endif

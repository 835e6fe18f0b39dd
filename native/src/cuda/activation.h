/* The function that an operation applies last. */
#ifndef PANAMBA_CUDA_ACTIVATION_H
#define PANAMBA_CUDA_ACTIVATION_H

#include "arithmetic.h"
#include "panamba_cuda.h"

namespace panamba {

/* `activation` is a panamba_activation. */
PANAMBA_HD float activated(float value, int32_t activation) {
  if (activation == PANAMBA_ACTIVATION_SILU) {
    return panamba_silu(value);
  }
  if (activation == PANAMBA_ACTIVATION_RELU) {
    return panamba_relu(value);
  }
  return activation == PANAMBA_ACTIVATION_GELU ? panamba_gelu(value) : value;
}

}  // namespace panamba

#endif

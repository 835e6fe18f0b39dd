/* Divisions of a block's index, for which a GPU needs no 64 bits: those are a call of some seventy instructions. */
#ifndef PANAMBA_CUDA_DIVIDE_H
#define PANAMBA_CUDA_DIVIDE_H

#include <stdint.h>

#include "arithmetic.h"

namespace panamba {

struct quotient {
  int64_t whole;
  int64_t rest;
};

/* For an index below 2^31, as a block's is (MOST_X), and a divisor of at least 1: of one that is larger than any index
 * the quotient is 0. */
PANAMBA_HD quotient divide(int64_t index, int64_t divisor) {
  constexpr int64_t larger = 0x80000000;
  uint32_t a = static_cast<uint32_t>(index);
  uint32_t b = static_cast<uint32_t>(divisor < larger ? divisor : larger);
  return {a / b, a % b};
}

}  // namespace panamba

#endif

/* A product of small bfloat16 matrices by a warp: D = A B + C, where A is 16 x 16, B 16 x 8 and C 16 x 8. */
#ifndef PANAMBA_CUDA_TILE_PRODUCT_H
#define PANAMBA_CUDA_TILE_PRODUCT_H

#include <stdint.h>

#include "arithmetic.h"
#include "bf16.h"

namespace panamba {

/*
 * A lane's part, as the instruction mma.m16n8k16 has it (PTX ISA, "Matrix Fragments for mma.m16n8k16"). With g = lane / 4
 * and t = lane % 4 a lane has
 *
 *   of A  pairs of columns 2t, 2t + 1 of row g, of row g + 8, and of columns 2t + 8, 2t + 9 of both rows
 *   of B  pairs of rows 2t, 2t + 1 of column g, and of rows 2t + 8, 2t + 9
 *   of C  columns 2t, 2t + 1 of row g, and of row g + 8
 *
 * The first of a pair is in the lower half of its word.
 */
struct tile_operands {
  uint32_t a[4];
  uint32_t b[2];
  float c[4];
};

PANAMBA_HD uint32_t pair_of(uint16_t first, uint16_t second) { return first | static_cast<uint32_t>(second) << 16; }

/* Two numbers rounded to nearest, ties to even. */
PANAMBA_HD uint32_t narrow_pair(float first, float second) {
#if defined(__CUDA_ARCH__)
  uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
  return pair;
#else
  return pair_of(bf16_of(first), bf16_of(second));
#endif
}

#if !defined(__CUDACC__)

/* D of one lane; operands_of(lane) are those of a lane of its warp. */
template <class Operands>
void multiply_tile(const Operands &operands_of, int lane, float (&d)[4]) {
  auto half = [](uint32_t pair, int second) { return bf16_to_float(static_cast<bf16>(second ? pair >> 16 : pair)); };
  for (int n = 0; n < 4; n++) {
    int row = lane / 4 + n / 2 * 8;
    int column = lane % 4 * 2 + n % 2;
    float sum = operands_of(lane).c[n];
    for (int k = 0; k < 16; k++) {
      int pair = k % 8 / 2;
      const tile_operands &of_a = operands_of(row % 8 * 4 + pair);
      const tile_operands &of_b = operands_of(column * 4 + pair);
      sum = fmaf(half(of_a.a[k / 8 * 2 + row / 8], k % 2), half(of_b.b[k / 8], k % 2), sum);
    }
    d[n] = sum;
  }
}

#endif

}  // namespace panamba

#endif

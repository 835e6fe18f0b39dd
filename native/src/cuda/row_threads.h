/* How the threads of a block share the elements of a matrix, for operations that go over them one by one. */
#ifndef PANAMBA_CUDA_ROW_THREADS_H
#define PANAMBA_CUDA_ROW_THREADS_H

#include "launch.h"

namespace panamba {

/*
 * Of a block of THREADS threads, 2^shift neighbours have a row: as many as the row has packs, so that narrow rows fill
 * blocks too. A thread has ROWS rows, which are THREADS >> shift apart: all are read before the first is written, so
 * that their loads are on the way together though the result may take the place of what is read.
 */
struct row_threads {
  static constexpr int THREADS = 128;
  static constexpr int ROWS = 4;

  int32_t shift;

  /* For rows of `packs` packs. */
  static row_threads of(int64_t packs) {
    row_threads threads = {0};
    while ((1 << threads.shift) < lesser(packs, THREADS)) {
      threads.shift++;
    }
    return threads;
  }

  PANAMBA_HD int64_t rows_of_block() const { return ROWS * (THREADS >> shift); }

  /* Packs from one of a thread's to its next in the row. */
  PANAMBA_HD int64_t stride() const { return int64_t{1} << shift; }

  PANAMBA_HD int64_t first_pack(int i) const { return i & ((1 << shift) - 1); }

  /* The k-th row of thread i, among the rows of its block. */
  PANAMBA_HD int64_t row(int i, int k) const { return k * (THREADS >> shift) + (i >> shift); }
};

}  // namespace panamba

#endif

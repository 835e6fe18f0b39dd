/*
 * How a kernel is written and launched. A kernel is a struct of its parameters with
 *
 *   struct shared, struct thread     what a block shares, and what each of its threads keeps in registers
 *   THREADS, BLOCKS                  most threads of a block, and blocks that a multiprocessor has to hold
 *   template <class Block> PANAMBA_HD void run(Block &block) const
 *
 * run() is the work of a whole block, as a sequence of loops over its threads (`for (int i : block.all())`, with
 * block.thread(i) for what the thread keeps) between which stand barriers. On a GPU a thread's loop is one pass with its
 * own index; compiled for the host, the loops are loops, so that the same indices are computed and the same memory
 * touched without a GPU; or, with PANAMBA_CUDA_THREADS, every thread of a block is one of the host's, for a race
 * detector to watch. A group is a part of a block with barriers of its own.
 */
#ifndef PANAMBA_CUDA_LAUNCH_H
#define PANAMBA_CUDA_LAUNCH_H

#include <stdint.h>

#include "panamba_cuda.h"
#include "status.h"

#if defined(__CUDACC__)
#include "launch_device.h"
#elif defined(PANAMBA_CUDA_THREADS)
#include "launch_threads.h"
#else
#include "launch_host.h"
#endif

namespace panamba {

/* The blocks of a launch: the most in each dimension are MOST_X, MOST_Y, MOST_Y. */
struct grid {
  int64_t x;
  int64_t y = 1;
  int64_t z = 1;
};

constexpr int64_t MOST_X = 0x7fffffff;
constexpr int64_t MOST_Y = 0xffff;

struct nothing {};

PANAMBA_HD int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

PANAMBA_HD int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }

/* Launches blocks of `threads` threads. `shapes` is what a failure's message says of the arguments. */
template <class Kernel>
int32_t launch(const char *operation, const char *shapes, const Kernel &kernel, grid blocks, int threads,
               void *stream) {
  if (blocks.x > MOST_X || blocks.y > MOST_Y || blocks.z > MOST_Y) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "%s: too large for one call: %s", operation, shapes);
  }
  return launch_blocks(operation, shapes, kernel, static_cast<unsigned>(blocks.x), static_cast<unsigned>(blocks.y),
                       static_cast<unsigned>(blocks.z), static_cast<unsigned>(threads), stream);
}

}  // namespace panamba

#endif

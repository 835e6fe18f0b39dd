/* Blocks on a GPU, and the list of all kernels that the library can launch. */
#ifndef PANAMBA_CUDA_LAUNCH_DEVICE_H
#define PANAMBA_CUDA_LAUNCH_DEVICE_H

#include <cuda_runtime_api.h>

#include "arithmetic.h"
#include "once.h"
#include "tile_product.h"

namespace panamba {

constexpr int WARP = 32;

template <class Kernel>
struct device_block {
  typename Kernel::shared &shared;
  typename Kernel::thread own;

  __device__ __forceinline__ explicit device_block(typename Kernel::shared &memory) : shared(memory) {}

  __device__ __forceinline__ int64_t index() const { return blockIdx.x; }
  __device__ __forceinline__ int index_y() const { return static_cast<int>(blockIdx.y); }
  __device__ __forceinline__ int index_z() const { return static_cast<int>(blockIdx.z); }
  __device__ __forceinline__ once all() const { return {static_cast<int>(threadIdx.x)}; }
  __device__ __forceinline__ typename Kernel::thread &thread(int) { return own; }
  __device__ __forceinline__ void synchronize() { __syncthreads(); }

  template <int Size>
  __device__ __forceinline__ once groups() const {
    return {static_cast<int>(threadIdx.x) / Size};
  }
  template <int Size>
  __device__ __forceinline__ once group(int) const {
    return all();
  }
  template <int Size>
  __device__ __forceinline__ void synchronize_group(int group) {
    asm volatile("bar.sync %0, %1;" ::"r"(group + 1), "n"(Size) : "memory");
  }

  /* Among the threads of each warp. */
  __device__ __forceinline__ void synchronize_warps() { __syncwarp(); }

  /* Starts copying `Bytes` (4, 8 or 16) from global to shared memory; wait_for_copies() ends the thread's copies. */
  template <int Bytes>
  __device__ __forceinline__ void copy(float *to, const float *from) {
    unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(to));
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(address), "l"(from), "n"(Bytes) : "memory");
  }
  /* The same, of zeros where there is nothing to copy; `from` is not read then. */
  template <int Bytes>
  __device__ __forceinline__ void copy_or_zero(float *to, const float *from, bool exists) {
    unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(to));
    int read = exists ? Bytes : 0;
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(address), "l"(from), "n"(Bytes), "r"(read)
                 : "memory");
  }
  __device__ __forceinline__ void wait_for_copies() { asm volatile("cp.async.wait_all;" ::: "memory"); }

  /* The copies since the last call are a batch; wait_for_batches() ends all batches but the `Later` newest. */
  __device__ __forceinline__ void end_batch() { asm volatile("cp.async.commit_group;" ::: "memory"); }
  template <int Later>
  __device__ __forceinline__ void wait_for_batches() {
    asm volatile("cp.async.wait_group %0;" ::"n"(Later) : "memory");
  }

  /* Each lane gets the sum over its warp. */
  template <float Kernel::thread::*Value>
  __device__ __forceinline__ void sum_warps() {
    for (int step = WARP / 2; step > 0; step /= 2) {
      own.*Value += __shfl_xor_sync(0xffffffffu, own.*Value, step);
    }
  }

  /*
   * Of four neighbouring threads with four values each, thread l gets the sum of the four values l in its value 0:
   * (v of 0 + v of 1) + (v of 2 + v of 3).
   */
  template <float (Kernel::thread::*Values)[4], int Size>
  __device__ __forceinline__ void sum_quads(int) {
    float(&v)[4] = own.*Values;
    bool odd = threadIdx.x & 1;
    bool high = threadIdx.x & 2;
    float low_pair = __shfl_xor_sync(0xffffffffu, odd ? v[0] : v[1], 1) + (odd ? v[1] : v[0]);
    float high_pair = __shfl_xor_sync(0xffffffffu, odd ? v[2] : v[3], 1) + (odd ? v[3] : v[2]);
    v[0] = __shfl_xor_sync(0xffffffffu, high ? low_pair : high_pair, 2) + (high ? high_pair : low_pair);
  }

  /* Each of four neighbouring threads gets what combine() makes of their values: (0, 1), (2, 3), and of both. */
  template <float (Kernel::thread::*Values)[2], class Combine>
  __device__ __forceinline__ void combine_quads(Combine combine) {
    PANAMBA_UNROLL
    for (int k = 0; k < 2; k++) {
      float &value = (own.*Values)[k];
      value = combine(value, __shfl_xor_sync(0xffffffffu, value, 1));
      value = combine(value, __shfl_xor_sync(0xffffffffu, value, 2));
    }
  }

  /* C becomes A B + C, in every warp. */
  template <tile_operands Kernel::thread::*Operands>
  __device__ __forceinline__ void multiply_tiles() {
    tile_operands &m = own.*Operands;
    /* Volatile: it needs the whole warp, and must not move to where lanes part. */
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, "
        "%2, "
        "%3};"
        : "+f"(m.c[0]), "+f"(m.c[1]), "+f"(m.c[2]), "+f"(m.c[3])
        : "r"(m.a[0]), "r"(m.a[1]), "r"(m.a[2]), "r"(m.a[3]), "r"(m.b[0]), "r"(m.b[1]));
  }
};

template <class Kernel>
__global__ void __launch_bounds__(Kernel::THREADS, Kernel::BLOCKS) run_kernel(const __grid_constant__ Kernel kernel) {
  __shared__ typename Kernel::shared shared;
  device_block<Kernel> block(shared);
  kernel.run(block);
}

/* PANAMBA_CUDA_ERROR with a sentence, unless `error` is cudaSuccess. */
int32_t check_cuda(cudaError_t error, const char *operation, const char *shapes);

/* A kernel that some operation launches. */
struct known_kernel {
  const void *function;
  const known_kernel *next;
  explicit known_kernel(const void *kernel);
};

template <class Kernel>
struct registration {
  static inline const known_kernel known{reinterpret_cast<const void *>(&run_kernel<Kernel>)};
};

template <class Kernel>
int32_t launch_blocks(const char *operation, const char *shapes, const Kernel &kernel, unsigned x, unsigned y,
                      unsigned z, unsigned threads, void *stream) {
  void *parameters[] = {const_cast<Kernel *>(&kernel)};
  cudaError_t error = cudaLaunchKernel(registration<Kernel>::known.function, dim3(x, y, z), dim3(threads), parameters,
                                       0, static_cast<cudaStream_t>(stream));
  return check_cuda(error, operation, shapes);
}

/* Multiprocessors of the current device, or a PANAMBA_CUDA_ERROR. */
int32_t count_multiprocessors(int *count);

}  // namespace panamba

#endif

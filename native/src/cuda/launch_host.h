/* Blocks on the host, one after another and thread by thread: what tests of indices run. */
#ifndef PANAMBA_CUDA_LAUNCH_HOST_H
#define PANAMBA_CUDA_LAUNCH_HOST_H

#include <cstring>
#include <memory>
#include <vector>

#include "arithmetic.h"
#include "tile_product.h"

namespace panamba {

constexpr int WARP = 32;

struct range {
  struct place {
    int value;
    int operator*() const { return value; }
    bool operator!=(const place &other) const { return value != other.value; }
    void operator++() { value++; }
  };
  int first;
  int last;
  place begin() const { return {first}; }
  place end() const { return {last}; }
};

template <class Kernel>
struct host_block {
  typename Kernel::shared &shared;
  unsigned x;
  unsigned y;
  unsigned z;
  std::vector<typename Kernel::thread> threads;

  int64_t index() const { return x; }
  int index_y() const { return static_cast<int>(y); }
  int index_z() const { return static_cast<int>(z); }
  range all() const { return {0, size()}; }
  int size() const { return static_cast<int>(threads.size()); }
  typename Kernel::thread &thread(int i) { return threads[static_cast<size_t>(i)]; }
  void synchronize() {}

  template <int Size>
  range groups() const {
    return {0, size() / Size};
  }
  template <int Size>
  range group(int index) const {
    return {index * Size, (index + 1) * Size};
  }
  template <int Size>
  void synchronize_group(int) {}
  void synchronize_warps() {}

  template <int Bytes>
  void copy(float *to, const float *from) {
    std::memcpy(to, from, Bytes);
  }
  template <int Bytes>
  void copy_or_zero(float *to, const float *from, bool exists) {
    if (exists) {
      std::memcpy(to, from, Bytes);
    } else {
      std::memset(to, 0, Bytes);
    }
  }
  void wait_for_copies() {}
  void end_batch() {}
  template <int Later>
  void wait_for_batches() {}

  template <float Kernel::thread::*Value>
  void sum_warps() {
    for (int first = 0; first < size(); first += WARP) {
      for (int step = WARP / 2; step > 0; step /= 2) {
        float sums[WARP];
        for (int lane = 0; lane < WARP; lane++) {
          sums[lane] = thread(first + lane).*Value + thread(first + (lane ^ step)).*Value;
        }
        for (int lane = 0; lane < WARP; lane++) {
          thread(first + lane).*Value = sums[lane];
        }
      }
    }
  }

  template <float (Kernel::thread::*Values)[4], int Size>
  void sum_quads(int group) {
    for (int first = group * Size; first < (group + 1) * Size; first += 4) {
      float sums[4];
      for (int k = 0; k < 4; k++) {
        float v[4];
        for (int lane = 0; lane < 4; lane++) {
          v[lane] = (thread(first + lane).*Values)[k];
        }
        sums[k] = (v[0] + v[1]) + (v[2] + v[3]);
      }
      for (int lane = 0; lane < 4; lane++) {
        (thread(first + lane).*Values)[0] = sums[lane];
      }
    }
  }

  template <float (Kernel::thread::*Values)[2], class Combine>
  void combine_quads(Combine combine) {
    for (int first = 0; first < size(); first += 4) {
      for (int k = 0; k < 2; k++) {
        auto value = [&](int lane) -> float & { return (thread(first + lane).*Values)[k]; };
        float all = combine(combine(value(0), value(1)), combine(value(2), value(3)));
        for (int lane = 0; lane < 4; lane++) {
          value(lane) = all;
        }
      }
    }
  }

  template <tile_operands Kernel::thread::*Operands>
  void multiply_tiles() {
    for (int first = 0; first < size(); first += WARP) {
      auto operands_of = [&](int lane) -> tile_operands & { return thread(first + lane).*Operands; };
      float d[WARP][4];
      for (int lane = 0; lane < WARP; lane++) {
        multiply_tile(operands_of, lane, d[lane]);
      }
      for (int lane = 0; lane < WARP; lane++) {
        std::memcpy(operands_of(lane).c, d[lane], sizeof d[lane]);
      }
    }
  }
};

/* What no thread has written before it is read has to show: shared memory and registers start as NaN. */
template <class Kernel>
int32_t launch_blocks(const char *, const char *, const Kernel &kernel, unsigned x, unsigned y, unsigned z,
                      unsigned threads, void *) {
  std::unique_ptr<typename Kernel::shared> shared(new typename Kernel::shared);
  host_block<Kernel> block{*shared, 0, 0, 0, std::vector<typename Kernel::thread>(threads)};
  for (block.z = 0; block.z < z; block.z++) {
    for (block.y = 0; block.y < y; block.y++) {
      for (block.x = 0; block.x < x; block.x++) {
        std::memset(static_cast<void *>(shared.get()), 0xff, sizeof *shared);
        std::memset(static_cast<void *>(block.threads.data()), 0xff, threads * sizeof(typename Kernel::thread));
        kernel.run(block);
      }
    }
  }
  return PANAMBA_OK;
}

inline int32_t count_multiprocessors(int *count) {
  *count = 132;
  return PANAMBA_OK;
}

}  // namespace panamba

#endif

/*
 * Blocks on the host with a thread of the host for every thread of theirs: what a race detector watches. Several blocks
 * run at the same time, and nothing but the kernel's own barriers orders their threads.
 */
#ifndef PANAMBA_CUDA_LAUNCH_THREADS_H
#define PANAMBA_CUDA_LAUNCH_THREADS_H

#include <pthread.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "once.h"
#include "tile_product.h"

namespace panamba {

constexpr int WARP = 32;

/* Blocks that run at the same time: races between blocks show from two on. */
constexpr unsigned BLOCKS_AT_ONCE = 3;

/* What a control of the race detector leaves out: a kernel without it has to be caught. */
enum barrier_left_out { NO_BARRIER, BARRIER_OF_BLOCKS, BARRIER_OF_GROUPS, BARRIER_OF_WARPS };
extern "C" {
inline barrier_left_out panamba_barrier_left_out = NO_BARRIER;
}

/* An error here is one of the test, which can't go on. */
inline void must_succeed(int error) {
  if (error) {
    std::abort();
  }
}

class barrier {
 public:
  explicit barrier(unsigned threads) { must_succeed(pthread_barrier_init(&barrier_, nullptr, threads)); }
  ~barrier() { pthread_barrier_destroy(&barrier_); }
  barrier(const barrier &) = delete;
  barrier &operator=(const barrier &) = delete;
  void wait() { pthread_barrier_wait(&barrier_); }

 private:
  pthread_barrier_t barrier_;
};

/* The barriers of a block: of all threads, and of every group of 32, 64, 128 ... neighbours. All exist from the
 * start, since making one where it is needed would order threads too. */
class barriers {
 public:
  explicit barriers(int threads) : block_(static_cast<unsigned>(threads)) {
    for (int size = WARP; size <= threads; size *= 2) {
      groups_.emplace_back();
      for (int group = 0; group < threads / size; group++) {
        groups_.back().emplace_back(static_cast<unsigned>(size));
      }
    }
  }

  barrier &block() { return block_; }

  barrier &group(int size, int index) {
    size_t level = 0;
    for (int s = WARP; s < size; s *= 2) {
      level++;
    }
    return groups_[level][static_cast<size_t>(index)];
  }

 private:
  barrier block_;
  std::deque<std::deque<barrier>> groups_;
};

/* What the threads of a block have in common, and hand each other in shuffles. */
template <class Kernel>
struct block_place {
  struct lane {
    float values[4];
    tile_operands operands;
  };

  explicit block_place(int threads) : block_barriers(threads), lanes(static_cast<size_t>(threads)) {}

  typename Kernel::shared shared;
  barriers block_barriers;
  std::vector<lane> lanes;
};

/* A block as one of its threads sees it. */
template <class Kernel>
struct thread_block {
  typename Kernel::shared &shared;
  typename Kernel::thread own;

  thread_block(block_place<Kernel> &place, int thread) : shared(place.shared), place_(place), thread_(thread) {}

  /* What no thread has written before it is read has to show: shared memory and registers start as NaN. */
  void enter(unsigned x, unsigned y, unsigned z) {
    x_ = x;
    y_ = y;
    z_ = z;
    std::memset(static_cast<void *>(&own), 0xff, sizeof own);
    if (thread_ == 0) {
      std::memset(static_cast<void *>(&shared), 0xff, sizeof shared);
    }
    place_.block_barriers.block().wait();
  }

  void leave() { place_.block_barriers.block().wait(); }

  int64_t index() const { return x_; }
  int index_y() const { return static_cast<int>(y_); }
  int index_z() const { return static_cast<int>(z_); }
  once all() const { return {thread_}; }
  typename Kernel::thread &thread(int) { return own; }

  void synchronize() {
    if (panamba_barrier_left_out != BARRIER_OF_BLOCKS) {
      place_.block_barriers.block().wait();
    }
  }

  template <int Size>
  once groups() const {
    return {thread_ / Size};
  }
  template <int Size>
  once group(int) const {
    return all();
  }
  template <int Size>
  void synchronize_group(int group) {
    static_assert(Size >= WARP && (Size & (Size - 1)) == 0, "a group is of 32, 64, 128 ... threads");
    if (panamba_barrier_left_out != BARRIER_OF_GROUPS) {
      place_.block_barriers.group(Size, group).wait();
    }
  }

  void synchronize_warps() {
    if (panamba_barrier_left_out != BARRIER_OF_WARPS) {
      synchronize_warp();
    }
  }

  /* A GPU copies at any time between the start and the wait: here it does at both. */
  template <int Bytes>
  void copy(float *to, const float *from) {
    copy_or_zero<Bytes>(to, from, true);
  }
  template <int Bytes>
  void copy_or_zero(float *to, const float *from, bool exists) {
    copies_.push_back({to, exists ? from : nullptr, Bytes});
    copies_.back().run();
  }
  void wait_for_copies() {
    wait_for_batches<0>();
    finish(copies_);
    copies_.clear();
  }
  void end_batch() {
    batches_.push_back(copies_);
    copies_.clear();
  }
  template <int Later>
  void wait_for_batches() {
    while (batches_.size() > Later) {
      finish(batches_.front());
      batches_.pop_front();
    }
  }

  template <float Kernel::thread::*Value>
  void sum_warps() {
    for (int step = WARP / 2; step > 0; step /= 2) {
      const float *other = exchange(&(own.*Value), 1, thread_ ^ step);
      float sum = own.*Value + other[0];
      synchronize_warp();
      own.*Value = sum;
    }
  }

  template <float (Kernel::thread::*Values)[4], int Size>
  void sum_quads(int) {
    exchange(own.*Values, 4, thread_);
    int first = thread_ & ~3;
    size_t k = static_cast<size_t>(thread_ & 3);
    float sum =
        (lane(first).values[k] + lane(first + 1).values[k]) + (lane(first + 2).values[k] + lane(first + 3).values[k]);
    synchronize_warp();
    (own.*Values)[0] = sum;
  }

  template <float (Kernel::thread::*Values)[2], class Combine>
  void combine_quads(Combine combine) {
    exchange(own.*Values, 2, thread_);
    int first = thread_ & ~3;
    float all[2];
    for (size_t k = 0; k < 2; k++) {
      all[k] = combine(combine(lane(first).values[k], lane(first + 1).values[k]),
                       combine(lane(first + 2).values[k], lane(first + 3).values[k]));
    }
    synchronize_warp();
    std::copy(all, all + 2, own.*Values);
  }

  template <tile_operands Kernel::thread::*Operands>
  void multiply_tiles() {
    lane(thread_).operands = own.*Operands;
    synchronize_warp();
    int first = thread_ & ~(WARP - 1);
    float d[4];
    multiply_tile([&](int other) -> const tile_operands & { return lane(first + other).operands; }, thread_ % WARP, d);
    synchronize_warp();
    std::copy(d, d + 4, (own.*Operands).c);
  }

 private:
  struct pending_copy {
    float *to;
    const float *from; /* null for zeros */
    size_t bytes;

    void run() const {
      if (from) {
        std::memcpy(to, from, bytes);
      } else {
        std::memset(to, 0, bytes);
      }
    }
  };
  using batch = std::vector<pending_copy>;
  using lane_type = typename block_place<Kernel>::lane;

  static void finish(const batch &copies) {
    for (const pending_copy &copy : copies) {
      copy.run();
    }
  }

  lane_type &lane(int thread) { return place_.lanes[static_cast<size_t>(thread)]; }

  void synchronize_warp() { place_.block_barriers.group(WARP, thread_ / WARP).wait(); }

  /* Shows this thread's values to its warp, and returns those of another thread of it. */
  const float *exchange(const float *values, size_t count, int other) {
    std::copy(values, values + count, lane(thread_).values);
    synchronize_warp();
    return lane(other).values;
  }

  block_place<Kernel> &place_;
  int thread_;
  unsigned x_ = 0;
  unsigned y_ = 0;
  unsigned z_ = 0;
  batch copies_;
  std::deque<batch> batches_;
};

/* A thread of the host: thread `index` of every BLOCKS_AT_ONCE-th block. */
template <class Kernel>
struct host_thread {
  const Kernel *kernel;
  block_place<Kernel> *place;
  int index;
  unsigned first_block;
  unsigned x;
  unsigned y;
  unsigned blocks;
  pthread_t thread;

  static void *work(void *argument) {
    const host_thread &self = *static_cast<host_thread *>(argument);
    thread_block<Kernel> block(*self.place, self.index);
    for (unsigned b = self.first_block; b < self.blocks; b += BLOCKS_AT_ONCE) {
      block.enter(b % self.x, b / self.x % self.y, b / self.x / self.y);
      self.kernel->run(block);
      block.leave();
    }
    return nullptr;
  }
};

template <class Kernel>
int32_t launch_blocks(const char *, const char *, const Kernel &kernel, unsigned x, unsigned y, unsigned z,
                      unsigned threads, void *) {
  unsigned blocks = x * y * z;
  unsigned places = std::min(blocks, BLOCKS_AT_ONCE);
  std::vector<std::unique_ptr<block_place<Kernel>>> place;
  std::vector<host_thread<Kernel>> team;
  for (unsigned p = 0; p < places; p++) {
    place.emplace_back(new block_place<Kernel>(static_cast<int>(threads)));
    for (unsigned i = 0; i < threads; i++) {
      team.push_back({&kernel, place[p].get(), static_cast<int>(i), p, x, y, blocks, pthread_t{}});
    }
  }
  for (host_thread<Kernel> &member : team) {
    must_succeed(pthread_create(&member.thread, nullptr, host_thread<Kernel>::work, &member));
  }
  for (host_thread<Kernel> &member : team) {
    must_succeed(pthread_join(member.thread, nullptr));
  }
  return PANAMBA_OK;
}

inline int32_t count_multiprocessors(int *count) {
  *count = 132;
  return PANAMBA_OK;
}

}  // namespace panamba

#endif

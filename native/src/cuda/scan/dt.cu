/* dt ahead of a scan, of both directions: dt_proj and softplus, in the order of sums in which the fused scan does them. */
#include "launch.h"
#include "plan.h"

namespace panamba {

struct dt_direction {
  const float *projected;
  const float *dt_weight;
  const float *dt_bias;
  float *dt;
};

struct project_dt_kernel {
  static constexpr int THREADS = 128;
  static constexpr int BLOCKS = 1;
  static constexpr int ROWS = 8;
  static constexpr int RANKS = 32; /* copied to shared memory at a time */

  dt_direction direction[2]; /* by the y of a block; the second is unused where there is one */
  int64_t rows;
  int64_t projected_row_stride;
  int64_t channels;
  int64_t channel_blocks;
  int32_t dt_rank;

  struct shared {
    float projected[ROWS][RANKS];
  };

  struct thread {
    float sum[ROWS];
  };

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    int64_t first_row = block.index() / channel_blocks * ROWS;
    int64_t first_channel = block.index() % channel_blocks * THREADS;
    const dt_direction &d = direction[block.index_y()];
    int count = static_cast<int>(lesser(ROWS, rows - first_row));
    for (int i : block.all()) {
      float bias = d.dt_bias && first_channel + i < channels ? d.dt_bias[first_channel + i] : 0.0f;
      PANAMBA_UNROLL
      for (int row = 0; row < ROWS; row++) {
        block.thread(i).sum[row] = bias;
      }
    }
    for (int rank = 0; rank < dt_rank; rank += RANKS) {
      int ranks = static_cast<int>(lesser(RANKS, dt_rank - rank));
      for (int i : block.all()) {
        for (int j = i; j < count * RANKS; j += THREADS) {
          if (j % RANKS < ranks) {
            const float *from = d.projected + (first_row + j / RANKS) * projected_row_stride + rank;
            block.shared.projected[j / RANKS][j % RANKS] = from[j % RANKS];
          }
        }
      }
      block.synchronize();
      for (int i : block.all()) {
        if (first_channel + i < channels) {
          add_ranks(block.thread(i), block.shared, d.dt_weight + rank * channels + first_channel + i, ranks);
        }
      }
      block.synchronize();
    }
    for (int i : block.all()) {
      PANAMBA_UNROLL
      for (int row = 0; row < ROWS; row++) {
        if (row < count && first_channel + i < channels) {
          d.dt[(first_row + row) * channels + first_channel + i] = panamba_softplus(block.thread(i).sum[row]);
        }
      }
    }
  }

  /* Rows that do not exist are summed up from whatever shared memory holds, and not stored. */
  PANAMBA_HD void add_ranks(thread &t, const shared &memory, const float *weights, int ranks) const {
    for (int r = 0; r < ranks; r++) {
      float weight = weights[r * channels];
      PANAMBA_UNROLL
      for (int row = 0; row < ROWS; row++) {
        t.sum[row] = fmaf(memory.projected[row][r], weight, t.sum[row]);
      }
    }
  }
};

int32_t launch_project_dt(const panamba_selective_scan_args &a, const scan_plan &plan, void *stream) {
  project_dt_kernel kernel = {};
  int directions = 0;
  for (int i = 0; i < 2; i++) {
    const panamba_scan_direction &d = i ? a.backward : a.forward;
    if (d.u) {
      kernel.direction[directions++] = {d.projected, d.dt_weight, d.dt_bias, plan.dt[i]};
    }
  }
  kernel.rows = a.batch * a.length;
  kernel.projected_row_stride = a.projected_row_stride;
  kernel.channels = a.channels;
  kernel.channel_blocks = ceil_div(a.channels, project_dt_kernel::THREADS);
  kernel.dt_rank = static_cast<int32_t>(a.dt_rank);
  int64_t blocks = ceil_div(kernel.rows, project_dt_kernel::ROWS) * kernel.channel_blocks;
  return launch("selective_scan", plan.shapes, kernel, {blocks, directions}, project_dt_kernel::THREADS, stream);
}

}  // namespace panamba

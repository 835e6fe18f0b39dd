/*
 * The scan of a channel by one thread, or by Lanes neighbouring threads with the states divided among them. A thread
 * walks along the rows with its states in registers, four rows at a time.
 *
 * B, C and, if Rank is not 0, dt before its projection are copied to shared memory, TILE rows ahead of their use. One
 * lane projects dt as it goes; of four, each projects dt of every fourth row of a tile, and they find it in shared
 * memory.
 */
#ifndef PANAMBA_CUDA_SCAN_KERNEL_H
#define PANAMBA_CUDA_SCAN_KERNEL_H

#include <type_traits>

#include "walk.h"

namespace panamba {

/* Rows of a step of the walk. */
constexpr int QUAD = 4;

template <class Element_, int Rank, int States, int Lanes, bool Ends>
struct scan_kernel : scan_parameters<Element_, Rank == 0, Ends> {
  using Element = Element_;
  using base = scan_parameters<Element, Rank == 0, Ends>;
  using typename base::position;
  static constexpr int THREADS = 2 * GROUP;
  static constexpr int BLOCKS = 3;
  static constexpr int CHANNELS = GROUP / Lanes;
  static constexpr int STATES = States;
  static constexpr bool KNOWN_RANK = Rank > 0 && Rank != ANY_RANK;
  static constexpr bool SHARED_DT = Rank > 0 && Lanes == 4;
  static constexpr int OWN = States / Lanes;
  static constexpr int WIDTH = Rank + 2 * States;
  static constexpr int TILE = WIDTH > 96 ? 16 : 32;
  /* Rows that a thread finishes of a step, and chains that its part of a sum over states is made of: the order of a
   * sum is the same for every number of lanes. */
  static constexpr int OWN_ROWS = QUAD / Lanes;
  static constexpr int CHAINS = 4 / Lanes;
  static constexpr int CHAIN = OWN / CHAINS;

  using base::channels;
  using base::chunks;
  using base::dt_rank;
  using base::gate;
  using base::gate_row_stride;
  using base::out;
  using base::projected_row_stride;
  using base::states;
  using base::walk;
  using base::wide_copies;

  /* Of a tile, by group; channels are an odd number of 16 bytes apart, and in banks of their own. */
  struct projected_dt {
    alignas(16) float dt[2][CHANNELS][TILE + 4];
  };

  struct shared : std::conditional_t<SHARED_DT, projected_dt, nothing> {
    alignas(16) float rows[2][2][TILE][WIDTH]; /* by group, and alternately */
  };

  struct thread {
    float h[OWN];
    float a[OWN];
    float weight[KNOWN_RANK ? Rank : 1];
    float bias;
    float skip;
    float dt_sum;
    float y[QUAD];
    /* The inputs of the next step, loaded during this one. */
    raw_of<Element> u[QUAD];
    float dt[Rank ? 1 : QUAD];
    raw_of<Element> z[OWN_ROWS];
    raw_of<Element> before[OWN_ROWS];
    /* Those of this step. */
    float added[OWN_ROWS];
    float gated[OWN_ROWS];
    /* This channel's element of the next row to load and to finish, and of the gate, counted from the image's first. */
    int32_t next;
    int32_t next_gate;
    int32_t row;
    int32_t channel;
    int32_t lane;
  };

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    run_walks(*this, block);
  }

  template <class Block>
  PANAMBA_HD void start(Block &block, int i, int direction) const {
    const scan_walk<Element> &w = walk[direction];
    thread &t = block.thread(i);
    int in_group = i % GROUP;
    t.lane = in_group % Lanes;
    t.channel = block.index_y() * CHANNELS + in_group / Lanes;
    /* A thread beyond the last channel walks along with it, and stores nothing. */
    int32_t c = t.channel < channels ? t.channel : channels - 1;
    int64_t plane = this->plane_of(block);
    PANAMBA_UNROLL
    for (int k = 0; k < OWN; k++) {
      int n = t.lane * OWN + k;
      bool real = n < states;
      t.a[k] = real ? w.a[static_cast<int64_t>(n) * channels + c] : 0.0f;
      t.h[k] = real && w.initial_state ? w.initial_state[(plane * states + n) * channels + c] : 0.0f;
    }
    if constexpr (KNOWN_RANK) {
      PANAMBA_UNROLL
      for (int r = 0; r < Rank; r++) {
        t.weight[r] = w.dt_weight[static_cast<int64_t>(r) * channels + c];
      }
    }
    if constexpr (Rank > 0) {
      t.bias = w.dt_bias ? w.dt_bias[c] : 0.0f;
    }
    t.skip = w.d ? w.d[c] : 0.0f;
    t.dt_sum = 0.0f;
  }

  template <class Block>
  PANAMBA_HD void end(Block &block, int i, int direction) const {
    const scan_walk<Element> &w = walk[direction];
    const thread &t = block.thread(i);
    bool last = block.index_z() == (direction ? 0 : chunks - 1);
    if (t.channel >= channels || (!Ends && (!w.final_state || !last))) {
      return;
    }
    int64_t plane = Ends ? this->plane_of(block) : block.index();
    PANAMBA_UNROLL
    for (int k = 0; k < OWN; k++) {
      int n = t.lane * OWN + k;
      if (n < states) {
        w.final_state[(plane * states + n) * channels + t.channel] = t.h[k];
      }
    }
    if (Ends && t.lane == 0) {
      w.dt_sum[plane * channels + t.channel] = t.dt_sum;
    }
  }

  template <class Block>
  PANAMBA_HD void walk_rows(Block &block, const position &p) const {
    for (int i : block.template group<GROUP>(p.group)) {
      copy_tile(block, p, 0, i % GROUP);
      seek(block.thread(i), p);
      load_ahead<GENERAL>(block.thread(i), p, p.count);
    }
    PANAMBA_ROLL
    for (int done = 0; done < p.count; done += TILE) {
      block.wait_for_copies();
      block.template synchronize_group<GROUP>(p.group);
      for (int i : block.template group<GROUP>(p.group)) {
        copy_tile(block, p, done + TILE, i % GROUP);
      }
      if constexpr (SHARED_DT) {
        for (int i : block.template group<GROUP>(p.group)) {
          project_tile(block, p, block.shared.rows[p.group][done / TILE % 2], i);
        }
        block.synchronize_warps();
      }
      walk_tile(block, p, done);
    }
  }

  /* Rows that do not exist are projected from whatever shared memory holds, and not used. */
  template <class Block>
  PANAMBA_HD void project_tile(Block &block, const position &p, const float (*tile)[WIDTH], int i) const {
    const thread &t = block.thread(i);
    float dt[TILE / 4];
    PANAMBA_UNROLL
    for (int k = 0; k < TILE / 4; k++) {
      dt[k] = t.bias;
    }
    if constexpr (KNOWN_RANK) {
      PANAMBA_UNROLL
      for (int r = 0; r < Rank; r++) {
        add_rank(tile, t.lane, r, t.weight[r], dt);
      }
    } else {
      const float *weight = walk[p.direction].dt_weight + (t.channel < channels ? t.channel : channels - 1);
      for (int r = 0; r < dt_rank; r++) {
        add_rank(tile, t.lane, Rank - dt_rank + r, weight[static_cast<int64_t>(r) * channels], dt);
      }
    }
    PANAMBA_UNROLL
    for (int k = 0; k < TILE / 4; k++) {
      block.shared.dt[p.group][i % GROUP / Lanes][4 * k + t.lane] = panamba_softplus(dt[k]);
    }
  }

  PANAMBA_HD void add_rank(const float (*tile)[WIDTH], int lane, int column, float weight,
                           float (&dt)[TILE / 4]) const {
    PANAMBA_UNROLL
    for (int k = 0; k < TILE / 4; k++) {
      dt[k] = fmaf(tile[4 * k + lane][column], weight, dt[k]);
    }
  }

  /* Whole steps before the last take the specialised path, without tests of borders and flags; the rest takes the
   * general one. */
  template <class Block>
  PANAMBA_HD void walk_tile(Block &block, const position &p, int done) const {
    const float(*tile)[WIDTH] = block.shared.rows[p.group][done / TILE % 2];
    int left = p.count - done;
    int rows = left < TILE ? left : TILE;
    int row = 0;
    if (Ends || (!p.flags.add && !p.flags.last)) {
      row = walk_steps<PARTIAL>(block, p, tile, rows, left);
    } else if (p.flags.add && p.flags.last && gate) {
      row = walk_steps<FINISH>(block, p, tile, rows, left);
    }
    PANAMBA_ROLL
    for (; row < rows; row += QUAD) {
      step<GENERAL>(block, p, tile, row, left - row);
    }
  }

  template <scan_task Task, class Block>
  PANAMBA_HD int walk_steps(Block &block, const position &p, const float (*tile)[WIDTH], int rows, int left) const {
    int whole = (rows < left - QUAD ? rows : left - QUAD) / QUAD * QUAD;
    PANAMBA_ROLL
    for (int row = 0; row < whole; row += QUAD) {
      step<Task>(block, p, tile, row, QUAD);
    }
    return whole;
  }

  /* Copies rows done .. done + TILE - 1 of the walk to shared memory, as far as they exist. Before B and C they have dt
   * as far as Rank, from its end on. */
  template <class Block>
  PANAMBA_HD void copy_tile(Block &block, const position &p, int done, int i) const {
    const scan_walk<Element> &w = walk[p.direction];
    const int rank = KNOWN_RANK || Rank == 0 ? Rank : dt_rank;
    const float *from =
        w.projected + (p.first_row + p.row) * projected_row_stride + done * p.projected_stride + (Rank ? 0 : dt_rank);
    float *to = block.shared.rows[p.group][done / TILE % 2][0] + (Rank - rank);
    int rows = p.count - done < TILE ? p.count - done : TILE;
    int width = rank + 2 * States;
    if (wide_copies) {
      int pieces = width / 4;
      int at_once = GROUP / pieces;
      int column = i % pieces * 4;
      PANAMBA_ROLL
      for (int r = i < at_once * pieces ? i / pieces : TILE; r < rows; r += at_once) {
        block.template copy<16>(to + r * WIDTH + column, from + r * p.projected_stride + column);
      }
    } else {
      PANAMBA_ROLL
      for (int j = i; j < rows * width; j += GROUP) {
        copy_number(block, to + j / width * WIDTH + j % width, from + j / width * p.projected_stride, j % width - rank);
      }
    }
  }

  /* Column `n` of a row: dt before 0, then B and C, each filled up with zeros to States. */
  template <class Block>
  PANAMBA_HD void copy_number(Block &block, float *to, const float *row, int n) const {
    row += Rank ? (KNOWN_RANK ? Rank : dt_rank) : 0;
    if (n < 0) {
      block.template copy<4>(to, row + n);
    } else if (n % States < states) {
      block.template copy<4>(to, row + n / States * states + n % States);
    } else {
      *to = 0.0f;
    }
  }

  PANAMBA_HD void seek(thread &t, const position &p) const {
    int32_t c = t.channel < channels ? t.channel : channels - 1;
    t.next = p.row * channels + c;
    t.row = t.next + t.lane * p.stride;
    t.next_gate = p.row * gate_row_stride + c + t.lane * p.gate_stride;
  }

  /* Loads the inputs of the next step, which has `left` rows, if it is not the last. A thread beyond the last channel
   * loads what that channel's own thread may be writing to `out`, and makes no use of it. */
  template <scan_task Task>
  PANAMBA_HD void load_ahead(thread &t, const position &p, int left) const {
    PANAMBA_UNROLL
    for (int k = 0; k < QUAD; k++) {
      if (Task != GENERAL || k < left) {
        t.u[k] = load_raw(p.u + (t.next + k * p.stride));
        if constexpr (Rank == 0) {
          t.dt[k] = p.dt[t.next + k * p.stride];
        }
      }
    }
    if constexpr (Task != PARTIAL && !Ends) {
      PANAMBA_UNROLL
      for (int k = 0; k < OWN_ROWS; k++) {
        if (Task == FINISH || (p.flags.add && k + t.lane < left)) {
          t.before[k] = load_raw(out + p.first_row * channels + (t.next + (k + t.lane) * p.stride));
        }
        if (Task == FINISH || (p.flags.last && gate && k + t.lane < left)) {
          t.z[k] = load_raw(gate + p.first_row * gate_row_stride + (t.next_gate + k * p.gate_stride));
        }
      }
    }
    t.next_gate += QUAD * p.gate_stride;
    t.next += QUAD * p.stride;
  }

  /* The step from row `row` of a tile on, with `left` rows to go. */
  template <scan_task Task, class Block>
  PANAMBA_HD void step(Block &block, const position &p, const float (*tile)[WIDTH], int row, int left) const {
    for (int i : block.template group<GROUP>(p.group)) {
      thread &t = block.thread(i);
      float u[QUAD];
      float dt[QUAD];
      PANAMBA_UNROLL
      for (int k = 0; k < QUAD; k++) {
        u[k] = widen_raw<Element>(t.u[k]);
        dt[k] = Rank ? 0.0f : t.dt[Rank ? 0 : k];
      }
      if constexpr (SHARED_DT) {
        widen_all(load<float, QUAD>(block.shared.dt[p.group][i % GROUP / Lanes] + row), dt);
      }
      PANAMBA_UNROLL
      for (int k = 0; k < OWN_ROWS; k++) {
        t.added[k] = Task == PARTIAL ? 0.0f : widen_raw<Element>(t.before[k]);
        t.gated[k] = Task == PARTIAL ? 0.0f : widen_raw<Element>(t.z[k]);
      }
      load_ahead<Task>(t, p, left - QUAD);
      PANAMBA_UNROLL
      for (int k = 0; k < QUAD; k++) {
        if (Task != GENERAL || k < left) {
          recur(t, tile[row + k], u[k], dt[k], &t.y[k]);
        }
      }
    }
    if constexpr (!Ends) {
      if constexpr (Lanes == 4) {
        block.template sum_quads<&thread::y, GROUP>(p.group);
      }
      for (int i : block.template group<GROUP>(p.group)) {
        finish_rows<Task>(block.thread(i), p, left);
      }
    }
  }

  template <scan_task Task>
  PANAMBA_HD void finish_rows(thread &t, const position &p, int left) const {
    Element result[OWN_ROWS];
    PANAMBA_UNROLL
    for (int k = 0; k < OWN_ROWS; k++) {
      narrow(this->template finish<Task>(p.flags, t.y[k], t.added[k], t.gated[k]), &result[k]);
    }
    PANAMBA_UNROLL
    for (int k = 0; k < OWN_ROWS; k++) {
      if (t.channel < channels && (Task != GENERAL || k + t.lane < left)) {
        (out + p.first_row * channels)[t.row + k * p.stride] = result[k];
      }
    }
    t.row += QUAD * p.stride;
  }

  /* One row: all states of the thread, and its part of D u + C . h. */
  PANAMBA_HD void recur(thread &t, const float *row, float u, float dt, float *y) const {
    if constexpr (Rank > 0 && !SHARED_DT) {
      dt = t.bias;
      PANAMBA_UNROLL
      for (int r = 0; r < Rank; r++) {
        dt = fmaf(row[r], t.weight[r], dt);
      }
      dt = panamba_softplus(dt);
    }
    float dtu = dt * u;
    const float *b = row + Rank + t.lane * OWN;
    const float *c = b + States;
    float sums[CHAINS];
    PANAMBA_UNROLL
    for (int chain = 0; chain < CHAINS; chain++) {
      float sum = chain == 0 && t.lane == 0 ? t.skip * u : 0.0f;
      PANAMBA_UNROLL
      for (int n = chain * CHAIN; n < (chain + 1) * CHAIN; n++) {
        t.h[n] = panamba_scan_step(t.h[n], dt, t.a[n], dtu, b[n]);
        if constexpr (!Ends) {
          sum = fmaf(c[n], t.h[n], sum);
        }
      }
      sums[chain] = sum;
    }
    if constexpr (Ends) {
      t.dt_sum += dt;
    } else if constexpr (CHAINS == 4) {
      *y = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    } else {
      *y = sums[0];
    }
  }
};

}  // namespace panamba

#endif

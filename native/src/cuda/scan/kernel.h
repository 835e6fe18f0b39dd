/*
 * The kernel of the selective scan. A thread has one channel of one direction, or Lanes neighbouring threads share one,
 * with the states divided among them; it walks along the rows with its states in registers, four rows at a time. The
 * two directions of GROUP / Lanes channels are the two groups of a block: each walks one half of the rows, leaves its
 * sums in `out`, and, after a barrier, walks the half that the other has left.
 *
 * B, C and, if Rank is not 0, dt before its projection are copied to shared memory, TILE rows ahead of their use. With
 * Rank 0 dt comes from where project_dt (dt.cu) has left it.
 *
 * With Ends the kernel only finds the states at the ends of chunks that start from zero, and the sums of their dt.
 */
#ifndef PANAMBA_CUDA_SCAN_KERNEL_H
#define PANAMBA_CUDA_SCAN_KERNEL_H

#include "element.h"
#include "launch.h"

namespace panamba {

/* Threads of one direction in a block. */
constexpr int GROUP = 64;

/* Rows of a step of the walk. */
constexpr int QUAD = 4;

/* What a scan does to `out` beside writing y. */
enum scan_task { PARTIAL, FINISH, GENERAL };

struct scan_flags {
  bool add;  /* what `out` holds */
  bool last; /* scale and gate: no other direction comes after */
};

template <class Element>
struct scan_walk {
  const Element *u; /* null where the direction is left out */
  const float *projected;
  const float *dt; /* with Rank 0: (batch, length, channels) */
  const float *dt_weight;
  const float *dt_bias;
  const float *a;
  const float *d;
  const float *initial_state; /* (batch, chunks, states, channels), or null */
  float *final_state;         /* (batch, states, channels); with Ends (batch, chunks, states, channels) */
  float *dt_sum;              /* with Ends: (batch, chunks, channels) */
};

template <class Element_, int Rank, int States, int Lanes, bool Ends>
struct scan_kernel {
  using Element = Element_;
  static constexpr int THREADS = 2 * GROUP;
  static constexpr int BLOCKS = 3;
  static constexpr int CHANNELS = GROUP / Lanes;
  static constexpr int OWN = States / Lanes;
  static constexpr int WIDTH = Rank + 2 * States;
  static constexpr int TILE = WIDTH > 96 ? 16 : 32;
  /* Rows that a thread finishes of a step, and chains that its part of a sum over states is made of: the order of a
   * sum is the same for every number of lanes. */
  static constexpr int OWN_ROWS = QUAD / Lanes;
  static constexpr int CHAINS = 4 / Lanes;
  static constexpr int CHAIN = OWN / CHAINS;

  scan_walk<Element> walk[2];
  const Element *gate;
  Element *out;
  int64_t projected_row_stride;
  int32_t chunks;
  int32_t length;
  int32_t chunk; /* rows of a block */
  int32_t gate_row_stride;
  int32_t channels;
  int32_t states;
  int32_t dt_rank;
  float scale;
  int8_t first_walk; /* direction of group 0 */
  int8_t walks;      /* 1 or 2 */
  bool accumulate;
  bool wide_copies; /* projected can be copied 16 bytes at a time */

  struct shared {
    alignas(16) float rows[2][2][TILE][WIDTH]; /* by group, and alternately */
  };

  struct thread {
    float h[OWN];
    float a[OWN];
    float weight[Rank ? Rank : 1];
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

  /* What a group walks along: `count` rows of an image from `row` on. Strides are negative where it walks backwards. */
  struct position {
    int group;
    int direction;
    int count;
    int row;
    int stride;
    int gate_stride;
    int64_t first_row; /* of the image, counted over all images */
    int64_t projected_stride;
    const Element *u; /* of the image */
    const float *dt;
    scan_flags flags;
  };

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    for (int group : block.template groups<GROUP>()) {
      for (int i : block.template group<GROUP>(group)) {
        start(block, i, direction_of(group));
      }
    }
    PANAMBA_ROLL
    for (int half = 0; half < halves(); half++) {
      if (half) {
        block.synchronize();
      }
      for (int group : block.template groups<GROUP>()) {
        walk_rows(block, place(block, group, half));
      }
    }
    for (int group : block.template groups<GROUP>()) {
      for (int i : block.template group<GROUP>(group)) {
        end(block, i, direction_of(group));
      }
    }
  }

  PANAMBA_HD int direction_of(int group) const { return first_walk + group; }

  /* The index of this block's image and chunk. */
  template <class Block>
  PANAMBA_HD int64_t plane_of(const Block &block) const {
    return block.index() * chunks + block.index_z();
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
    int64_t plane = plane_of(block);
    PANAMBA_UNROLL
    for (int k = 0; k < OWN; k++) {
      int n = t.lane * OWN + k;
      bool real = n < states;
      t.a[k] = real ? w.a[static_cast<int64_t>(n) * channels + c] : 0.0f;
      t.h[k] = real && w.initial_state ? w.initial_state[(plane * states + n) * channels + c] : 0.0f;
    }
    if constexpr (Rank > 0) {
      PANAMBA_UNROLL
      for (int r = 0; r < Rank; r++) {
        t.weight[r] = w.dt_weight[static_cast<int64_t>(r) * channels + c];
      }
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
    int64_t plane = Ends ? plane_of(block) : block.index();
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

  /* One direction has all rows to itself; of two, each has the half that it comes to first, and then the other's. */
  PANAMBA_HD int halves() const { return Ends ? 1 : walks; }

  template <class Block>
  PANAMBA_HD position place(const Block &block, int group, int half) const {
    int from = block.index_z() * chunk;
    int to = length - from < chunk ? length : from + chunk;
    position p;
    p.group = group;
    p.direction = direction_of(group);
    int middle = from + (to - from) / 2;
    bool upper = halves() == 2 && p.direction != half;
    bool lower = halves() == 2 && p.direction == half;
    int first = upper ? middle : from;
    int end = lower ? middle : to;
    p.count = end - first;
    p.row = p.direction ? end - 1 : first;
    p.stride = p.direction ? -channels : channels;
    p.gate_stride = p.direction ? -gate_row_stride : gate_row_stride;
    p.first_row = block.index() * length;
    p.projected_stride = p.direction ? -projected_row_stride : projected_row_stride;
    p.u = walk[p.direction].u + p.first_row * channels;
    p.dt = Rank ? nullptr : walk[p.direction].dt + p.first_row * channels;
    p.flags.add = half == 1 || accumulate;
    p.flags.last = half == halves() - 1;
    return p;
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
      walk_tile(block, p, done);
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
      step<GENERAL>(block, p, tile + row, left - row);
    }
  }

  template <scan_task Task, class Block>
  PANAMBA_HD int walk_steps(Block &block, const position &p, const float (*tile)[WIDTH], int rows, int left) const {
    int whole = (rows < left - QUAD ? rows : left - QUAD) / QUAD * QUAD;
    PANAMBA_ROLL
    for (int row = 0; row < whole; row += QUAD) {
      step<Task>(block, p, tile + row, QUAD);
    }
    return whole;
  }

  /* Copies rows done .. done + TILE - 1 of the walk to shared memory, as far as they exist. */
  template <class Block>
  PANAMBA_HD void copy_tile(Block &block, const position &p, int done, int i) const {
    const scan_walk<Element> &w = walk[p.direction];
    const float *from =
        w.projected + (p.first_row + p.row) * projected_row_stride + done * p.projected_stride + (Rank ? 0 : dt_rank);
    float *to = block.shared.rows[p.group][done / TILE % 2][0];
    int rows = p.count - done < TILE ? p.count - done : TILE;
    if (wide_copies) {
      constexpr int PIECES = WIDTH / 4;
      constexpr int AT_ONCE = GROUP / PIECES;
      int column = i % PIECES * 4;
      PANAMBA_ROLL
      for (int r = i < AT_ONCE * PIECES ? i / PIECES : TILE; r < rows; r += AT_ONCE) {
        block.template copy<16>(to + r * WIDTH + column, from + r * p.projected_stride + column);
      }
    } else {
      PANAMBA_ROLL
      for (int j = i; j < rows * WIDTH; j += GROUP) {
        copy_number(block, to + j, from + j / WIDTH * p.projected_stride, j % WIDTH);
      }
    }
  }

  /* Column `column` of a tile: dt, then B and C, each filled up with zeros to States. */
  template <class Block>
  PANAMBA_HD void copy_number(Block &block, float *to, const float *row, int column) const {
    int n = column - Rank;
    if (n < 0) {
      block.template copy<4>(to, row + column);
    } else if (n % States < states) {
      block.template copy<4>(to, row + Rank + n / States * states + n % States);
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

  /* A step, with `left` rows to go. */
  template <scan_task Task, class Block>
  PANAMBA_HD void step(Block &block, const position &p, const float (*tile)[WIDTH], int left) const {
    for (int i : block.template group<GROUP>(p.group)) {
      thread &t = block.thread(i);
      float u[QUAD];
      float dt[QUAD];
      PANAMBA_UNROLL
      for (int k = 0; k < QUAD; k++) {
        u[k] = widen_raw<Element>(t.u[k]);
        dt[k] = Rank ? 0.0f : t.dt[Rank ? 0 : k];
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
          recur(t, tile[k], u[k], dt[k], &t.y[k]);
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
      narrow(finish<Task>(p.flags, t.y[k], t.added[k], t.gated[k]), &result[k]);
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
    if constexpr (Rank > 0) {
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

  template <scan_task Task>
  PANAMBA_HD float finish(const scan_flags &flags, float y, float added, float gated) const {
    if (Task == PARTIAL) {
      return y;
    }
    /* Both directions are rounded to the type of `out`, so that it makes no difference which comes first. */
    if (Task == FINISH) {
      return (added + rounded<Element>(y)) * scale * panamba_silu(gated);
    }
    y = flags.add ? added + rounded<Element>(y) : y;
    if (flags.last) {
      y *= scale;
      y = gate ? y * panamba_silu(gated) : y;
    }
    return y;
  }
};

}  // namespace panamba

#endif

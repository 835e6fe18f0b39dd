/*
 * The scan in which every state has a thread, for few images: 16 threads share a channel, two channels a warp, 16 rows
 * at a time. Each projects dt of one row; walks along all 16 with its state, which it leaves in shared memory row by row;
 * and sums up for one row the 16 states that they have left, in the order of the scan by one thread.
 *
 * A step does the three for different rows, so that none waits for another: dt of the next 16, the states of these, the
 * sums of the 16 before. The rows of `projected` come to shared memory AHEAD steps before their states do.
 */
#include "fill.h"
#include "walk.h"

namespace panamba {

/* With Rank 0 dt is ready. */
template <class Element_, int Rank>
struct scan_by_state_kernel : scan_parameters<Element_, Rank == 0, false> {
  using Element = Element_;
  using base = scan_parameters<Element, Rank == 0, false>;
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
  using typename base::position;
  static constexpr int THREADS = 2 * GROUP;
  static constexpr int BLOCKS = 2; /* where more would come, four lanes are faster */
  static constexpr int STATES = 16;
  static constexpr int CHANNELS = GROUP / STATES;
  static constexpr int ROWS = 16; /* of a step */
  /* Steps from the copy of rows to their states: as many as shared memory has room for. */
  static constexpr int AHEAD = Rank <= 12 ? 4 : Rank <= 24 ? 3 : 2;
  static constexpr bool KNOWN_RANK = Rank == 12 || Rank == 24;
  /* What a warp reads and writes at once lies in banks of its own: rows that are read 16 bytes at a time are an odd
   * number of 16 bytes apart, and the two channels of a warp half of the banks. */
  static constexpr int BC_WIDTH = 2 * STATES + 4;
  static constexpr int LOW_WIDTH = Rank % 8 == 4 ? Rank : Rank + 4;
  static constexpr int STATE_WIDTH = STATES + 4;
  static constexpr int STATE_PLANE = ROWS * STATE_WIDTH + 16;
  static constexpr int DT_PLANE = 2 * ROWS + 16;
  static constexpr int BC_STEP = ROWS * BC_WIDTH;
  static constexpr int LOW_STEP = ROWS * LOW_WIDTH;

  struct tile {
    alignas(16) float bc[(AHEAD + 2) * BC_STEP];
    alignas(16) float low[Rank ? AHEAD * LOW_STEP : 4]; /* dt before its projection */
    alignas(16) float state[CHANNELS][STATE_PLANE];
    alignas(16) float dt[2][CHANNELS][DT_PLANE]; /* alternately; dt and dt u of each row */
  };

  struct shared {
    tile group[2];
  };

  struct thread {
    float h;
    float a;
    float weight[KNOWN_RANK ? Rank : 1];
    float bias;
    float skip;
    /* The states of this thread's row. */
    pack<float, 4> row_state[STATES / 4];
    /* Of this thread's rows in even and odd steps. */
    float skip_u[2];
    raw_of<Element> u[2];
    float dt[2]; /* with Rank 0 */
    raw_of<Element> z[2];
    raw_of<Element> before[2];
    /* This thread's share of the next rows to copy. */
    const float *bc;
    const float *low;
    /* Its elements that are next to load, of dt with Rank 0, and to store. */
    const Element *next_u;
    const float *next_dt;
    const Element *next_z;
    Element *next_out;
    int32_t end; /* of the rows of the walk that this thread reads and writes: none beyond the last channel */
    int32_t channel;
    int32_t state;
  };

  /* Where in shared memory the rows of a step are. */
  struct places {
    int bc;
    int bc_before;
    int bc_free;
    int low_next;
    int low_free;
  };

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    run_walks(*this, block);
  }

  template <class Block>
  PANAMBA_HD void start(Block &block, int i, int direction) const {
    const scan_walk<Element> &w = walk[direction];
    thread &t = block.thread(i);
    t.state = i % WARP / 2;
    t.channel = block.index_y() * CHANNELS + i % GROUP / WARP * 2 + i % 2;
    int32_t c = own_channel(t);
    int64_t place = (this->plane_of(block) * states + t.state) * channels + c;
    bool real = t.state < states;
    t.a = real ? w.a[static_cast<int64_t>(t.state) * channels + c] : 0.0f;
    t.h = real && w.initial_state ? w.initial_state[place] : 0.0f;
    if constexpr (KNOWN_RANK) {
      PANAMBA_UNROLL
      for (int r = 0; r < Rank; r++) {
        t.weight[r] = w.dt_weight[static_cast<int64_t>(r) * channels + c];
      }
    }
    t.bias = Rank && w.dt_bias ? w.dt_bias[c] : 0.0f;
    t.skip = w.d ? w.d[c] : 0.0f;
  }

  template <class Block>
  PANAMBA_HD void end(Block &block, int i, int direction) const {
    const scan_walk<Element> &w = walk[direction];
    const thread &t = block.thread(i);
    bool last = block.index_z() == (direction ? 0 : chunks - 1);
    if (t.channel < channels && t.state < states && w.final_state && last) {
      w.final_state[(block.index() * states + t.state) * channels + t.channel] = t.h;
    }
  }

  /* Threads beyond the last channel take its constants. */
  PANAMBA_HD int32_t own_channel(const thread &t) const { return t.channel < channels ? t.channel : channels - 1; }

  template <class Block>
  PANAMBA_HD void walk_rows(Block &block, const position &p) const {
    tile &m = block.shared.group[p.group];
    for (int i : block.template group<GROUP>(p.group)) {
      seek(block.thread(i), p, i % GROUP);
      load_u<0>(block.thread(i), p, 0);
      load_u<1>(block.thread(i), p, 1);
      load_rest<GENERAL, 0>(block.thread(i), p, 0, 0);
      PANAMBA_ROLL
      for (int step = 0; step < AHEAD; step++) {
        copy_rows<GENERAL>(block, p, m, step, step * BC_STEP, step * LOW_STEP, i % GROUP);
        block.end_batch();
      }
    }
    block.template wait_for_batches<AHEAD - 1>();
    block.template synchronize_group<GROUP>(p.group);
    for (int i : block.template group<GROUP>(p.group)) {
      thread &t = block.thread(i);
      store_dt<0>(t, m, project<0>(t, p, m, 0));
      load_u<0>(t, p, 2);
    }
    places at = {0, (AHEAD + 1) * BC_STEP, AHEAD * BC_STEP, LOW_STEP, 0};
    int step = 0;
    if (!p.flags.add && !p.flags.last && wide_copies) {
      step = take_whole_steps<PARTIAL>(block, p, m, at);
    } else if (p.flags.add && p.flags.last && gate && wide_copies) {
      step = take_whole_steps<FINISH>(block, p, m, at);
    }
    PANAMBA_ROLL
    for (; (step - 1) * ROWS < p.count; step += 2) {
      take_step<GENERAL, 0>(block, p, m, step, at);
      take_step<GENERAL, 1>(block, p, m, step + 1, at);
    }
  }

  /* Pairs of steps whose rows all exist take the specialised path, without tests of borders and flags. */
  template <scan_task Task, class Block>
  PANAMBA_HD int take_whole_steps(Block &block, const position &p, tile &m, places &at) const {
    int step = 0;
    PANAMBA_ROLL
    for (; (step + 2) * ROWS <= p.count; step += 2) {
      take_step<Task, 0>(block, p, m, step, at);
      take_step<Task, 1>(block, p, m, step + 1, at);
    }
    return step;
  }

  PANAMBA_HD void seek(thread &t, const position &p, int i) const {
    int32_t c = own_channel(t);
    int32_t element = p.row * channels + c + t.state * p.stride;
    t.next_u = p.u + element;
    t.next_dt = Rank ? nullptr : p.dt + element;
    t.next_z = gate ? p.gate + (p.row * gate_row_stride + c + t.state * p.gate_stride) : nullptr;
    t.next_out = p.out + element;
    t.end = t.channel < channels ? p.count : 0;
    const float *first = walk[p.direction].projected + (p.first_row + p.row) * projected_row_stride;
    t.bc = first + i / 8 * p.projected_stride + dt_rank + i % 8 * 4;
    t.low = first + i / 4 * p.projected_stride + i % 4 * 4;
  }

  /* Copies the rows of a step, as far as they exist. */
  template <scan_task Task, class Block>
  PANAMBA_HD void copy_rows(Block &block, const position &p, tile &m, int step, int bc, int low, int i) const {
    thread &t = block.thread(i + p.group * GROUP);
    int left = p.count - step * ROWS;
    if (Task != GENERAL || wide_copies) {
      float *to = m.bc + bc + (i / 8 * BC_WIDTH + i % 8 * 4);
      PANAMBA_UNROLL
      for (int k = 0; k < ROWS; k += 8) {
        if (i / 8 + k < left) {
          block.template copy<16>(to + k * BC_WIDTH, t.bc + k * p.projected_stride);
        }
      }
      float *low_to = m.low + low + (i / 4 * LOW_WIDTH + i % 4 * 4);
      PANAMBA_UNROLL
      for (int k = 0; k < Rank; k += 16) {
        if (i / 4 < left && i % 4 * 4 + k < (KNOWN_RANK ? Rank : dt_rank)) {
          block.template copy<16>(low_to + k, t.low + k);
        }
      }
    } else if (i / 4 < left) {
      copy_numbers(block, m, bc + i / 4 * BC_WIDTH, low + i / 4 * LOW_WIDTH, t.low - i % 4 * 4, i % 4);
    }
    t.bc += ROWS * p.projected_stride;
    t.low += ROWS * p.projected_stride;
  }

  /* Every fourth number of a row, of B and C filled up with zeros. */
  template <class Block>
  PANAMBA_HD void copy_numbers(Block &block, tile &m, int bc, int low, const float *row, int first) const {
    PANAMBA_ROLL
    for (int r = Rank ? first : dt_rank; r < dt_rank; r += 4) {
      block.template copy<4>(m.low + low + r, row + r);
    }
    PANAMBA_ROLL
    for (int column = first; column < 2 * STATES; column += 4) {
      float *to = m.bc + bc + column;
      if (column % STATES < states) {
        block.template copy<4>(to, row + dt_rank + column / STATES * states + column % STATES);
      } else {
        *to = 0.0f;
      }
    }
  }

  /* Whether this thread's row of a step exists. */
  PANAMBA_HD bool has_row(const thread &t, int step) const {
    return static_cast<uint32_t>(step * ROWS + t.state) < static_cast<uint32_t>(t.end);
  }

  template <int Parity>
  PANAMBA_HD void load_u(thread &t, const position &p, int step) const {
    if (has_row(t, step)) {
      t.u[Parity] = load_raw(t.next_u);
      if constexpr (Rank == 0) {
        t.dt[Parity] = *t.next_dt;
      }
    }
    t.next_u += ROWS * p.stride;
    if constexpr (Rank == 0) {
      t.next_dt += ROWS * p.stride;
    }
  }

  /* What finishing a row takes, beside its states. `ahead` is how many steps it is after the one next to store. */
  template <scan_task Task, int Parity>
  PANAMBA_HD void load_rest(thread &t, const position &p, int step, int ahead) const {
    if (Task == FINISH || (Task == GENERAL && p.flags.add)) {
      if (has_row(t, step)) {
        t.before[Parity] = load_raw(t.next_out + ahead * ROWS * p.stride);
      }
    }
    if (Task == FINISH || (Task == GENERAL && p.flags.last && gate)) {
      if (has_row(t, step)) {
        t.z[Parity] = load_raw(t.next_z);
      }
      t.next_z += ROWS * p.gate_stride;
    }
  }

  /* A step, of that parity: the states of its rows, the sums of the rows before, dt of the rows after. */
  template <scan_task Task, int Parity, class Block>
  PANAMBA_HD void take_step(Block &block, const position &p, tile &m, int step, places &at) const {
    block.template wait_for_batches<AHEAD - 2>();
    block.template synchronize_group<GROUP>(p.group);
    for (int i : block.template group<GROUP>(p.group)) {
      thread &t = block.thread(i);
      copy_rows<Task>(block, p, m, step + AHEAD, at.bc_free, at.low_free, i % GROUP);
      block.end_batch();
      const float *row = m.state[t.channel % CHANNELS] + t.state * STATE_WIDTH;
      PANAMBA_UNROLL
      for (int k = 0; k < STATES / 4; k++) {
        t.row_state[k] = load<float, 4>(row + 4 * k);
      }
    }
    block.synchronize_warps();
    for (int i : block.template group<GROUP>(p.group)) {
      advance<Task, Parity>(block.thread(i), p, m, step, at);
    }
    at.bc_free = at.bc_before;
    at.bc_before = at.bc;
    at.bc = at.bc == (AHEAD + 1) * BC_STEP ? 0 : at.bc + BC_STEP;
    at.low_free = at.low_next;
    at.low_next = at.low_next == (AHEAD - 1) * LOW_STEP ? 0 : at.low_next + LOW_STEP;
  }

  /* Reads all of shared memory before it writes, so that the compiler is free to mix the three. */
  template <scan_task Task, int Parity>
  PANAMBA_HD void advance(thread &t, const position &p, tile &m, int step, const places &at) const {
    float b[ROWS];
    pack<float, 4> dt[ROWS / 2];
    pack<float, 4> c[STATES / 4];
    PANAMBA_UNROLL
    for (int k = 0; k < STATES / 4; k++) {
      c[k] = load<float, 4>(m.bc + at.bc_before + t.state * BC_WIDTH + STATES + 4 * k);
    }
    PANAMBA_UNROLL
    for (int k = 0; k < ROWS; k++) {
      b[k] = m.bc[at.bc + k * BC_WIDTH + t.state];
    }
    PANAMBA_UNROLL
    for (int k = 0; k < ROWS / 2; k++) {
      dt[k] = load<float, 4>(m.dt[Parity][t.channel % CHANNELS] + 4 * k);
    }
    float next_dt = project<1 - Parity>(t, p, m, at.low_next);
    finish_row<Task, 1 - Parity>(t, p, c, step - 1);
    float *to = m.state[t.channel % CHANNELS] + t.state;
    PANAMBA_UNROLL
    for (int k = 0; k < ROWS; k++) {
      if (Task != GENERAL || step * ROWS + k < p.count) {
        const float *of_row = dt[k / 2].element + k % 2 * 2;
        t.h = panamba_scan_step(t.h, of_row[0], t.a, of_row[1], b[k]);
        to[k * STATE_WIDTH] = t.h;
      }
    }
    store_dt<1 - Parity>(t, m, next_dt);
    load_rest<Task, 1 - Parity>(t, p, step + 1, 1);
    load_u<1 - Parity>(t, p, step + 3);
  }

  /* D u + C . h, in the order in which one thread sums up all states. The first step has no step before it to finish. */
  template <scan_task Task, int Parity>
  PANAMBA_HD void finish_row(thread &t, const position &p, const pack<float, 4> (&c)[STATES / 4], int step) const {
    float sums[STATES / 4];
    PANAMBA_UNROLL
    for (int chain = 0; chain < STATES / 4; chain++) {
      float sum = chain == 0 ? t.skip_u[Parity] : 0.0f;
      PANAMBA_UNROLL
      for (int n = 0; n < 4; n++) {
        sum = fmaf(c[chain].element[n], t.row_state[chain].element[n], sum);
      }
      sums[chain] = sum;
    }
    float y = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    float added = Task == PARTIAL ? 0.0f : widen_raw<Element>(t.before[Parity]);
    float gated = Task == PARTIAL ? 0.0f : widen_raw<Element>(t.z[Parity]);
    Element result;
    narrow(this->template finish<Task>(p.flags, y, added, gated), &result);
    if (step >= 0) {
      if (has_row(t, step)) {
        *t.next_out = result;
      }
      t.next_out += ROWS * p.stride;
    }
  }

  /* dt of this thread's row of a step. */
  template <int Parity>
  PANAMBA_HD float project(const thread &t, const position &p, const tile &m, int low) const {
    if constexpr (Rank == 0) {
      return t.dt[Parity];
    } else {
      return panamba_softplus(sum_ranks(t, p, m.low + low + t.state * LOW_WIDTH));
    }
  }

  /* For all threads of the channel, with what else this row's u goes into. */
  template <int Parity>
  PANAMBA_HD void store_dt(thread &t, tile &m, float dt) const {
    float u = widen_raw<Element>(t.u[Parity]);
    t.skip_u[Parity] = t.skip * u;
    pack<float, 2> of_row = {{dt, dt * u}};
    float *to = m.dt[Parity][t.channel % CHANNELS] + 2 * t.state;
    *reinterpret_cast<pack<float, 2> *>(to) = of_row;
  }

  PANAMBA_HD float sum_ranks(const thread &t, const position &p, const float *low) const {
    float sum = t.bias;
    if constexpr (KNOWN_RANK) {
      PANAMBA_UNROLL
      for (int r = 0; r < Rank; r += 4) {
        pack<float, 4> four = load<float, 4>(low + r);
        PANAMBA_UNROLL
        for (int k = 0; k < 4; k++) {
          sum = fmaf(four.element[k], t.weight[r + k], sum);
        }
      }
    } else {
      const float *weight = walk[p.direction].dt_weight + own_channel(t);
      for (int r = 0; r < dt_rank; r++) {
        sum = fmaf(low[r], weight[static_cast<int64_t>(r) * channels], sum);
      }
    }
    return sum;
  }
};

template <class Element>
static int32_t launch_rank(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream) {
  if (!plan.fused) {
    return launch_scan<scan_by_state_kernel<Element, 0>>(args, plan, stream);
  }
  switch (args.scan.dt_rank) {
    case 12: return launch_scan<scan_by_state_kernel<Element, 12>>(args, plan, stream);
    case 24: return launch_scan<scan_by_state_kernel<Element, 24>>(args, plan, stream);
    default: return launch_scan<scan_by_state_kernel<Element, ANY_RANK>>(args, plan, stream);
  }
}

int32_t launch_scan_by_state(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream) {
  return args.scan.dtype == PANAMBA_F32 ? launch_rank<float>(args, plan, stream)
                                        : launch_rank<bfloat>(args, plan, stream);
}

}  // namespace panamba

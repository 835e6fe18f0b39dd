/*
 * The kernel of the cross scan. A walk is cut into segments of at most Steps pixels, none of which goes around the end of
 * a column. A thread has one channel of one segment; a block has 2^width_shift channels of `segments` neighbouring
 * segments, and goes along the walk from segments to segments. Of a segment, dt, exp(dt A) and dt u B are computed once and
 * stay in registers:
 *
 *   1. The thread finds what its segment makes of any state h: decay * h + entry, and leaves both in shared memory.
 *   2. After a barrier it carries the state from the block's first segment to its own, segment by segment, and goes
 *      through its pixels anew, from that state.
 *
 * The carry is the same chain of multiply-adds however many segments a block has, and however many channels: bits depend
 * on the length of segments, which depends on the image's size and the number of states alone.
 *
 * A block goes through all walks in turn, each of which adds to `out`; or, `together`, the walks have blocks of their own,
 * write their y to planes of their own, and sum.cu adds these up in the same order.
 *
 * Rows of `projected` are copied to shared memory while the segments before are finished: dt before its projection and,
 * of one state, B and C. Of more states B and C come through the first-level cache.
 *
 * Per pixel and channel, u of bfloat16: walks in turn read u four times and `out` three times, and write it four times, 36
 * bytes, of which 6 are of memory where the images that are worked on fit into the second-level cache; together, four
 * planes are written and read, 46 bytes. Per pixel, channel and walk, one state on sm_90: 49.6 issue slots with 14 pixels
 * to a segment, and 1.5 for each rank of dt_proj; tools/cross-scan-issue-slots counts them.
 */
#ifndef PANAMBA_CUDA_CROSS_SCAN_KERNEL_H
#define PANAMBA_CUDA_CROSS_SCAN_KERNEL_H

#include "element.h"
#include "launch.h"
#include "plan.h"

namespace panamba {

/* What a segment makes of the state before it: decay * h + entry. */
struct alignas(8) cross_segment {
  float decay;
  float entry;
};

/* Where number `j` is of those that are `stride` bytes apart: an address in one multiply-add. */
template <class Number>
PANAMBA_HD const Number *nth(const Number *first, int32_t stride, int j) {
  return reinterpret_cast<const Number *>(reinterpret_cast<const char *>(first) + static_cast<int64_t>(stride) * j);
}

PANAMBA_HD float *nth(float *first, int32_t stride, int j) {
  return reinterpret_cast<float *>(reinterpret_cast<char *>(first) + static_cast<int64_t>(stride) * j);
}

/* Of 1 state, or of up to States. */
template <class Element_, int Steps, int States>
struct cross_kernel {
  using Element = Element_;
  static constexpr int SIZE = sizeof(Element);
  static constexpr int THREADS = cross_threads(Steps, States == 1);
  static constexpr int BLOCKS = Steps > 7 ? 1 : States > 1 ? 3 : 4;
  /* With more states than one there is one barrier for each, and the next state's segments need a place of their own. */
  static constexpr int BUFFERS = States > 1 ? 2 : 1;
  /* Pixels whose sums are loaded and stored at once. */
  static constexpr int BATCH = Steps > 8 ? Steps / 2 : Steps;
  static_assert(Steps % BATCH == 0, "whole batches");
  /* Segments that a state is carried over with one wait for shared memory. */
  static constexpr int AHEAD = 4;

  const Element *u;
  const float *d;
  cross_walk walks[PANAMBA_WALKS];
  int32_t length;
  int32_t channels;
  int32_t states;
  int32_t dt_rank;
  int32_t projected_row_stride;
  int32_t width_shift; /* 2^width_shift channels of a block */
  int32_t segments;
  int32_t segment_floats; /* of a segment's dt before projection, in shared memory */
  int32_t copy_shift;     /* 2^copy_shift threads copy pieces of a pixel's row, */
  int32_t copy_width;     /* of 1, 2 or 4 numbers */
  bool together;

  struct shared {
    alignas(16) float rows[CROSS_TILE];
    cross_segment ends[BUFFERS][THREADS];
    /* The state before the block's first segment, and the one after its last, alternately. */
    float carry[2][States][CROSS_WIDTH];
  };

  struct thread {
    float dt[Steps];
    float dtu[Steps];
    float decay[Steps];
    float entry[Steps];
    float c[Steps];
    float y[Steps];
    uint32_t channel; /* a thread beyond the last channel walks along with it, and stores nothing */
    int64_t pixel;    /* the segment's first, counted over all images, */
    int32_t count;    /* and how many it has */
    int32_t line;     /* where the next segment is */
    int32_t piece;
  };

  struct pixels {
    int64_t first; /* counted over all images */
    int32_t count;
  };

  template <class Block>
  PANAMBA_HD void run(Block &block) const {
    int first = together ? block.index_z() : 0;
    int end = together ? first + 1 : PANAMBA_WALKS;
    PANAMBA_ROLL
    for (int k = first; k < end; k++) {
      /* What the walk before has added to `out`. */
      if (k > first) {
        block.synchronize();
      }
      run_walk(block, k, walks[k]);
    }
  }

  template <class Block>
  PANAMBA_HD void run_walk(Block &block, int k, const cross_walk &w) const {
    for (int i : block.all()) {
      start(block, w, i);
      copy_rows(block, w, i, 0, next_of(block.thread(i), block.index(), w));
    }
    PANAMBA_ROLL
    for (int turn = 0; turn * segments < w.order.count; turn++) {
      block.wait_for_copies();
      block.synchronize();
      for (int i : block.all()) {
        enter(block.thread(i), block.index(), w);
        add_ranks(block.shared, block.thread(i), i, w, 0);
      }
      PANAMBA_ROLL
      for (int rank = CROSS_RANKS; rank < dt_rank; rank += CROSS_RANKS) {
        add_later_ranks(block, w, rank);
      }
      for (int i : block.all()) {
        thread &t = block.thread(i);
        t.count == Steps ? size_steps<true>(t, w) : size_steps<false>(t, w);
      }
      PANAMBA_ROLL
      for (int n = 0; n < (States > 1 ? states : 1); n++) {
        run_state(block, w, n, turn);
      }
      for (int i : block.all()) {
        thread &t = block.thread(i);
        if (channel_of(block, i) < channels && t.count > 0) {
          t.count == Steps ? finish<true>(t, k, w) : finish<false>(t, k, w);
        }
      }
    }
  }

  template <class Block>
  PANAMBA_HD void run_state(Block &block, const cross_walk &w, int n, int turn) const {
    cross_segment *ends = block.shared.ends[n % BUFFERS];
    for (int i : block.all()) {
      thread &t = block.thread(i);
      ends[i] = t.count == Steps ? advance<true>(block.shared, t, i, w, n) : advance<false>(block.shared, t, i, w, n);
    }
    block.synchronize();
    for (int i : block.all()) {
      thread &t = block.thread(i);
      if (n == 0) {
        seek_next(t, w);
        copy_rows(block, w, i, 0, next_of(t, block.index(), w));
      }
      float h = carry_to(slot_of(i), ends + column_of(i), block.shared.carry[turn % 2][n][column_of(i)]);
      if (slot_of(i) == segments - 1) {
        block.shared.carry[(turn + 1) % 2][n][column_of(i)] = fmaf(ends[i].decay, h, ends[i].entry);
      }
      t.count == Steps ? go_on<true>(block.shared, t, i, w, n, h) : go_on<false>(block.shared, t, i, w, n, h);
    }
  }

  /* A state from before the block's first segment to segment `slot`, of a channel whose first segment is *end. */
  PANAMBA_HD float carry_to(int slot, const cross_segment *end, float h) const {
    PANAMBA_ROLL
    for (; slot >= AHEAD; slot -= AHEAD) {
      cross_segment some[AHEAD];
      PANAMBA_UNROLL
      for (int s = 0; s < AHEAD; s++, end += width()) {
        some[s] = *end;
      }
      PANAMBA_UNROLL
      for (int s = 0; s < AHEAD; s++) {
        h = fmaf(some[s].decay, h, some[s].entry);
      }
    }
    PANAMBA_ROLL
    for (; slot > 0; slot--, end += width()) {
      h = fmaf(end->decay, h, end->entry);
    }
    return h;
  }

  PANAMBA_HD int width() const { return 1 << width_shift; }

  /* A thread's segment, of those of the block. */
  PANAMBA_HD int slot_of(int i) const { return i >> width_shift; }

  /* A thread's channel, of those of the block. */
  PANAMBA_HD int column_of(int i) const { return i & (width() - 1); }

  template <class Block>
  PANAMBA_HD int channel_of(const Block &block, int i) const {
    return (block.index_y() << width_shift) + column_of(i);
  }

  template <class Block>
  PANAMBA_HD void start(Block &block, const cross_walk &w, int i) const {
    thread &t = block.thread(i);
    int channel = channel_of(block, i);
    t.channel = static_cast<uint32_t>(channel < channels ? channel : channels - 1);
    t.line = slot_of(i) / w.order.pieces;
    t.piece = slot_of(i) % w.order.pieces;
    for (int n = 0; n < (States > 1 ? states : 1) && slot_of(i) == 0; n++) {
      block.shared.carry[0][n][i] = 0.0f;
    }
  }

  /* The next segment's pixels. */
  PANAMBA_HD pixels next_of(const thread &t, int64_t image, const cross_walk &w) const {
    int from = t.piece * w.order.segment;
    int left = w.order.line - from;
    int count = left < w.order.segment ? left : w.order.segment;
    int pixel = w.order.first + t.line * w.order.next_line + from * w.order.step;
    bool exists = t.line < w.order.lines;
    return {image * length + (exists ? pixel : 0), exists ? count : 0};
  }

  PANAMBA_HD void seek_next(thread &t, const cross_walk &w) const {
    t.line += w.order.leap_lines;
    t.piece += w.order.leap_pieces;
    if (t.piece >= w.order.pieces) {
      t.piece -= w.order.pieces;
      t.line++;
    }
  }

  /* What shared memory has of a pixel: CROSS_RANKS numbers from `rank` on, or those that are left, and with them B and C of
   * one state. */
  PANAMBA_HD int numbers_of(int rank) const {
    int ranks = dt_rank - rank;
    return ranks > CROSS_RANKS ? CROSS_RANKS : ranks + (States > 1 ? 0 : 2);
  }

  /* Where number `number` of a segment's first pixel is; of the next pixel it is 4 further. */
  PANAMBA_HD static int place_of(int number) { return (number >> 2) * (4 * Steps) + (number & 3); }

  /* Copies these of every pixel of a segment, together with all other threads of the segment. */
  template <class Block>
  PANAMBA_HD void copy_rows(Block &block, const cross_walk &w, int i, int rank, pixels of) const {
    if (copy_width == 4) {
      copy_pieces<4>(block, w, i, rank, of);
    } else if (copy_width == 2) {
      copy_pieces<2>(block, w, i, rank, of);
    } else {
      copy_pieces<1>(block, w, i, rank, of);
    }
  }

  /* As pieces of Width numbers. Of 2^copy_shift neighbouring threads each takes one of a pixel's pieces, and then the one
   * 2^copy_shift further. */
  template <int Width, class Block>
  PANAMBA_HD void copy_pieces(Block &block, const cross_walk &w, int i, int rank, pixels of) const {
    int first = column_of(i) >> copy_shift;
    int pixels_at_once = width() >> copy_shift;
    int stride = w.order.step * projected_row_stride * 4;
    const float *row = nth(w.projected + of.first * projected_row_stride + rank, stride, first);
    float *to = block.shared.rows + slot_of(i) * segment_floats + 4 * first;
    int numbers = numbers_of(rank);
    PANAMBA_ROLL
    for (int n = (column_of(i) & ((1 << copy_shift) - 1)) * Width; n < numbers; n += Width << copy_shift) {
      const float *source = row + n;
      float *target = to + place_of(n);
      PANAMBA_ROLL
      for (int pixel = first; pixel < of.count; pixel += pixels_at_once) {
        block.template copy<4 * Width>(target, source);
        source = nth(source, stride, pixels_at_once);
        target += 4 * pixels_at_once;
      }
    }
  }

  /* The next segment becomes the thread's own; dt begins with its bias. */
  PANAMBA_HD void enter(thread &t, int64_t image, const cross_walk &w) const {
    pixels next = next_of(t, image, w);
    t.pixel = next.first;
    t.count = next.count;
    float bias = w.dt_bias ? w.dt_bias[t.channel] : 0.0f;
    PANAMBA_UNROLL
    for (int j = 0; j < Steps; j++) {
      t.dt[j] = bias;
    }
  }

  /* For a pixel that does not exist the segment's last stands in, so that nothing has to be left out until the recurrence,
   * which it leaves as it is, and `out`, to which it is not written. */
  template <bool Whole>
  PANAMBA_HD static int existing(const thread &t, int j) {
    return Whole || j < t.count ? j : (t.count > 0 ? t.count - 1 : 0);
  }

  /* Adds the ranks from `rank` on that are in shared memory. Pixels that do not exist get sums of whatever is there. */
  PANAMBA_HD void add_ranks(const shared &memory, thread &t, int i, const cross_walk &w, int rank) const {
    const float *row = memory.rows + slot_of(i) * segment_floats;
    int ranks = dt_rank - rank < CROSS_RANKS ? dt_rank - rank : CROSS_RANKS;
    const float *weight = w.dt_weight + (static_cast<int64_t>(rank) * channels + t.channel);
    int r = 0;
    PANAMBA_ROLL
    for (; r + 4 <= ranks; r += 4, row += 4 * Steps) {
      add_some<4>(t, row, weight);
      weight += 4 * static_cast<int64_t>(channels);
    }
    if (r + 2 <= ranks) {
      add_some<2>(t, row, weight);
      weight += 2 * static_cast<int64_t>(channels);
      row += 2;
      r += 2;
    }
    if (r < ranks) {
      add_some<1>(t, row, weight);
    }
  }

  template <int Ranks>
  PANAMBA_HD void add_some(thread &t, const float *row, const float *weight) const {
    float weights[Ranks];
    PANAMBA_UNROLL
    for (int m = 0; m < Ranks; m++) {
      weights[m] = weight[m * static_cast<int64_t>(channels)];
    }
    PANAMBA_UNROLL
    for (int j = 0; j < Steps; j++) {
      float numbers[Ranks];
      load_wide<float, Ranks>(row + 4 * j, numbers);
      PANAMBA_UNROLL
      for (int m = 0; m < Ranks; m++) {
        t.dt[j] = fmaf(numbers[m], weights[m], t.dt[j]);
      }
    }
  }

  /* Ranks for which shared memory has no room beside the first. */
  template <class Block>
  PANAMBA_HD void add_later_ranks(Block &block, const cross_walk &w, int rank) const {
    block.synchronize();
    for (int i : block.all()) {
      const thread &t = block.thread(i);
      copy_rows(block, w, i, rank, {t.pixel, t.count});
    }
    block.wait_for_copies();
    block.synchronize();
    for (int i : block.all()) {
      add_ranks(block.shared, block.thread(i), i, w, rank);
    }
  }

  /* From the sums dt, and dt u. */
  template <bool Whole>
  PANAMBA_HD void size_steps(thread &t, const cross_walk &w) const {
    const Element *from = u + (t.pixel * channels + t.channel);
    int stride = w.order.step * channels * SIZE;
    raw_of<Element> inputs[Steps];
    PANAMBA_UNROLL
    for (int j = 0; j < Steps; j++) {
      inputs[j] = load_raw(nth(from, stride, existing<Whole>(t, j)));
    }
    PANAMBA_UNROLL
    for (int j = 0; j < Steps; j++) {
      t.dt[j] = panamba_softplus(t.dt[j]);
      t.dtu[j] = t.dt[j] * widen_raw<Element>(inputs[j]);
      t.y[j] = 0.0f;
    }
  }

  /* exp(dt A) and dt u B of state n, and what the segment makes of the state before it. */
  template <bool Whole>
  PANAMBA_HD cross_segment advance(const shared &memory, thread &t, int i, const cross_walk &w, int n) const {
    float decay = w.a[static_cast<int64_t>(n) * channels + t.channel];
    float b[Steps];
    load_of_state<Whole>(memory, t, i, w, 0, n, b);
    if constexpr (States == 1) {
      /* Before its place in shared memory is the next segment's. */
      load_of_state<Whole>(memory, t, i, w, 1, n, t.c);
    }
    cross_segment all = {1.0f, 0.0f};
    PANAMBA_UNROLL
    for (int j = 0; j < Steps; j++) {
      bool exists = Whole || j < t.count;
      t.decay[j] = exists ? panamba_exp2(t.dt[j] * decay) : 1.0f;
      t.entry[j] = exists ? t.dtu[j] * b[j] : 0.0f;
      all.entry = fmaf(t.decay[j], all.entry, t.entry[j]);
      all.decay *= t.decay[j];
    }
    return all;
  }

  /* State n through the segment, from h on, and its part of y. */
  template <bool Whole>
  PANAMBA_HD void go_on(const shared &memory, thread &t, int i, const cross_walk &w, int n, float h) const {
    if constexpr (States > 1) {
      load_of_state<Whole>(memory, t, i, w, 1, n, t.c);
    }
    PANAMBA_UNROLL
    for (int j = 0; j < Steps; j++) {
      h = fmaf(t.decay[j], h, t.entry[j]);
      t.y[j] = fmaf(t.c[j], h, t.y[j]);
    }
  }

  /* B or C of state n, `part` 0 or 1, of the segment's pixels. */
  template <bool Whole>
  PANAMBA_HD void load_of_state(const shared &memory, const thread &t, int i, const cross_walk &w, int part, int n,
                                float (&to)[Steps]) const {
    if constexpr (States == 1) {
      const float *from = memory.rows + slot_of(i) * segment_floats + place_of((dt_rank - 1) % CROSS_RANKS + 1 + part);
      PANAMBA_UNROLL
      for (int j = 0; j < Steps; j++) {
        to[j] = from[4 * j];
      }
    } else {
      const float *from = w.projected + t.pixel * projected_row_stride + dt_rank + part * states + n;
      int stride = w.order.step * projected_row_stride * 4;
      PANAMBA_UNROLL
      for (int j = 0; j < Steps; j++) {
        to[j] = *nth(from, stride, existing<Whole>(t, j));
      }
    }
  }

  /* Adds y to `out`. */
  template <bool Whole>
  PANAMBA_HD void finish(const thread &t, int k, const cross_walk &w) const {
    int64_t place = t.pixel * channels + t.channel;
    float *sums = w.out + place;
    int stride = w.order.step * channels * 4;
    PANAMBA_UNROLL
    for (int first = 0; first < Steps; first += BATCH) {
      float before[BATCH];
      if (together) {
        /* Nothing changes what -0 is added to. */
        PANAMBA_UNROLL
        for (int j = 0; j < BATCH; j++) {
          before[j] = -0.0f;
        }
      } else if (k == 0) {
        float skip = sum_of_skips(d, channels, t.channel);
        PANAMBA_UNROLL
        for (int j = 0; j < BATCH; j++) {
          const Element *from = nth(u + place, w.order.step * channels * SIZE, existing<Whole>(t, first + j));
          before[j] = skip * widen(*from);
        }
      } else {
        PANAMBA_UNROLL
        for (int j = 0; j < BATCH; j++) {
          before[j] = *nth(sums, stride, existing<Whole>(t, first + j));
        }
      }
      PANAMBA_UNROLL
      for (int j = 0; j < BATCH; j++) {
        if (Whole || first + j < t.count) {
          *nth(sums, stride, first + j) = before[j] + t.y[first + j];
        }
      }
    }
  }
};

}  // namespace panamba

#endif

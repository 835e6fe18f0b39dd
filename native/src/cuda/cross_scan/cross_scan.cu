/* The cross scan: how it is cut, what workspace that needs, and the launches. */
#include <stdio.h>

#include "check_arguments.h"
#include "element.h"
#include "launch.h"
#include "plan.h"
#include "run.h"

namespace panamba {

/* Pixels of an image, and the bytes between two neighbours of a column, are counted in 32 bits. */
constexpr int64_t MOST_IMAGE = INT32_MAX / 4;

/* Blocks for each multiprocessor with which it is busy. */
constexpr int64_t BUSY = 2;

/* Channels of a block where there are few: a quarter of a warp's, 32 bytes of `out`. */
constexpr int32_t NARROW_SHIFT = 3;

/* Threads of a block where there are many, so that a multiprocessor has two: one works while the other waits. */
constexpr int64_t WIDE_THREADS = 320;

/* What a pixel costs in segments of up to `steps` pixels, those that do not exist included: issue slots, as
 * tools/cross-scan-issue-slots counts them with one state. Their ratio is about the same with more. */
struct segment_cost {
  int32_t steps;
  int64_t slots;
};
constexpr segment_cost SEGMENT_COSTS[] = {{16, 48}, {14, 50}, {7, 64}};

static int32_t check(const panamba_cross_scan_args &a) {
  int32_t status = panamba_check_cross_scan(&a);
  if (status != PANAMBA_OK) {
    return status;
  }
  if (a.saved_states) {
    return panamba_fail(PANAMBA_UNSUPPORTED, "cross_scan: training's saved states are the CPU's");
  }
  int64_t row = a.projected_row_stride > a.channels ? a.projected_row_stride : a.channels;
  if (row > MOST_IMAGE / (a.height * a.width)) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT,
                        "cross_scan: height %lld, width %lld, channels %lld, projected_row_stride %lld: too large for "
                        "one call",
                        static_cast<long long>(a.height), static_cast<long long>(a.width),
                        static_cast<long long>(a.channels), static_cast<long long>(a.projected_row_stride));
  }
  return PANAMBA_OK;
}

/* Lines in as few segments of at most `steps` pixels as there can be, of one length. */
static void cut(int64_t steps, cross_order *order) {
  order->segment = static_cast<int32_t>(ceil_div(order->line, ceil_div(order->line, steps)));
  order->pieces = static_cast<int32_t>(ceil_div(order->line, order->segment));
  order->count = order->pieces * order->lines;
}

/* All pixels of all walks' segments, those that do not exist included. */
static int64_t cut_walks(const panamba_cross_scan_args &a, int32_t steps, cross_plan *plan) {
  auto height = static_cast<int32_t>(a.height);
  auto width = static_cast<int32_t>(a.width);
  int64_t pixels = 0;
  for (int k = 0; k < PANAMBA_WALKS; k++) {
    cross_order &order = plan->walks[k].order;
    /* Along one row or column there is but one way. */
    bool columns = a.walks == PANAMBA_WALKS_CROSS && k % 2 == 1 && height > 1 && width > 1;
    bool backwards = a.walks != PANAMBA_WALKS_UNIDI && k >= PANAMBA_WALKS / 2;
    order.line = columns ? height : height * width;
    order.lines = columns ? width : 1;
    order.first = backwards ? height * width - 1 : 0;
    order.step = (columns ? width : 1) * (backwards ? -1 : 1);
    order.next_line = backwards ? -1 : 1;
    cut(steps, &order);
    pixels += static_cast<int64_t>(order.count) * steps;
  }
  plan->steps = steps;
  return pixels;
}

/* The cheapest length of segments: by the size of images and whether there is one state, and nothing else. */
static void choose_steps(const panamba_cross_scan_args &a, cross_plan *plan) {
  int64_t least = INT64_MAX;
  for (const segment_cost &cost : SEGMENT_COSTS) {
    cross_plan candidate = *plan;
    int64_t slots = cut_walks(a, cost.steps, &candidate) * cost.slots;
    if (slots < least && (a.states == 1 || cost.steps < 16)) {
      least = slots;
      *plan = candidate;
    }
  }
}

/* Of a pixel's row, what shared memory has at a time: ranks, and with one state B and C. */
static int64_t count_numbers(const panamba_cross_scan_args &a) {
  return lesser(a.dt_rank, CROSS_RANKS) + (a.states > 1 ? 0 : 2);
}

static void choose_copies(const panamba_cross_scan_args &a, cross_plan *plan) {
  int64_t row = a.dt_rank + 2 * a.states;
  for (plan->copy_width = 4; plan->copy_width > 1; plan->copy_width /= 2) {
    if (row % plan->copy_width == 0 && fits(a.projected, a.projected_row_stride, 4, 4 * plan->copy_width)) {
      break;
    }
  }
  /* The last four numbers keep segments of one warp in banks of their own. */
  plan->segment_floats = static_cast<int32_t>(ceil_div(count_numbers(a), 4) * 4 * plan->steps + 4);
}

/* The threads of a row with which a segment is copied in the fewest rounds. */
static void choose_copiers(const panamba_cross_scan_args &a, cross_plan *plan) {
  int64_t pieces = ceil_div(count_numbers(a), plan->copy_width);
  int64_t least = INT64_MAX;
  for (int32_t shift = 0; shift <= plan->width_shift; shift++) {
    int64_t rounds = ceil_div(pieces, 1 << shift) * ceil_div(plan->steps, 1 << (plan->width_shift - shift));
    if (rounds < least) {
      least = rounds;
      plan->copy_shift = shift;
    }
  }
}

/* Many images fill a GPU with blocks that go through all walks; of few the walks run together, on blocks that are narrow
 * and long. */
static void choose_blocks(const panamba_cross_scan_args &a, int multiprocessors, cross_plan *plan) {
  int64_t blocks = a.batch * ceil_div(a.channels, CROSS_WIDTH);
  plan->together = blocks < BUSY * multiprocessors;
  bool narrow = PANAMBA_WALKS * blocks < BUSY * multiprocessors;
  plan->width_shift = narrow ? NARROW_SHIFT : CROSS_WIDTH_SHIFT;
  int64_t unit = CROSS_WIDTH >> plan->width_shift;
  int64_t threads = cross_threads(plan->steps, a.states == 1);
  int64_t most = (narrow ? threads : lesser(threads, WIDE_THREADS)) >> plan->width_shift;
  most = lesser(most, CROSS_TILE / plan->segment_floats) / unit * unit;
  int64_t segments = 0;
  for (const cross_walk &walk : plan->walks) {
    segments = walk.order.count > segments ? walk.order.count : segments;
  }
  int64_t turns = ceil_div(segments, most);
  plan->segments = static_cast<int32_t>(ceil_div(ceil_div(segments, turns), unit) * unit);
  for (cross_walk &walk : plan->walks) {
    walk.order.leap_lines = plan->segments / walk.order.pieces;
    walk.order.leap_pieces = plan->segments % walk.order.pieces;
  }
}

static int32_t make_plan(const panamba_cross_scan_args &a, cross_plan *plan) {
  int32_t status = check(a);
  int multiprocessors = 0;
  status = status == PANAMBA_OK ? count_multiprocessors(&multiprocessors) : status;
  if (status != PANAMBA_OK) {
    return status;
  }
  choose_steps(a, plan);
  choose_copies(a, plan);
  choose_blocks(a, multiprocessors, plan);
  choose_copiers(a, plan);
  plan->plane_bytes = plan->together ? ceil_div(a.batch * a.height * a.width * a.channels, 4) * 16 : 0;
  return PANAMBA_OK;
}

static void place_walks(const panamba_cross_scan_args &a, float *planes, cross_plan *plan) {
  plan->planes = planes;
  for (int64_t k = 0; k < PANAMBA_WALKS; k++) {
    cross_walk &walk = plan->walks[k];
    walk.projected = a.projected + k * (a.dt_rank + 2 * a.states);
    walk.dt_weight = a.dt_weight + k * a.dt_rank * a.channels;
    walk.dt_bias = a.dt_bias ? a.dt_bias + k * a.channels : nullptr;
    walk.a = a.a + k * a.states * a.channels;
    walk.out = plan->together && k > 0 ? planes + (k - 1) * (plan->plane_bytes / 4) : a.out;
  }
}

}  // namespace panamba

using namespace panamba;

int64_t panamba_cross_scan_workspace(const panamba_cross_scan_args *args) {
  cross_plan plan = {};
  return make_plan(*args, &plan) == PANAMBA_OK ? (PANAMBA_WALKS - 1) * plan.plane_bytes : -1;
}

int32_t panamba_launch_cross_scan(const panamba_cross_scan_args *args, void *workspace, void *stream) {
  const panamba_cross_scan_args &a = *args;
  cross_plan plan = {};
  int32_t status = make_plan(a, &plan);
  if (status != PANAMBA_OK) {
    return status;
  }
  if (plan.together && (!workspace || !fits(workspace, 0, 1, 16))) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT,
                        "cross_scan: a workspace of %lld bytes aligned to 16 is needed, and %p is given",
                        static_cast<long long>((PANAMBA_WALKS - 1) * plan.plane_bytes), workspace);
  }
  char shapes[200];
  snprintf(shapes, sizeof shapes, "batch %lld, height %lld, width %lld, channels %lld, states %lld, dt_rank %lld",
           static_cast<long long>(a.batch), static_cast<long long>(a.height), static_cast<long long>(a.width),
           static_cast<long long>(a.channels), static_cast<long long>(a.states), static_cast<long long>(a.dt_rank));
  plan.shapes = shapes;
  place_walks(a, static_cast<float *>(workspace), &plan);
  status = a.states == 1 ? launch_one_state(a, plan, stream) : launch_many_states(a, plan, stream);
  return status == PANAMBA_OK && plan.together ? launch_sum_of_walks(a, plan, stream) : status;
}

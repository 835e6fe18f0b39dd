/* The selective scan: how it is cut, what workspace that needs, and the launches. */
#include <stdio.h>

#include "check_arguments.h"
#include "element.h"
#include "launch.h"
#include "plan.h"
#include "run.h"

namespace panamba {

/* How many lanes a channel may have, and the cycles that a row of all states takes a block, one warp a scheduler: of the
 * special-function unit with one lane, of issue with 4, of shared memory, which the four warps share, with 16. */
struct lane_cost {
  int32_t lanes;
  int64_t cycles;
};
constexpr lane_cost LANE_COSTS[] = {{1, 144}, {4, 50}, {16, 22}};

/* The same of more than 16 states, which four lanes share. */
constexpr lane_cost MANY_STATES_COST = {4, 113};

/* Cycles of the launches that chunks need beside the scan's own. */
constexpr int64_t LAUNCHES_COST = 12000;

/* A multiprocessor's schedulers, each of which has its warps to itself. */
constexpr int64_t SCHEDULERS = 4;

/* Channels of both directions are a block's threads. */
constexpr int64_t THREADS_OF_A_DIRECTION = 64;

/* Rows of the shortest chunk that the library proposes. */
constexpr int64_t LEAST_CHUNK = 64;

/* Elements of an image, and some rows on both sides that are counted but not touched, are counted in 32 bits. */
constexpr int64_t MOST_IMAGE = INT32_MAX;
constexpr int64_t MARGIN = 128;

static int32_t check(const panamba_cuda_scan_args *args) {
  int32_t status = panamba_check_selective_scan(&args->scan);
  if (status != PANAMBA_OK) {
    return status;
  }
  if (args->chunk < 0 || args->chunk > args->scan.length) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "selective_scan: a chunk of %lld rows, where there are %lld",
                        static_cast<long long>(args->chunk), static_cast<long long>(args->scan.length));
  }
  int32_t lanes = args->state_lanes;
  if (lanes != 0 && lanes != 1 && lanes != 4 && lanes != 16) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "selective_scan: %d lanes for a channel's states, not 0, 1, 4 or 16",
                        lanes);
  }
  if (args->reserved != 0) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "selective_scan: reserved is %d, not 0", args->reserved);
  }
  const panamba_selective_scan_args &a = args->scan;
  if (a.forward.saved_states || a.backward.saved_states || a.image_scale) {
    return panamba_fail(PANAMBA_UNSUPPORTED, "selective_scan: training's saved states and image scales are the CPU's");
  }
  int64_t row = a.gate && a.gate_row_stride > a.channels ? a.gate_row_stride : a.channels;
  if (a.dt_rank > INT32_MAX || row > MOST_IMAGE / (a.length + MARGIN)) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT,
                        "selective_scan: length %lld, channels %lld, gate_row_stride %lld, dt_rank %lld: too large for "
                        "one call",
                        static_cast<long long>(a.length), static_cast<long long>(a.channels),
                        static_cast<long long>(a.gate_row_stride), static_cast<long long>(a.dt_rank));
  }
  return PANAMBA_OK;
}

/* Warps of a scan in which every thread has all states of its channel. */
static int64_t count_warps(const panamba_selective_scan_args &a) {
  int64_t walks = (a.forward.u ? 1 : 0) + (a.backward.u ? 1 : 0);
  return walks * a.batch * ceil_div(a.channels, WARP);
}

/* Cycles of a row on the multiprocessor with the most blocks. */
static int64_t cycles_of(const panamba_selective_scan_args &a, const lane_cost &cost, int64_t chunks,
                         int multiprocessors) {
  int64_t blocks = a.batch * chunks * ceil_div(a.channels, THREADS_OF_A_DIRECTION / cost.lanes);
  return ceil_div(blocks, multiprocessors) * cost.cycles;
}

/* The fastest of all, or of those that the arguments leave. */
static lane_cost choose_cost(const panamba_cuda_scan_args &args, int64_t chunks, int multiprocessors) {
  const panamba_selective_scan_args &a = args.scan;
  if (a.states > 16) {
    return MANY_STATES_COST;
  }
  const lane_cost *best = nullptr;
  for (const lane_cost &cost : LANE_COSTS) {
    bool allowed = args.state_lanes == 0 || args.state_lanes == cost.lanes;
    bool better = !best || cycles_of(a, cost, chunks, multiprocessors) < cycles_of(a, *best, chunks, multiprocessors);
    best = allowed && better ? &cost : best;
  }
  return *best;
}

/* Whether the scan projects dt itself. */
static bool is_fused(const panamba_selective_scan_args &a, const scan_plan &plan) {
  bool room = plan.lanes == 1 ? a.dt_rank == 12 || a.dt_rank == 24 : a.dt_rank <= MOST_TILE_RANK;
  return room && plan.chunks == 1;
}

static int64_t padded(int64_t bytes) { return ceil_div(bytes, 16) * 16; }

static int32_t make_plan(const panamba_cuda_scan_args *args, scan_plan *plan) {
  int32_t status = check(args);
  int multiprocessors = 0;
  status = status == PANAMBA_OK ? count_multiprocessors(&multiprocessors) : status;
  if (status != PANAMBA_OK) {
    return status;
  }
  const panamba_selective_scan_args &a = args->scan;
  plan->chunk = args->chunk ? args->chunk : a.length;
  plan->chunks = ceil_div(a.length, plan->chunk);
  plan->lanes = choose_cost(*args, plan->chunks, multiprocessors).lanes;
  plan->fused = is_fused(a, *plan);
  int64_t planes = a.batch * plan->chunks;
  int64_t most = INT64_MAX / 64 / PANAMBA_MAX_STATES;
  if (planes > most / a.channels) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "selective_scan: too many chunks");
  }
  plan->dt_bytes = plan->fused ? 0 : padded(4 * a.batch * a.length * a.channels);
  plan->state_bytes = plan->chunks > 1 ? padded(4 * planes * a.states * a.channels) : 0;
  plan->sum_bytes = plan->chunks > 1 ? padded(4 * planes * a.channels) : 0;
  for (const panamba_scan_direction *d : {&a.forward, &a.backward}) {
    plan->bytes += d->u ? plan->dt_bytes + plan->state_bytes + plan->sum_bytes : 0;
  }
  return PANAMBA_OK;
}

static void place_workspace(const panamba_cuda_scan_args &args, void *workspace, scan_plan *plan) {
  char *place = static_cast<char *>(workspace);
  for (int i = 0; i < 2; i++) {
    if (i ? args.scan.backward.u : args.scan.forward.u) {
      plan->dt[i] = reinterpret_cast<float *>(place);
      plan->state[i] = reinterpret_cast<float *>(place + plan->dt_bytes);
      plan->sum[i] = reinterpret_cast<float *>(place + plan->dt_bytes + plan->state_bytes);
      place += plan->dt_bytes + plan->state_bytes + plan->sum_bytes;
    }
  }
}

static int32_t launch_walks(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream) {
  if (plan.lanes == 16) {
    return launch_scan_by_state(args, plan, stream);
  }
  if (!plan.fused) {
    return launch_scan_projected(args, plan, stream);
  }
  return plan.lanes == 4 ? launch_scan_four_lanes(args, plan, stream) : launch_scan_fused(args, plan, stream);
}

static int32_t launch_all(const panamba_cuda_scan_args &args, const scan_plan &plan, void *stream) {
  int32_t status = plan.fused ? PANAMBA_OK : launch_project_dt(args.scan, plan, stream);
  if (plan.chunks > 1) {
    status = status == PANAMBA_OK ? launch_scan_ends(args, plan, stream) : status;
    status = status == PANAMBA_OK ? launch_carry(args, plan, stream) : status;
  }
  return status == PANAMBA_OK ? launch_walks(args, plan, stream) : status;
}

}  // namespace panamba

using namespace panamba;

int64_t panamba_scan_workspace(const panamba_cuda_scan_args *args) {
  scan_plan plan = {};
  return make_plan(args, &plan) == PANAMBA_OK ? plan.bytes : -1;
}

int64_t panamba_cuda_scan_chunk(const panamba_cuda_scan_args *args) {
  int multiprocessors = 0;
  if (!args) {
    panamba_fail(PANAMBA_INVALID_ARGUMENT, "selective_scan: the arguments are null");
    return -1;
  }
  if (check(args) != PANAMBA_OK || count_multiprocessors(&multiprocessors) != PANAMBA_OK) {
    return -1;
  }
  const panamba_selective_scan_args &a = args->scan;
  int64_t chunks = multiprocessors * SCHEDULERS / count_warps(a);
  if (chunks < 2) {
    return 0;
  }
  int64_t chunk = ceil_div(ceil_div(a.length, chunks), 32) * 32;
  chunk = chunk < LEAST_CHUNK ? LEAST_CHUNK : chunk;
  chunks = ceil_div(a.length, chunk);
  const lane_cost &ends = a.states > 16 ? MANY_STATES_COST : LANE_COSTS[0];
  int64_t cut = cycles_of(a, ends, chunks, multiprocessors) +
                cycles_of(a, choose_cost(*args, chunks, multiprocessors), chunks, multiprocessors);
  int64_t uncut = cycles_of(a, choose_cost(*args, 1, multiprocessors), 1, multiprocessors);
  return chunk * cut + LAUNCHES_COST < a.length * uncut ? chunk : 0;
}

int32_t panamba_launch_scan(const panamba_cuda_scan_args *args, void *workspace, void *stream) {
  scan_plan plan = {};
  int32_t status = make_plan(args, &plan);
  if (status != PANAMBA_OK) {
    return status;
  }
  if (plan.bytes > 0 && (!workspace || !fits(workspace, 0, 1, 16))) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT,
                        "selective_scan: a workspace of %lld bytes aligned to 16 is needed, and %p is given",
                        static_cast<long long>(plan.bytes), workspace);
  }
  char shapes[200];
  const panamba_selective_scan_args &a = args->scan;
  snprintf(shapes, sizeof shapes, "batch %lld, length %lld, channels %lld, states %lld, dt_rank %lld, chunk %lld",
           static_cast<long long>(a.batch), static_cast<long long>(a.length), static_cast<long long>(a.channels),
           static_cast<long long>(a.states), static_cast<long long>(a.dt_rank), static_cast<long long>(plan.chunk));
  plan.shapes = shapes;
  place_workspace(*args, workspace, &plan);
  return launch_all(*args, plan, stream);
}

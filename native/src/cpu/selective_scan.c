/*
 * The fused selective scan. A vector holds one state of VEC_WIDTH neighbouring channels, and a group of states stays in
 * registers while time runs: no sum across lanes, no layout but channels last, and the same chain of operations per
 * channel wherever it falls in a vector.
 *
 * Time is cut into chunks of CHUNK_ROWS. Each passes through three loops, which share a small buffer in the
 * first-level cache: prepare (dt, dt * u, D * u), recur (once per group of states) and finish (sum of directions,
 * gate). Separated, each loop fits the registers.
 */
#include "scan_steps.h"
#include "tier.h"

typedef struct {
  _Alignas(VEC_WIDTH * sizeof(float)) float dt[CHUNK_ROWS][VEC_WIDTH];
  float dtu[CHUNK_ROWS][VEC_WIDTH];
  float y[CHUNK_ROWS][VEC_WIDTH];
} chunk_rows;

/* One direction, one image, one vector of channels. `step` is +1 or -1: the way time runs. */
typedef struct {
  const panamba_selective_scan_args *args;
  const panamba_scan_direction *direction;
  int64_t image;
  int64_t channel;
  int64_t step;
  float scale;
  int add;  /* to what `out` holds */
  int gate; /* this direction is the last to write `out` */
} scan_task;

int64_t TIER_NAME(selective_scan_tiles)(const void *given) {
  const panamba_selective_scan_args *args = given;
  return args->batch * ceil_div(args->channels, VEC_WIDTH);
}

/* dt, dt u and D u of all rows from row `t` on; returns the largest dt. */
INLINE vec prepare(const scan_task *task, const scan_chunk *chunk, int64_t t, scan_buffer rows, const int dtype) {
  const panamba_selective_scan_args *args = task->args;
  vec longest = step_sizes(chunk, rows);
  vec skip = scan_weight(chunk, chunk->d);
  for (int i = 0; i < chunk->count; i++) {
    int64_t row = task->image * args->length + t + i * task->step;
    int64_t place = row * args->channels + task->channel;
    /* Of a long sequence `out` lies beyond the second-level cache, in rows too far apart for the processor to foresee:
     * it comes while the recurrence runs. */
    __builtin_prefetch((const char *)args->out + place * (dtype == PANAMBA_F32 ? 4 : 2), 1);
    vec u = vec_load_as(dtype, task->direction->u, place, chunk->lanes);
    start_row(rows, i, u);
    vec_store(rows.y + i * rows.stride, vec_mul(skip, u));
  }
  return longest;
}

INLINE void finish(const scan_task *task, const scan_chunk *chunk, int64_t t, scan_buffer rows, const int dtype) {
  const panamba_selective_scan_args *args = task->args;
  for (int i = 0; i < chunk->count; i++) {
    int64_t row = task->image * args->length + t + i * task->step;
    int64_t place = row * args->channels + task->channel;
    vec y = vec_load(rows.y + i * rows.stride);
    if (task->add) {
      /* Both directions are rounded to the type of `out`, so that it makes no difference which comes first. */
      vec own = dtype == PANAMBA_BF16 ? vec_round_bf16(y) : y;
      y = vec_add(vec_load_as(dtype, args->out, place, chunk->lanes), own);
    }
    if (task->gate) {
      y = vec_mul(vec_set(task->scale), y);
      if (args->gate) {
        vec gate = vec_load_as(dtype, args->gate, row * args->gate_row_stride + task->channel, chunk->lanes);
        y = vec_mul(y, vec_silu(gate));
      }
    }
    vec_store_as(dtype, args->out, place, y, chunk->lanes);
  }
}

INLINE void scan_vector(const scan_task *task, const int lanes, const int dtype) {
  const panamba_selective_scan_args *args = task->args;
  const panamba_scan_direction *d = task->direction;
  float state[PANAMBA_MAX_STATES][VEC_WIDTH];
  chunk_rows kept;
  const scan_buffer rows = {.dt = kept.dt[0], .dtu = kept.dtu[0], .y = kept.y[0], .stride = VEC_WIDTH};
  scan_chunk chunk = {
      .row_stride = task->step * args->projected_row_stride,
      .dt_weight = d->dt_weight + task->channel,
      .dt_weight_stride = args->channels,
      .dt_bias = d->dt_bias ? d->dt_bias + task->channel : 0,
      .a = d->a + task->channel,
      .d = d->d ? d->d + task->channel : 0,
      .dt_rank = args->dt_rank,
      .states = args->states,
      .channels = args->channels,
      .lanes = lanes,
  };
  int64_t plane = task->image * args->states * args->channels + task->channel;
  for (int64_t n = 0; n < args->states; n++) {
    vec_store(state[n],
              d->initial_state ? vec_load_lanes(d->initial_state + plane + n * args->channels, lanes) : vec_set(0.0f));
  }
  const int64_t most = d->saved_states ? args->saved_interval : CHUNK_ROWS;
  int64_t saved = task->image * ceil_div(args->length, most) * args->states * args->channels + task->channel;
  for (int64_t done = 0; done < args->length; done += most) {
    for (int64_t n = 0; d->saved_states && n < args->states; n++, saved += args->channels) {
      vec_store_lanes(d->saved_states + saved, vec_load(state[n]), lanes);
    }
    int64_t t = task->step > 0 ? done : args->length - 1 - done;
    chunk.count = (int)min64(most, args->length - done);
    chunk.projected = d->projected + (task->image * args->length + t) * args->projected_row_stride;
    vec longest = prepare(task, &chunk, t, rows, dtype);
    recur_all(&chunk, rows, longest, state);
    finish(task, &chunk, t, rows, dtype);
  }
  if (d->final_state) {
    for (int64_t n = 0; n < args->states; n++) {
      vec_store_lanes(d->final_state + plane + n * args->channels, vec_load(state[n]), lanes);
    }
  }
}

static void scan_f32(const scan_task *task) { scan_vector(task, VEC_WIDTH, PANAMBA_F32); }

static void scan_bf16(const scan_task *task) { scan_vector(task, VEC_WIDTH, PANAMBA_BF16); }

static void scan_partial(const scan_task *task, int lanes) { scan_vector(task, lanes, task->args->dtype); }

static void run_task(const scan_task *task) {
  int64_t lanes = min64(VEC_WIDTH, task->args->channels - task->channel);
  if (lanes < VEC_WIDTH) {
    scan_partial(task, (int)lanes);
  } else if (task->args->dtype == PANAMBA_F32) {
    scan_f32(task);
  } else {
    scan_bf16(task);
  }
}

void TIER_NAME(selective_scan_tile)(const void *given, int64_t tile) {
  const panamba_selective_scan_args *args = given;
  int64_t blocks = ceil_div(args->channels, VEC_WIDTH);
  scan_task task = {.args = args,
                    .image = tile / blocks,
                    .channel = tile % blocks * VEC_WIDTH,
                    .scale = args->scale,
                    .add = args->accumulate};
  if (args->image_scale) {
    task.scale *= args->image_scale[task.image];
  }
  if (args->forward.u) {
    task.direction = &args->forward;
    task.step = 1;
    task.gate = !args->backward.u;
    run_task(&task);
    task.add = 1;
  }
  if (args->backward.u) {
    task.direction = &args->backward;
    task.step = -1;
    task.gate = 1;
    run_task(&task);
  }
}

/*
 * The cross scan. A tile is one or two vectors of channels of an image. It goes through all four walks, one after the
 * other, and each adds its y to `out` where its pixels are: nothing is merged afterwards, and no buffer is as large as
 * an image.
 *
 * A walk is cut into chunks of CHUNK_ROWS steps. The loops that a chunk goes through are short, so that a processor
 * works on several steps at a time: dt (step_sizes()), then the states.
 */
#include "cross_walks.h"
#include "scan_steps.h"
#include "tier.h"

/* Vectors side by side with one state, where a state's arithmetic is no longer all that a step takes: they share B, C
 * and the places of pixels. */
#define PAIR 2

/* An image whose channels make fewer vectors than this leaves none to a second thread before it makes pairs. */
#define LEAST_FOR_PAIRS 12

/* Rows this far apart fall into one set of the first-level cache. */
#define CACHE_PAGE 4096

/* Of more pixels than these, one vector's lines of u and `out` don't fit beside `projected` into a second-level cache. */
#define NEAR_PIXELS 4096

/* A dt_weight of higher rank is read from where it lies. */
#define MOST_KEPT_RANKS 128

/* One vector of channels, or a pair, in one walk. */
typedef struct {
  const panamba_cross_scan_args *args;
  int64_t image;
  int64_t channel;
  int k;
  scan_chunk chunk;     /* of the first vector */
  int64_t next_weights; /* from one vector's dt_weight to the other's */
  /* Of the chunk's steps: */
  int64_t places[CHUNK_ROWS];    /* of the first channel, in u and `out` */
  const float *rows[CHUNK_ROWS]; /* of projected, of this walk */
  /* The walk's dt_weight, one row behind the other, where its own rows are whole halves of CACHE_PAGE apart. */
  _Alignas(VEC_WIDTH * sizeof(float)) float weights[PAIR][MOST_KEPT_RANKS][VEC_WIDTH];
} cross_task;

/*
 * Pairs, unless that leaves too few tiles. Where the pixels of a column fall into one set, as in the widths of 64 and
 * 128 at 96 channels, a vector alone has walked on so far before its sum is written that the set has lost the line.
 */
static int64_t vectors_of_tile(const panamba_cross_scan_args *args) {
  if (args->states > 1) {
    return 1;
  }
  int one_set = args->walks == PANAMBA_WALKS_CROSS && args->width * args->channels % (CACHE_PAGE / 4) == 0;
  return one_set || args->batch * ceil_div(args->channels, VEC_WIDTH) >= LEAST_FOR_PAIRS ? PAIR : 1;
}

int64_t TIER_NAME(cross_scan_tiles)(const void *given) {
  const panamba_cross_scan_args *args = given;
  return args->batch * ceil_div(args->channels, vectors_of_tile(args) * VEC_WIDTH);
}

/* Where the chunk's steps are. */
INLINE void place_steps(cross_task *task, cross_walk *walk, const int vectors, const int dtype) {
  const panamba_cross_scan_args *args = task->args;
  const int64_t length = args->height * args->width;
  const float *projected = args->projected + task->image * length * args->projected_row_stride +
                           task->k * (args->dt_rank + 2 * args->states);
  const int64_t first = task->image * length * args->channels + task->channel;
  const int far = length > NEAR_PIXELS;
  for (int i = 0; i < task->chunk.count;) {
    int64_t pixel;
    const int stop = i + walk_line(walk, task->chunk.count - i, &pixel);
    for (; i < stop; i++, pixel += walk->step) {
      task->rows[i] = projected + pixel * args->projected_row_stride;
      task->places[i] = first + pixel * args->channels;
      for (int v = 0; far && v < vectors; v++) {
        int64_t place = task->places[i] + v * VEC_WIDTH;
        __builtin_prefetch(element_at(args->u, dtype, place));
        __builtin_prefetch(args->out + place, 1);
      }
    }
  }
}

/*
 * Any number of states, of one vector. The sum over states stays in `out` while group by group of states adds to it:
 * then a line is written soon after it was read.
 */
INLINE void step_states(const cross_task *task, float (*state)[VEC_WIDTH], const int dtype) {
  const panamba_cross_scan_args *args = task->args;
  const scan_chunk *chunk = &task->chunk;
  _Alignas(VEC_WIDTH * sizeof(float)) float dt[CHUNK_ROWS][VEC_WIDTH];
  _Alignas(VEC_WIDTH * sizeof(float)) float dtu[CHUNK_ROWS][VEC_WIDTH];
  const scan_buffer rows = {.dt = dt[0], .dtu = dtu[0], .y = args->out, .places = task->places, .stride = VEC_WIDTH};
  vec longest = step_sizes(chunk, rows);
  vec skip = skip_of_walks(args->d, args->channels, task->channel, chunk->lanes);
  for (int i = 0; i < chunk->count; i++) {
    vec u = vec_load_as(dtype, args->u, task->places[i], chunk->lanes);
    start_row(rows, i, u);
    if (task->k == 0) {
      vec_store_lanes(args->out + task->places[i], vec_mul(skip, u), chunk->lanes);
    }
  }
  recur_all(chunk, rows, longest, state);
}

/* The recurrence of one state, of `vectors` vectors, and the sum. `near` as in recur_rows(). */
INLINE void step_pair(const cross_task *task, float (*steps)[CHUNK_ROWS][VEC_WIDTH], const vec *a, vec *h,
                      const int vectors, const int dtype, const int near) {
  const panamba_cross_scan_args *args = task->args;
  const void *u_at = args->u;
  float *out = args->out;
  const int64_t rank = task->chunk.dt_rank;
  const int lanes = task->chunk.lanes;
  const int count = task->chunk.count;
  const int starts = task->k == 0;
  vec skip[PAIR];
  for (int v = 0; v < vectors; v++) {
    skip[v] = skip_of_walks(args->d, args->channels, task->channel + v * VEC_WIDTH, lanes);
  }
  for (int i = 0; i < count; i++) {
    const float *projected = task->rows[i] + rank;
    vec b = vec_set(projected[0]);
    vec c = vec_set(projected[1]);
    for (int v = 0; v < vectors; v++) {
      int64_t place = task->places[i] + v * VEC_WIDTH;
      vec u = vec_load_as(dtype, u_at, place, lanes);
      vec dt = vec_load(steps[v][i]);
      vec exponent = vec_mul(dt, a[v]);
      vec e = near ? vec_exp2_near(exponent) : vec_exp2(exponent);
      h[v] = vec_fma(e, h[v], vec_mul(vec_mul(dt, u), b));
      vec sum = starts ? vec_mul(skip[v], u) : vec_load_lanes(out + place, lanes);
      vec_store_lanes(out + place, vec_fma(h[v], c, sum), lanes);
    }
  }
}

/* One state, of one or two vectors. */
INLINE void step_state(const cross_task *task, float (*state)[VEC_WIDTH], const int vectors, const int dtype) {
  _Alignas(VEC_WIDTH * sizeof(float)) float steps[PAIR][CHUNK_ROWS][VEC_WIDTH];
  vec a[PAIR];
  vec h[PAIR];
  int beyond = 0;
  for (int v = 0; v < vectors; v++) {
    scan_chunk chunk = task->chunk;
    chunk.dt_weight += v * task->next_weights;
    chunk.dt_bias = chunk.dt_bias ? chunk.dt_bias + v * VEC_WIDTH : 0;
    vec longest = step_sizes(&chunk, (scan_buffer){.dt = steps[v][0], .stride = VEC_WIDTH});
    a[v] = vec_load_lanes(chunk.a + v * VEC_WIDTH, chunk.lanes);
    h[v] = vec_load(state[v]);
    beyond |= vec_any_beyond(vec_abs(vec_mul(a[v], longest)), NEAR_EXPONENT);
  }
  if (beyond) {
    step_pair(task, steps, a, h, vectors, dtype, 0);
  } else {
    step_pair(task, steps, a, h, vectors, dtype, 1);
  }
  for (int v = 0; v < vectors; v++) {
    vec_store(state[v], h[v]);
  }
}

/* Walk task->k of `vectors` vectors. */
INLINE void run_walk(cross_task *task, const int vectors, const int lanes, const int dtype, const int one) {
  const panamba_cross_scan_args *args = task->args;
  const int64_t length = args->height * args->width;
  const int64_t most = args->saved_states ? args->saved_interval : CHUNK_ROWS;
  float state[PANAMBA_MAX_STATES][VEC_WIDTH];
  scan_chunk *chunk = &task->chunk;
  *chunk = (scan_chunk){
      .rows = task->rows,
      .dt_weight = args->dt_weight + task->k * args->dt_rank * args->channels + task->channel,
      .dt_weight_stride = args->channels,
      .dt_bias = args->dt_bias ? args->dt_bias + task->k * args->channels + task->channel : 0,
      .a = args->a + task->k * args->states * args->channels + task->channel,
      .dt_rank = args->dt_rank,
      .states = args->states,
      .channels = args->channels,
      .lanes = lanes,
  };
  task->next_weights = VEC_WIDTH;
  if (args->channels % (CACHE_PAGE / 8) == 0 && args->dt_rank <= MOST_KEPT_RANKS) {
    for (int v = 0; v < vectors; v++) {
      for (int64_t r = 0; r < args->dt_rank; r++) {
        vec_store(task->weights[v][r], vec_load_lanes(chunk->dt_weight + r * args->channels + v * VEC_WIDTH, lanes));
      }
    }
    chunk->dt_weight = task->weights[0][0];
    chunk->dt_weight_stride = VEC_WIDTH;
    task->next_weights = MOST_KEPT_RANKS * VEC_WIDTH;
  }
  int64_t states = one ? vectors : args->states;
  for (int64_t n = 0; n < states; n++) {
    vec_store(state[n], vec_set(0.0f));
  }
  cross_walk walk = cross_walk_at(args->walks, args->height, args->width, task->k, 0);
  int64_t saved = (task->k * args->batch + task->image) * ceil_div(length, most) * args->states * args->channels;
  for (int64_t done = 0; done < length; done += most, saved += args->states * args->channels) {
    for (int64_t n = 0; args->saved_states && n < states; n++) {
      vec_store_lanes(args->saved_states + saved + task->channel + n * (one ? VEC_WIDTH : args->channels),
                      vec_load(state[n]), lanes);
    }
    chunk->count = (int)min64(most, length - done);
    place_steps(task, &walk, vectors, dtype);
    if (one) {
      step_state(task, state, vectors, dtype);
    } else {
      step_states(task, state, dtype);
    }
  }
}

static void pair_f32(cross_task *task) { run_walk(task, PAIR, VEC_WIDTH, PANAMBA_F32, 1); }

static void pair_bf16(cross_task *task) { run_walk(task, PAIR, VEC_WIDTH, PANAMBA_BF16, 1); }

static void one_f32(cross_task *task) { run_walk(task, 1, VEC_WIDTH, PANAMBA_F32, 1); }

static void one_bf16(cross_task *task) { run_walk(task, 1, VEC_WIDTH, PANAMBA_BF16, 1); }

static void one_partial(cross_task *task, int lanes) { run_walk(task, 1, lanes, task->args->dtype, 1); }

static void many_f32(cross_task *task) { run_walk(task, 1, VEC_WIDTH, PANAMBA_F32, 0); }

static void many_bf16(cross_task *task) { run_walk(task, 1, VEC_WIDTH, PANAMBA_BF16, 0); }

static void many_partial(cross_task *task, int lanes) { run_walk(task, 1, lanes, task->args->dtype, 0); }

/* All walks of `channels` channels, a pair of vectors or at most one vector. */
static void run_walks(cross_task *task, int64_t channels) {
  const panamba_cross_scan_args *args = task->args;
  int one = args->states == 1;
  int f32 = args->dtype == PANAMBA_F32;
  for (task->k = 0; task->k < PANAMBA_WALKS; task->k++) {
    if (channels < VEC_WIDTH) {
      (one ? one_partial : many_partial)(task, (int)channels);
    } else if (channels == VEC_WIDTH) {
      (one ? f32 ? one_f32 : one_bf16 : f32 ? many_f32 : many_bf16)(task);
    } else {
      (f32 ? pair_f32 : pair_bf16)(task);
    }
  }
}

void TIER_NAME(cross_scan_tile)(const void *given, int64_t tile) {
  const panamba_cross_scan_args *args = given;
  int64_t width = vectors_of_tile(args) * VEC_WIDTH;
  int64_t blocks = ceil_div(args->channels, width);
  cross_task task;
  task.args = args;
  task.image = tile / blocks;
  task.channel = tile % blocks * width;
  int64_t left = min64(width, args->channels - task.channel);
  /* What is no whole pair goes vector by vector. */
  int64_t step = left == width ? width : VEC_WIDTH;
  for (; left > 0; left -= step, task.channel += step) {
    run_walks(&task, min64(step, left));
  }
}

/*
 * The gradient of the cross scan: that of a selective scan, scan_gradient.c's, four times over the same pixels. What the
 * walks add up to, the gradient of u, they add in their order.
 */
#include "cross_walks.h"
#include "scan_gradient.h"

typedef struct {
  const panamba_cross_scan_gradient_args *args;
  int64_t image;
  int64_t channel; /* the tile's first */
  int64_t part;
  int k;
  int64_t places[CHUNK_ROWS]; /* of the tile's first channel, of the chunk's steps */
  gradient_task tile;
} cross_task;

int64_t TIER_NAME(cross_scan_gradient_tiles)(const void *given) {
  const panamba_cross_scan_gradient_args *args = given;
  return args->batch * ceil_div(args->channels, GROUP_CHANNELS);
}

/* The first row of walk k of a parameter's gradient, which has `rows` rows of each walk, behind `before` rows of each walk
 * of other parameters. */
INLINE float *parameter_row(const cross_task *task, int64_t before, int64_t rows, int k) {
  const panamba_cross_scan_gradient_args *args = task->args;
  int64_t all = PANAMBA_WALKS * (args->states + args->dt_rank + 2);
  int64_t row = task->image * all + PANAMBA_WALKS * before + k * rows;
  return args->parameter_parts + row * args->channels + task->channel;
}

INLINE float *skip_gradient_row(const cross_task *task, int k) {
  return parameter_row(task, task->args->states + task->args->dt_rank + 1, 1, k);
}

/* Everything pointwise that comes before the states. */
static void prepare(cross_task *task, int vector) {
  gradient_task *tile = &task->tile;
  const scan_chunk chunk = chunk_of(tile, vector);
  const scan_buffer buffer = buffer_of(tile);
  vec_store(tile->longest, step_sizes(&chunk, buffer));
  for (int i = 0; i < tile->count; i++) {
    gradient_row *r = &tile->rows[i];
    int64_t place = task->places[i] + vector * VEC_WIDTH;
    start_row(buffer, i, vec_load_lanes(task->args->u + place, chunk.lanes));
    vec_store(r->y_gradient, vec_load_lanes(task->args->out_gradient + place, chunk.lanes));
    vec_store(r->y, vec_set(0.0f));
    vec_store(r->g_b, vec_set(0.0f));
    vec_store(r->ge_h_a, vec_set(0.0f));
  }
}

/* Everything pointwise that comes after the states. */
static void finish(cross_task *task, int vector) {
  const panamba_cross_scan_gradient_args *args = task->args;
  gradient_task *tile = &task->tile;
  const int lanes = lanes_of(tile, vector);
  const int starts = task->k == 0;
  vec skip = skip_of_walks(args->d, args->channels, task->channel + vector * VEC_WIDTH, lanes);
  vec bias_gradient = vec_set(0.0f);
  vec skip_gradient = vec_set(0.0f);
  for (int i = 0; i < tile->count; i++) {
    gradient_row *r = &tile->rows[i];
    int64_t place = task->places[i] + vector * VEC_WIDTH;
    vec u = vec_load_lanes(args->u + place, lanes);
    vec y_gradient = vec_load(r->y_gradient);
    finish_step(tile, vector, i, u, &bias_gradient);
    skip_gradient = vec_fma(y_gradient, u, skip_gradient);
    vec sum = starts ? vec_mul(skip, y_gradient) : vec_load_lanes(args->u_gradient + place, lanes);
    vec_store_lanes(args->u_gradient + place, vec_fma(vec_load(r->dt), vec_load(r->g_b), sum), lanes);
  }
  add_parameter(tile, tile->bias_gradient, vector, bias_gradient);
  add_parameter(tile, skip_gradient_row(task, task->k), vector, skip_gradient);
}

static void begin_walk(cross_task *task) {
  const panamba_cross_scan_gradient_args *args = task->args;
  gradient_task *tile = &task->tile;
  tile->dt_weight = args->dt_weight + task->k * args->dt_rank * args->channels + task->channel;
  tile->dt_bias = args->dt_bias ? args->dt_bias + task->k * args->channels + task->channel : 0;
  tile->a = args->a + task->k * args->states * args->channels + task->channel;
  tile->a_gradient = parameter_row(task, 0, args->states, task->k);
  tile->weight_gradient = parameter_row(task, args->states, args->dt_rank, task->k);
  tile->bias_gradient = parameter_row(task, args->states + args->dt_rank, 1, task->k);
  TIER_NAME(scan_gradient_clear)(tile);
  for (int vector = 0; vector < tile->vectors; vector++) {
    clear_parameter(tile, skip_gradient_row(task, task->k), vector);
  }
}

/* Where the chunk's steps are, from step `done` of the walk on. */
static void place_steps(cross_task *task, int64_t done) {
  const panamba_cross_scan_gradient_args *args = task->args;
  const int64_t length = args->height * args->width;
  const int64_t width = args->dt_rank + 2 * args->states;
  const int64_t image = task->image * length;
  const int64_t part = task->part * args->batch * length + image;
  gradient_task *tile = &task->tile;
  cross_walk walk = cross_walk_at(args->walks, args->height, args->width, task->k, done);
  for (int i = 0; i < tile->count;) {
    int64_t pixel;
    const int stop = i + walk_line(&walk, tile->count - i, &pixel);
    for (; i < stop; i++, pixel += walk.step) {
      task->places[i] = (image + pixel) * args->channels + task->channel;
      tile->projected[i] = args->projected + (image + pixel) * args->projected_row_stride + task->k * width;
      tile->parts[i] = args->projected_parts + ((part + pixel) * PANAMBA_WALKS + task->k) * width;
    }
  }
}

static void run_walk(cross_task *task) {
  const panamba_cross_scan_gradient_args *args = task->args;
  const int64_t length = args->height * args->width;
  const int64_t chunks = ceil_div(length, args->saved_interval);
  gradient_task *tile = &task->tile;
  begin_walk(task);
  for (int64_t c = chunks - 1; c >= 0; c--) {
    int64_t done = c * args->saved_interval;
    int64_t chunk = (task->k * args->batch + task->image) * chunks + c;
    const float *saved = args->saved_states + chunk * args->states * args->channels + task->channel;
    tile->first_chunk = c == 0;
    tile->count = (int)min64(args->saved_interval, length - done);
    place_steps(task, done);
    for (int vector = 0; vector < tile->vectors; vector++) {
      prepare(task, vector);
      TIER_NAME(scan_gradient_states)(tile, vector, saved);
      finish(task, vector);
      TIER_NAME(scan_gradient_weights)(tile, vector);
    }
    TIER_NAME(scan_gradient_projected)(tile);
  }
}

void TIER_NAME(cross_scan_gradient_tile)(const void *given, int64_t tile) {
  const panamba_cross_scan_gradient_args *args = given;
  int64_t groups = ceil_div(args->channels, GROUP_CHANNELS);
  cross_task task;
  task.args = args;
  task.image = tile / groups;
  task.part = tile % groups;
  task.channel = task.part * GROUP_CHANNELS;
  task.tile.channels = args->channels;
  task.tile.states = args->states;
  task.tile.dt_rank = args->dt_rank;
  TIER_NAME(scan_gradient_begin)(&task.tile, min64(GROUP_CHANNELS, args->channels - task.channel));
  for (task.k = 0; task.k < PANAMBA_WALKS; task.k++) {
    run_walk(&task);
  }
}

/*
 * One block of the network, from pixels to a pooled vector, as a program of all operations of inference: as one run on
 * any number of threads and by many callers at once it has the bits of its steps run one by one.
 */
#include <string.h>

#include "callers.h"
#include "harness.h"
#include "memory.h"
#include "operations.h"
#include "refusal.h"

enum {
  STEPS = 31,
  BATCH = 2,
  SIDE = 10,
  LENGTH = 26, /* 25 patches and a class token; to convolutions, a grid */
  HEIGHT = 2,
  WIDE = LENGTH / HEIGHT,
  MERGED = (WIDE + 1) / 2, /* patches of 2 x 2 */
  DIM = 40,
  INNER = 80,
  STATES = 16,
  RANK = 3,
  WIDTH = RANK + 2 * STATES,
  CLASSES = 11,
  HEADS = 2,
  STEM = SIDE / 2,
  WINDOWS = 3,
  BOXES = 5,
  POOLED = 2, /* pixels of a box's side */
  CROSS_WIDTH = PANAMBA_WALKS * (RANK + 2),
  ROWS = BATCH * LENGTH
};

/* What every caller reads. */
typedef struct {
  float *image, *bias, *position, *token, *norm, *conv[2], *dt_weight[2], *dt_bias, *a, *d, *cosine, *sine,
      *cross_weight, *cross_a, *depthwise, *boxes;
  void *patches, *in, *x[2], *out, *qkv, *proj, *cross, *head, *taps, *stem, *stem_taps, *gated;
} weights;

/* What one caller writes. */
typedef struct {
  float residual[ROWS * DIM];
  float hidden[ROWS * DIM];
  float normed[ROWS * DIM];
  float xz[ROWS * 2 * INNER];
  float u[2][ROWS * INNER];
  float projected[2][ROWS * WIDTH];
  float y[ROWS * INNER];
  float qkv[ROWS * 3 * DIM];
  float attended[ROWS * DIM];
  float cross_projected[ROWS * CROSS_WIDTH];
  float crossed[ROWS * DIM];
  float filtered[ROWS * DIM];
  float convolved[ROWS * DIM];
  float merged[BATCH * MERGED * 4 * DIM];
  float stem[BATCH * (SIDE / 2) * (SIDE / 2) * DIM];
  uint16_t rounded[BATCH * (SIDE / 2) * (SIDE / 2) * DIM];
  float enlarged[BATCH * SIDE * SIDE * 3];
  float windows[BATCH * WINDOWS * WINDOWS * DIM];
  float resized[BATCH * SIDE * STEM * DIM];
  float taps_resized[BATCH * STEM * SIDE * (DIM / 9)];
  float aligned[BOXES * POOLED * POOLED * DIM];
  float pooled[BATCH * DIM];
  float logits[BATCH * CLASSES];
} activations;

typedef struct {
  activations values;
  panamba_patch_embedding_args embedding;
  panamba_norm_args norms[2];
  panamba_linear_args linears[9];
  panamba_causal_conv_args conv;
  panamba_selective_scan_args scan;
  panamba_rotary_args rotary;
  panamba_attention_args attention;
  panamba_cross_scan_args cross;
  panamba_pool_args pool;
  panamba_conv2d_args convs[3];
  panamba_depthwise_args depthwise;
  panamba_gate_args gate;
  panamba_convert_args conversions[2];
  panamba_patch_merging_args mergings[2];
  panamba_window_pool_args windows;
  panamba_resize_args resizes[2];
  panamba_roi_align_args align;
  panamba_step steps[STEPS];
} program;

static void *packed_random(int64_t columns, int64_t depth) {
  return take_packed(take_filled(columns * depth, -0.3, 0.3), columns, depth);
}

static weights take_weights(void) {
  weights w = {.image = take_filled(BATCH * 3 * SIDE * SIDE, -1, 1),
               .bias = take_filled(DIM, -1, 1),
               .position = take_filled(LENGTH * DIM, -1, 1),
               .token = take_filled(DIM, -1, 1),
               .norm = take_filled(DIM, 0.5, 1.5),
               .dt_bias = take_filled(INNER, -4, -1),
               .a = take_filled(STATES * INNER, -20, -0.5),
               .d = take_filled(INNER, -1, 1),
               .cosine = take_filled(LENGTH * DIM, -1, 1),
               .sine = take_filled(LENGTH * DIM, -1, 1),
               .cross_weight = take_filled(PANAMBA_WALKS * RANK * DIM, -0.5, 0.5),
               .cross_a = take_filled(PANAMBA_WALKS * DIM, -20, -0.5),
               .depthwise = take_filled(7 * 7 * DIM, -0.3, 0.3),
               .boxes = take_filled(BOXES * 5, 0, 0.9)};
  for (int i = 0; i < BOXES; i++) {
    float *box = w.boxes + i * 5;
    box[2] = box[0] + (float)(SIDE - i) * box[2];
    box[3] = box[1] + (float)(1 + 2 * i) * box[3];
    box[4] = (float)(i / (BOXES - 1));
  }
  for (int i = 0; i < 2; i++) {
    w.conv[i] = take_filled(4 * INNER, -0.5, 0.5);
    w.dt_weight[i] = take_filled(RANK * INNER, -0.5, 0.5);
    w.x[i] = packed_random(WIDTH, INNER);
  }
  w.patches = packed_random(DIM, 3 * 2 * 2);
  w.in = packed_random(2 * INNER, DIM);
  w.out = packed_random(DIM, INNER);
  w.qkv = packed_random(3 * DIM, DIM);
  w.proj = packed_random(DIM, DIM);
  w.cross = packed_random(CROSS_WIDTH, DIM);
  w.head = packed_random(CLASSES, DIM);
  w.taps = take_packed_taps(PANAMBA_F32, take_filled(9 * DIM * DIM, -0.1, 0.1), 9, DIM, DIM);
  w.stem = packed_random(DIM, 3 * 3 * 3);
  w.stem_taps = take_packed_taps(PANAMBA_F32, take_filled(9 * 3 * DIM, -0.1, 0.1), 9, 3, DIM);
  w.gated = packed_random(DIM, DIM);
  return w;
}

static panamba_linear_args linear(const float *input, const void *weight, float *out, int64_t rows, int64_t depth,
                                  int64_t columns) {
  return (panamba_linear_args){.input = input,
                               .weight = weight,
                               .out = out,
                               .rows = rows,
                               .depth = depth,
                               .columns = columns,
                               .input_row_stride = depth,
                               .out_row_stride = columns};
}

static panamba_norm_args norm(const weights *w, activations *v, const float *addend, float *out) {
  return (panamba_norm_args){.residual = v->residual,
                             .addend = addend,
                             .weight = w->norm,
                             .out = out,
                             .rows = ROWS,
                             .dim = DIM,
                             .residual_row_stride = DIM,
                             .residual_scale = 1,
                             .eps = 1e-5f};
}

static panamba_scan_direction direction(const weights *w, const activations *v, int which) {
  return (panamba_scan_direction){.u = v->u[which],
                                  .projected = v->projected[which],
                                  .dt_weight = w->dt_weight[which],
                                  .dt_bias = w->dt_bias,
                                  .a = w->a,
                                  .d = w->d};
}

static void write_arguments(program *p, const weights *w) {
  activations *v = &p->values;
  p->embedding = (panamba_patch_embedding_args){.image = w->image,
                                                .weight = w->patches,
                                                .bias = w->bias,
                                                .position = w->position,
                                                .class_token = w->token,
                                                .out = v->residual,
                                                .batch = BATCH,
                                                .channels = 3,
                                                .height = SIDE,
                                                .width = SIDE,
                                                .patch_height = 2,
                                                .patch_width = 2,
                                                .stride_height = 2,
                                                .stride_width = 2,
                                                .dim = DIM,
                                                .class_tokens = 1,
                                                .class_index = {12}};
  p->norms[0] = norm(w, v, 0, v->hidden);
  p->norms[1] = norm(w, v, v->hidden, v->normed);
  p->linears[0] = linear(v->hidden, w->in, v->xz, ROWS, DIM, 2 * INNER);
  p->linears[1] = linear(v->u[0], w->x[0], v->projected[0], ROWS, INNER, WIDTH);
  p->linears[2] = linear(v->u[1], w->x[1], v->projected[1], ROWS, INNER, WIDTH);
  p->linears[3] = linear(v->y, w->out, v->hidden, ROWS, INNER, DIM);
  p->linears[3].accumulate = 1;
  p->linears[4] = linear(v->pooled, w->head, v->logits, BATCH, DIM, CLASSES);
  p->conv = (panamba_causal_conv_args){.x = v->xz,
                                       .forward = {w->conv[0], w->d, v->u[0]},
                                       .backward = {w->conv[1], w->d, v->u[1]},
                                       .batch = BATCH,
                                       .length = LENGTH,
                                       .channels = INNER,
                                       .x_row_stride = 2 * INNER,
                                       .x_batch_stride = LENGTH * 2 * INNER,
                                       .kernel = 4};
  p->scan = (panamba_selective_scan_args){.gate = v->xz + INNER,
                                          .out = v->y,
                                          .forward = direction(w, v, 0),
                                          .backward = direction(w, v, 1),
                                          .batch = BATCH,
                                          .length = LENGTH,
                                          .channels = INNER,
                                          .states = STATES,
                                          .dt_rank = RANK,
                                          .projected_row_stride = WIDTH,
                                          .gate_row_stride = 2 * INNER,
                                          .scale = 0.5f};
  p->rotary = (panamba_rotary_args){.x = v->hidden,
                                    .cos = w->cosine,
                                    .sin = w->sine,
                                    .out = v->hidden,
                                    .batch = BATCH,
                                    .length = LENGTH,
                                    .dim = DIM,
                                    .positions = LENGTH};
  p->linears[5] = linear(v->hidden, w->qkv, v->qkv, ROWS, DIM, 3 * DIM);
  p->linears[5].activation = PANAMBA_ACTIVATION_GELU;
  p->attention = (panamba_attention_args){.q = v->qkv,
                                          .k = v->qkv + DIM,
                                          .v = v->qkv + 2 * DIM,
                                          .out = v->attended,
                                          .batch = BATCH,
                                          .queries = LENGTH,
                                          .length = LENGTH,
                                          .heads = HEADS,
                                          .head_dim = DIM / HEADS,
                                          .q_row_stride = 3 * DIM,
                                          .k_row_stride = 3 * DIM,
                                          .v_row_stride = 3 * DIM,
                                          .out_row_stride = DIM,
                                          .scale = 0.25f};
  p->linears[7] = linear(v->attended, w->cross, v->cross_projected, ROWS, DIM, CROSS_WIDTH);
  p->cross = (panamba_cross_scan_args){.u = v->attended,
                                       .projected = v->cross_projected,
                                       .dt_weight = w->cross_weight,
                                       .a = w->cross_a,
                                       .out = v->crossed,
                                       .batch = BATCH,
                                       .height = HEIGHT,
                                       .width = LENGTH / HEIGHT,
                                       .channels = DIM,
                                       .states = 1,
                                       .dt_rank = RANK,
                                       .projected_row_stride = CROSS_WIDTH,
                                       .walks = PANAMBA_WALKS_CROSS};
  p->linears[6] = linear(v->crossed, w->proj, v->hidden, ROWS, DIM, DIM);
  p->linears[6].accumulate = 1;
  p->pool = (panamba_pool_args){
      .input = v->normed, .out = v->pooled, .batch = BATCH, .length = LENGTH, .dim = DIM, .count = LENGTH, .step = 1};
}

/* Of a grid of pixels, those of the hidden rows, and of the image: a stem, and back to its size. */
static void write_convolutions(program *p, const weights *w) {
  activations *v = &p->values;
  p->depthwise = (panamba_depthwise_args){.x = v->hidden,
                                          .weight = w->depthwise,
                                          .bias = w->bias,
                                          .out = v->filtered,
                                          .batch = BATCH,
                                          .height = HEIGHT,
                                          .width = WIDE,
                                          .channels = DIM,
                                          .x_pixel_stride = DIM,
                                          .out_pixel_stride = DIM,
                                          .side = 7,
                                          .activation = PANAMBA_ACTIVATION_SILU};
  p->convs[0] = (panamba_conv2d_args){.input = v->filtered,
                                      .weight = w->taps,
                                      .bias = w->bias,
                                      .out = v->convolved,
                                      .batch = BATCH,
                                      .height = HEIGHT,
                                      .width = WIDE,
                                      .channels = DIM,
                                      .columns = DIM,
                                      .kernel_height = 3,
                                      .kernel_width = 3,
                                      .stride = 1,
                                      .padding = 1,
                                      .out_height = HEIGHT,
                                      .out_width = WIDE,
                                      .input_pixel_stride = DIM};
  p->gate = (panamba_gate_args){.gate = v->filtered,
                                .x = v->convolved,
                                .out = v->convolved,
                                .rows = ROWS,
                                .columns = DIM,
                                .gate_row_stride = DIM,
                                .x_row_stride = DIM,
                                .out_row_stride = DIM};
  p->linears[8] = linear(v->convolved, w->gated, v->filtered, ROWS, DIM, DIM);
  p->linears[8].multiply = 1;
  p->mergings[0] = (panamba_patch_merging_args){
      .x = v->filtered, .out = v->merged, .batch = BATCH, .height = HEIGHT, .width = WIDE, .channels = DIM};
  p->mergings[1] = p->mergings[0];
  p->mergings[1].x = v->hidden;
  p->mergings[1].reversed = 1;
  p->convs[1] = (panamba_conv2d_args){.input = w->image,
                                      .weight = w->stem,
                                      .bias = w->bias,
                                      .out = v->stem,
                                      .batch = BATCH,
                                      .height = SIDE,
                                      .width = SIDE,
                                      .channels = 3,
                                      .columns = DIM,
                                      .kernel_height = 3,
                                      .kernel_width = 3,
                                      .stride = 2,
                                      .padding = 1,
                                      .out_height = SIDE / 2,
                                      .out_width = SIDE / 2,
                                      .planar = 1,
                                      .activation = PANAMBA_ACTIVATION_GELU};
  /* To bfloat16, and back. */
  p->conversions[0] = (panamba_convert_args){.x = v->stem,
                                             .out = v->rounded,
                                             .rows = BATCH * (SIDE / 2) * (SIDE / 2),
                                             .columns = DIM,
                                             .x_row_stride = DIM,
                                             .out_row_stride = DIM,
                                             .out_dtype = PANAMBA_BF16};
  p->conversions[1] = p->conversions[0];
  p->conversions[1].x = v->rounded;
  p->conversions[1].out = v->stem;
  p->conversions[1].dtype = PANAMBA_BF16;
  p->conversions[1].out_dtype = PANAMBA_F32;
  p->convs[2] = (panamba_conv2d_args){.input = v->stem,
                                      .weight = w->stem_taps,
                                      .out = v->enlarged,
                                      .batch = BATCH,
                                      .height = SIDE / 2,
                                      .width = SIDE / 2,
                                      .channels = DIM,
                                      .columns = 3,
                                      .kernel_height = 3,
                                      .kernel_width = 3,
                                      .stride = 2,
                                      .padding = 1,
                                      .out_height = SIDE,
                                      .out_width = SIDE,
                                      .input_pixel_stride = DIM,
                                      .transposed = 1};
}

/* Of the stem's maps: windows, their mean in a larger map, the products of a convolution, and boxes. */
static void write_maps(program *p, const weights *w) {
  activations *v = &p->values;
  p->windows = (panamba_window_pool_args){.x = v->stem,
                                          .out = v->windows,
                                          .batch = BATCH,
                                          .height = STEM,
                                          .width = STEM,
                                          .channels = DIM,
                                          .out_height = WINDOWS,
                                          .out_width = WINDOWS,
                                          .x_pixel_stride = DIM,
                                          .out_pixel_stride = DIM,
                                          .kind = PANAMBA_POOL_MEAN};
  p->resizes[0] = (panamba_resize_args){.x = v->windows,
                                        .out = v->resized,
                                        .batch = BATCH,
                                        .height = WINDOWS,
                                        .width = WINDOWS,
                                        .channels = DIM,
                                        .out_height = SIDE,
                                        .out_width = STEM,
                                        .x_pixel_stride = DIM,
                                        .out_pixel_stride = DIM,
                                        .side = 1,
                                        .corners = 1};
  p->resizes[1] = (panamba_resize_args){.x = v->stem,
                                        .out = v->taps_resized,
                                        .batch = BATCH,
                                        .height = STEM,
                                        .width = STEM,
                                        .channels = DIM / 9,
                                        .out_height = STEM,
                                        .out_width = SIDE,
                                        .x_pixel_stride = DIM,
                                        .out_pixel_stride = DIM / 9,
                                        .side = 3,
                                        .activation = PANAMBA_ACTIVATION_RELU};
  p->align = (panamba_roi_align_args){.maps = {v->resized},
                                      .boxes = w->boxes,
                                      .out = v->aligned,
                                      .heights = {SIDE},
                                      .widths = {STEM},
                                      .channels = DIM,
                                      .count = BOXES,
                                      .scales = {1},
                                      .levels = 1,
                                      .side = POOLED};
}

static void write_program(program *p, const weights *w) {
  memset(p, 0, sizeof *p);
  write_arguments(p, w);
  write_convolutions(p, w);
  write_maps(p, w);
  const panamba_step steps[STEPS] = {{&p->embedding, PANAMBA_PATCH_EMBEDDING, 0},
                                     {&p->norms[0], PANAMBA_NORM, 0},
                                     {&p->linears[0], PANAMBA_LINEAR, 0},
                                     {&p->conv, PANAMBA_CAUSAL_CONV, 0},
                                     {&p->linears[1], PANAMBA_LINEAR, 0},
                                     {&p->linears[2], PANAMBA_LINEAR, 0},
                                     {&p->scan, PANAMBA_SELECTIVE_SCAN, 0},
                                     {&p->linears[3], PANAMBA_LINEAR, 0},
                                     {&p->rotary, PANAMBA_ROTARY, 0},
                                     {&p->linears[5], PANAMBA_LINEAR, 0},
                                     {&p->attention, PANAMBA_ATTENTION, 0},
                                     {&p->linears[7], PANAMBA_LINEAR, 0},
                                     {&p->cross, PANAMBA_CROSS_SCAN, 0},
                                     {&p->linears[6], PANAMBA_LINEAR, 0},
                                     {&p->depthwise, PANAMBA_DEPTHWISE, 0},
                                     {&p->convs[0], PANAMBA_CONV2D, 0},
                                     {&p->gate, PANAMBA_GATE, 0},
                                     {&p->linears[8], PANAMBA_LINEAR, 0},
                                     {&p->mergings[0], PANAMBA_PATCH_MERGING, 0},
                                     {&p->mergings[1], PANAMBA_PATCH_MERGING, 0},
                                     {&p->convs[1], PANAMBA_CONV2D, 0},
                                     {&p->conversions[0], PANAMBA_CONVERT, 0},
                                     {&p->conversions[1], PANAMBA_CONVERT, 0},
                                     {&p->convs[2], PANAMBA_CONV2D, 0},
                                     {&p->windows, PANAMBA_WINDOW_POOL, 0},
                                     {&p->resizes[0], PANAMBA_RESIZE, 0},
                                     {&p->resizes[1], PANAMBA_RESIZE, 0},
                                     {&p->align, PANAMBA_ROI_ALIGN, 0},
                                     {&p->norms[1], PANAMBA_NORM, 0},
                                     {&p->pool, PANAMBA_POOL, 0},
                                     {&p->linears[4], PANAMBA_LINEAR, 0}};
  memcpy(p->steps, steps, sizeof steps);
}

static program programs[CALLERS];

/* What belongs to no operation in particular. */
static void refusals(void) {
  begin_refusals("operation");
  static const int32_t codes[] = {-1, PANAMBA_OPERATION_COUNT, PANAMBA_OPERATION_COUNT + 1, 1000, INT32_MIN, INT32_MAX};
  for (size_t i = 0; i < COUNT(codes); i++) {
    check_refused("an unknown operation", codes[i], &innocent);
  }
  panamba_norm_args endless = {.residual = (float *)innocent.out,
                               .weight = innocent.input,
                               .out = innocent.out,
                               .rows = (int64_t)1 << 38,
                               .dim = 1,
                               .residual_row_stride = 1};
  check_refused("more tiles than can be counted", PANAMBA_NORM, &endless);
  expect_name("null");
  for (int32_t operation = 0; operation < PANAMBA_OPERATION_COUNT; operation++) {
    check_refused("no arguments", operation, 0);
  }
  run_refused("no steps", "steps", 0, 1);
  panamba_step step = {&innocent, PANAMBA_LINEAR, 0};
  run_refused("a negative count", "count", &step, -1);
  run_refused("the most negative count", "count", &step, INT64_MIN);
  step.with_next = 2;
  run_refused("a step with a next but one", "with_next", &step, 1);
  panamba_norm_args half = endless;
  half.rows /= 32;
  panamba_step halves[] = {{&half, PANAMBA_NORM, 1}, {&half, PANAMBA_NORM, 1}, {&half, PANAMBA_NORM, 0}};
  run_refused("more tiles together than can be counted", "together", halves, COUNT(halves));
  CHECK(panamba_run(0, &step, 1, 0, 0, 0, 0, 0, 0) == PANAMBA_INVALID_ARGUMENT, "no executor is not refused");
  CHECK(panamba_run(executor_of(2), 0, 0, 0, 0, 0, 0, 0, 0) == PANAMBA_OK, "an empty program: %s", panamba_message());
  end_case();
}

static void test(void) {
  static const activations nothing;
  static activations wanted;
  whole_program whole[CALLERS];
  seed(10);
  begin_case(IN_SENTINELS, 0);
  describe("a program step by step");
  weights w = take_weights();
  for (int i = 0; i < CALLERS; i++) {
    program *p = &programs[i];
    write_program(p, &w);
    whole[i] = (whole_program){p->steps, STEPS, &p->values, &nothing, sizeof nothing};
  }
  run_stepwise(&whole[0]);
  wanted = programs[0].values;
  CHECK(wanted.logits[0] == wanted.logits[0] && wanted.logits[0] != wanted.logits[1], "the logits are %g and %g",
        (double)wanted.logits[0], (double)wanted.logits[1]);
  check_callers(whole, &wanted);
  end_case();
  on_processor(refusals);
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }

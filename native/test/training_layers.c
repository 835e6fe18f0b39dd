#include "training_layers.h"

#include "harness.h"
#include "training_steps.h"

/* crossed = the cross scan of activated. */
static void add_cross_scan(training_program *p) {
  training_values *v = &p->values;
  const cross_weights *w = &v->parameters.cross;
  add_linear(p, v->activated, v->packed_cross, 0, v->cross_projected, ROWS, DIM, CROSS_WIDTH);
  add_step(p, PANAMBA_CROSS_SCAN,
           (arguments){.cross_scan = {.u = v->activated,
                                      .projected = v->cross_projected,
                                      .dt_weight = w->dt_weight,
                                      .dt_bias = w->dt_bias,
                                      .a = v->cross_a,
                                      .d = w->d,
                                      .out = v->crossed,
                                      .saved_states = v->cross_states,
                                      .batch = BATCH,
                                      .height = HEIGHT,
                                      .width = LENGTH / HEIGHT,
                                      .channels = DIM,
                                      .states = CROSS_STATES,
                                      .dt_rank = CROSS_RANK,
                                      .projected_row_stride = CROSS_WIDTH,
                                      .walks = PANAMBA_WALKS_CROSS,
                                      .saved_interval = INTERVAL}});
}

/* From hidden_gradient, the gradient of crossed, to that of activated. */
static void add_cross_scan_gradient(training_program *p) {
  training_values *v = &p->values;
  const cross_weights *w = &v->parameters.cross;
  add_step(p, PANAMBA_CROSS_SCAN_GRADIENT,
           (arguments){.cross_scan_gradient = {.u = v->activated,
                                               .projected = v->cross_projected,
                                               .dt_weight = w->dt_weight,
                                               .dt_bias = w->dt_bias,
                                               .a = v->cross_a,
                                               .d = w->d,
                                               .saved_states = v->cross_states,
                                               .out_gradient = v->hidden_gradient,
                                               .u_gradient = v->activated_gradient,
                                               .projected_parts = v->cross_projected_gradient,
                                               .parameter_parts = v->cross_parts,
                                               .batch = BATCH,
                                               .height = HEIGHT,
                                               .width = LENGTH / HEIGHT,
                                               .channels = DIM,
                                               .states = CROSS_STATES,
                                               .dt_rank = CROSS_RANK,
                                               .projected_row_stride = CROSS_WIDTH,
                                               .walks = PANAMBA_WALKS_CROSS,
                                               .saved_interval = INTERVAL}});
  add_sum(p, v->cross_parts, BATCH, CROSS_PARAMETERS, CROSS_PARAMETERS, v->gradient.cross.a_log);
  add_input_gradient(p, v->cross_projected_gradient, w->x, 1, v->activated_gradient, ROWS, CROSS_WIDTH, DIM);
  with_next(p);
  add_weight_gradient(p, v->cross_projected_gradient, v->activated, v->gradient.cross.x, ROWS, CROSS_WIDTH, DIM);
}

/* The taps' matrices as (columns, channels), or as (channels, columns): those of the gradient of the input. */
static void add_tap_packs(training_program *p, float *packed, int transposed) {
  int64_t floats = panamba_packed_size(DIM, DIM, PANAMBA_F32) / (int64_t)sizeof(float);
  CHECK(floats <= PACKED(DIM, DIM), "a packed matrix has %d floats", (int)floats);
  for (int tap = 0; tap < TAPS; tap++) {
    add_step(p, PANAMBA_PACK,
             (arguments){.pack = {.source = p->values.parameters.taps + tap * DIM * DIM,
                                  .packed = packed + tap * floats,
                                  .columns = DIM,
                                  .depth = DIM,
                                  .column_stride = transposed ? DIM : 1,
                                  .depth_stride = transposed ? 1 : DIM}});
  }
}

static void add_conv2d(training_program *p, const float *input, const float *packed, const float *bias, float *out,
                       int transposed) {
  add_step(p, PANAMBA_CONV2D,
           (arguments){.conv2d = {.input = input,
                                  .weight = packed,
                                  .bias = bias,
                                  .out = out,
                                  .batch = BATCH,
                                  .height = HEIGHT,
                                  .width = GRID_WIDTH,
                                  .channels = DIM,
                                  .columns = DIM,
                                  .kernel_height = 3,
                                  .kernel_width = 3,
                                  .stride = 1,
                                  .padding = 1,
                                  .out_height = HEIGHT,
                                  .out_width = GRID_WIDTH,
                                  .input_pixel_stride = DIM,
                                  .transposed = transposed}});
}

static void add_depthwise(training_program *p, const float *x, const float *bias, float *out, int32_t flipped) {
  add_step(p, PANAMBA_DEPTHWISE,
           (arguments){.depthwise = {.x = x,
                                     .weight = p->values.parameters.depthwise,
                                     .bias = bias,
                                     .out = out,
                                     .batch = BATCH,
                                     .height = HEIGHT,
                                     .width = GRID_WIDTH,
                                     .channels = DIM,
                                     .x_pixel_stride = DIM,
                                     .out_pixel_stride = DIM,
                                     .side = 3,
                                     .flipped = flipped}});
}

static void add_gate(training_program *p, const float *gate, const float *x, float *out) {
  add_step(p, PANAMBA_GATE,
           (arguments){.gate = {.gate = gate,
                                .x = x,
                                .out = out,
                                .rows = ROWS,
                                .columns = DIM,
                                .gate_row_stride = DIM,
                                .x_row_stride = DIM,
                                .out_row_stride = DIM}});
}

static void add_patch_merging(training_program *p, float *x, float *out, int32_t reversed) {
  add_step(p, PANAMBA_PATCH_MERGING,
           (arguments){.merging = {.x = x,
                                   .out = out,
                                   .batch = BATCH,
                                   .height = HEIGHT,
                                   .width = GRID_WIDTH,
                                   .channels = DIM,
                                   .reversed = reversed}});
}

/* convolved += the largest pixels of windows of unmerged, as a map of its size. */
static void add_windows(training_program *p) {
  training_values *v = &p->values;
  add_step(p, PANAMBA_WINDOW_POOL,
           (arguments){.window_pool = {.x = v->unmerged,
                                       .out = v->windows,
                                       .batch = BATCH,
                                       .height = HEIGHT,
                                       .width = GRID_WIDTH,
                                       .channels = DIM,
                                       .out_height = 1,
                                       .out_width = WINDOWS,
                                       .x_pixel_stride = DIM,
                                       .out_pixel_stride = DIM,
                                       .window = 2,
                                       .stride = 1,
                                       .kind = PANAMBA_POOL_MAX}});
  add_step(p, PANAMBA_RESIZE,
           (arguments){.resize = {.x = v->windows,
                                  .out = v->convolved,
                                  .batch = BATCH,
                                  .height = 1,
                                  .width = WINDOWS,
                                  .channels = DIM,
                                  .out_height = HEIGHT,
                                  .out_width = GRID_WIDTH,
                                  .x_pixel_stride = DIM,
                                  .out_pixel_stride = DIM,
                                  .accumulate = 1,
                                  .side = 1}});
}

static void add_windows_gradient(training_program *p) {
  training_values *v = &p->values;
  add_step(p, PANAMBA_RESIZE_GRADIENT,
           (arguments){.resize_gradient = {.out_gradient = v->convolved_gradient,
                                           .x_gradient = v->windows_gradient,
                                           .batch = BATCH,
                                           .height = 1,
                                           .width = WINDOWS,
                                           .channels = DIM,
                                           .out_height = HEIGHT,
                                           .out_width = GRID_WIDTH,
                                           .x_pixel_stride = DIM,
                                           .out_pixel_stride = DIM}});
  add_step(p, PANAMBA_WINDOW_POOL_GRADIENT,
           (arguments){.window_pool_gradient = {.x = v->unmerged,
                                                .out_gradient = v->windows_gradient,
                                                .x_gradient = v->pooled_map_gradient,
                                                .batch = BATCH,
                                                .height = HEIGHT,
                                                .width = GRID_WIDTH,
                                                .channels = DIM,
                                                .out_height = 1,
                                                .out_width = WINDOWS,
                                                .x_pixel_stride = DIM,
                                                .window = 2,
                                                .stride = 1,
                                                .kind = PANAMBA_POOL_MAX}});
  add_sum_into(p, v->pooled_map_gradient, 1, ROWS * DIM, 1, v->unmerged_gradient);
}

void add_convolutions(training_program *p) {
  training_values *v = &p->values;
  const network *n = &v->parameters;
  add_tap_packs(p, v->packed_taps, 0);
  add_depthwise(p, v->normed, n->depthwise_bias, v->filtered, 0);
  add_gate(p, v->filtered, v->normed, v->gated);
  add_patch_merging(p, v->gated, v->merged, 0);
  add_patch_merging(p, v->unmerged, v->merged, 1);
  add_conv2d(p, v->unmerged, v->packed_taps, n->taps_bias, v->convolved, 0);
  add_windows(p);
}

void add_convolutions_gradient(training_program *p) {
  training_values *v = &p->values;
  add_tap_packs(p, v->packed_transposes, 1);
  add_conv2d(p, v->convolved_gradient, v->packed_transposes, 0, v->unmerged_gradient, 1);
  with_next(p);
  add_step(p, PANAMBA_CONV2D_GRADIENT,
           (arguments){.conv2d_gradient = {.input = v->unmerged,
                                           .out_gradient = v->convolved_gradient,
                                           .weight_gradient = v->gradient.taps,
                                           .batch = BATCH,
                                           .height = HEIGHT,
                                           .width = GRID_WIDTH,
                                           .channels = DIM,
                                           .columns = DIM,
                                           .kernel_height = 3,
                                           .kernel_width = 3,
                                           .stride = 1,
                                           .padding = 1}});
  add_sum(p, v->convolved_gradient, ROWS, DIM, DIM, v->gradient.taps_bias);
  add_windows_gradient(p);
  add_patch_merging(p, v->unmerged_gradient, v->merged_gradient, 0);
  add_patch_merging(p, v->gated_gradient, v->merged_gradient, 1);
  add_gate(p, v->normed, v->gated_gradient, v->filtered_gradient);
  with_next(p);
  add_gate(p, v->filtered, v->gated_gradient, v->normed_gradient);
  add_depthwise(p, v->filtered_gradient, 0, v->depthwise_gradient, 1);
  with_next(p);
  add_step(p, PANAMBA_DEPTHWISE_GRADIENT,
           (arguments){.depthwise_gradient = {.x = v->normed,
                                              .out_gradient = v->filtered_gradient,
                                              .parameter_parts = v->depthwise_parts,
                                              .batch = BATCH,
                                              .height = HEIGHT,
                                              .width = GRID_WIDTH,
                                              .channels = DIM,
                                              .x_pixel_stride = DIM,
                                              .out_gradient_pixel_stride = DIM,
                                              .side = 3}});
  add_sum(p, v->depthwise_parts, BATCH, (TAPS + 1) * DIM, (TAPS + 1) * DIM, v->gradient.depthwise);
  add_sum_into(p, v->depthwise_gradient, 1, ROWS * DIM, 1, v->normed_gradient);
}

void add_attention(training_program *p) {
  training_values *v = &p->values;
  add_step(p, PANAMBA_ATTENTION,
           (arguments){.attention = {.q = v->normed,
                                     .k = v->normed,
                                     .v = v->normed,
                                     .out = v->attended,
                                     .statistics = v->attention_statistics,
                                     .batch = BATCH,
                                     .queries = LENGTH,
                                     .length = LENGTH,
                                     .heads = HEADS,
                                     .head_dim = DIM / HEADS,
                                     .q_row_stride = DIM,
                                     .k_row_stride = DIM,
                                     .v_row_stride = DIM,
                                     .out_row_stride = DIM,
                                     .scale = 0.5f}});
  add_pointwise(p, PANAMBA_POINTWISE_GELU, v->attended, DIM, v->activated, ROWS, DIM);
  add_cross_scan(p);
  add_sum_into(p, v->crossed, 1, ROWS * DIM, 1, v->hidden);
}

void add_attention_gradient(training_program *p) {
  training_values *v = &p->values;
  add_cross_scan_gradient(p);
  add_step(p, PANAMBA_ACTIVATION_GRADIENT,
           (arguments){.activation_gradient = {.x = v->attended,
                                               .out_gradient = v->activated_gradient,
                                               .x_gradient = v->attended_gradient,
                                               .rows = ROWS,
                                               .columns = DIM,
                                               .x_row_stride = DIM,
                                               .out_gradient_row_stride = DIM,
                                               .x_gradient_row_stride = DIM,
                                               .activation = PANAMBA_ACTIVATION_GELU}});
  add_step(p, PANAMBA_ATTENTION_GRADIENT,
           (arguments){.attention_gradient = {.q = v->normed,
                                              .k = v->normed,
                                              .v = v->normed,
                                              .out = v->attended,
                                              .statistics = v->attention_statistics,
                                              .out_gradient = v->attended_gradient,
                                              .q_gradient = v->attention_gradients,
                                              .k_gradient = v->attention_gradients + ROWS * DIM,
                                              .v_gradient = v->attention_gradients + 2 * ROWS * DIM,
                                              .batch = BATCH,
                                              .length = LENGTH,
                                              .heads = HEADS,
                                              .head_dim = DIM / HEADS,
                                              .q_row_stride = DIM,
                                              .k_row_stride = DIM,
                                              .v_row_stride = DIM,
                                              .out_row_stride = DIM,
                                              .out_gradient_row_stride = DIM,
                                              .q_gradient_row_stride = DIM,
                                              .k_gradient_row_stride = DIM,
                                              .v_gradient_row_stride = DIM,
                                              .scale = 0.5f}});
  add_sum_into(p, v->attention_gradients, 3, ROWS * DIM, 1, v->normed_gradient);
}

void add_scale(training_program *p, const training_batch *b) {
  training_values *v = &p->values;
  add_step(p, PANAMBA_SCALE,
           (arguments){.scale = {.x = v->hidden,
                                 .channel_scale = v->parameters.scale,
                                 .image_scale = b->image_scale,
                                 .out = v->scaled,
                                 .batch = BATCH,
                                 .length = LENGTH,
                                 .channels = DIM,
                                 .x_row_stride = DIM,
                                 .out_row_stride = DIM}});
}

void add_scale_gradient(training_program *p, const training_batch *b) {
  training_values *v = &p->values;
  add_step(p, PANAMBA_SCALE_GRADIENT,
           (arguments){.scale_gradient = {.x = v->hidden,
                                          .channel_scale = v->parameters.scale,
                                          .image_scale = b->image_scale,
                                          .out_gradient = v->hidden_gradient,
                                          .x_gradient = v->hidden_gradient,
                                          .parameter_parts = v->scale_parts,
                                          .batch = BATCH,
                                          .length = LENGTH,
                                          .channels = DIM,
                                          .x_row_stride = DIM,
                                          .out_gradient_row_stride = DIM,
                                          .x_gradient_row_stride = DIM}});
  add_sum(p, v->scale_parts, SCALE_PARTS, DIM, DIM, v->gradient.scale);
}

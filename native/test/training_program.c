#include "training_program.h"

#include <string.h>

#include "harness.h"

static void add(training_program *p, int32_t operation, arguments a) {
  CHECK(p->count < MOST_STEPS, "too many steps");
  p->arguments[p->count] = a;
  p->steps[p->count] = (panamba_step){&p->arguments[p->count], operation, 0};
  p->count++;
}

/* The last step may run at the same time as the one to come. */
static void with_next(training_program *p) { p->steps[p->count - 1].with_next = 1; }

static void add_pack(training_program *p, const float *weight, float *packed, int64_t columns, int64_t depth) {
  int64_t bytes = panamba_packed_size(columns, depth, PANAMBA_F32);
  CHECK(bytes <= PACKED(columns, depth) * (int64_t)sizeof(float), "a packed matrix has %d bytes", (int)bytes);
  add(p, PANAMBA_PACK,
      (arguments){.pack = {.source = weight,
                           .packed = packed,
                           .columns = columns,
                           .depth = depth,
                           .column_stride = depth,
                           .depth_stride = 1}});
}

static void add_linear(training_program *p, const float *input, const float *packed, const float *bias, float *out,
                       int64_t rows, int64_t depth, int64_t columns) {
  add(p, PANAMBA_LINEAR,
      (arguments){.linear = {.input = input,
                             .weight = packed,
                             .bias = bias,
                             .out = out,
                             .rows = rows,
                             .depth = depth,
                             .columns = columns,
                             .input_row_stride = depth,
                             .out_row_stride = columns}});
}

/* The gradient of a layer's weight, (outputs, inputs). */
static void add_weight_gradient(training_program *p, const float *out_gradient, const float *input, float *gradient,
                                int64_t rows, int64_t outputs, int64_t inputs) {
  add(p, PANAMBA_PRODUCT,
      (arguments){.product = {.left = out_gradient,
                              .right = input,
                              .out = gradient,
                              .rows = outputs,
                              .depth = rows,
                              .columns = inputs,
                              .left_row_stride = 1,
                              .left_depth_stride = outputs,
                              .right_row_stride = inputs,
                              .out_row_stride = inputs}});
}

static void add_input_gradient(training_program *p, const float *out_gradient, const float *weight, float accumulate,
                               float *gradient, int64_t rows, int64_t outputs, int64_t inputs) {
  add(p, PANAMBA_PRODUCT,
      (arguments){.product = {.left = out_gradient,
                              .right = weight,
                              .out = gradient,
                              .rows = rows,
                              .depth = outputs,
                              .columns = inputs,
                              .left_row_stride = outputs,
                              .left_depth_stride = 1,
                              .right_row_stride = inputs,
                              .out_row_stride = inputs,
                              .accumulate = accumulate}});
}

static void add_sum(training_program *p, const float *parts, int64_t count, int64_t width, int64_t stride, float *out) {
  add(p, PANAMBA_SUM,
      (arguments){
          .sum = {.parts = parts, .out = out, .count = count, .width = width, .part_stride = stride, .scale = 1}});
}

static void add_pointwise(training_program *p, int32_t kind, const float *x, int64_t stride, float *out, int64_t rows,
                          int64_t columns) {
  add(p, PANAMBA_POINTWISE,
      (arguments){.pointwise = {.x = x,
                                .out = out,
                                .rows = rows,
                                .columns = columns,
                                .x_row_stride = stride,
                                .out_row_stride = columns,
                                .kind = kind}});
}

static panamba_scan_direction scan_direction(const network *n, direction_values *v, int which) {
  const direction_weights *w = &n->directions[which];
  return (panamba_scan_direction){.u = v->u,
                                  .projected = v->projected,
                                  .dt_weight = w->dt_weight,
                                  .dt_bias = w->dt_bias,
                                  .a = v->a,
                                  .d = w->d,
                                  .saved_states = v->saved_states};
}

/* crossed = the cross scan of activated. */
static void add_cross_scan(training_program *p) {
  training_values *v = &p->values;
  const cross_weights *w = &v->parameters.cross;
  add_linear(p, v->activated, v->packed_cross, 0, v->cross_projected, ROWS, DIM, CROSS_WIDTH);
  add(p, PANAMBA_CROSS_SCAN,
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
  add(p, PANAMBA_CROSS_SCAN_GRADIENT,
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
    add(p, PANAMBA_PACK,
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
  add(p, PANAMBA_CONV2D,
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
  add(p, PANAMBA_DEPTHWISE,
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
  add(p, PANAMBA_GATE,
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
  add(p, PANAMBA_PATCH_MERGING,
      (arguments){.merging = {.x = x,
                              .out = out,
                              .batch = BATCH,
                              .height = HEIGHT,
                              .width = GRID_WIDTH,
                              .channels = DIM,
                              .reversed = reversed}});
}

/* convolved = conv2d(gated), gated = depthwise(normed) * normed: merged on the way, and back. */
static void add_convolutions(training_program *p) {
  training_values *v = &p->values;
  const network *n = &v->parameters;
  add_tap_packs(p, v->packed_taps, 0);
  add_depthwise(p, v->normed, n->depthwise_bias, v->filtered, 0);
  add_gate(p, v->filtered, v->normed, v->gated);
  add_patch_merging(p, v->gated, v->merged, 0);
  add_patch_merging(p, v->unmerged, v->merged, 1);
  add_conv2d(p, v->unmerged, v->packed_taps, n->taps_bias, v->convolved, 0);
}

/* From convolved_gradient to normed_gradient. */
static void add_convolutions_gradient(training_program *p) {
  training_values *v = &p->values;
  add_tap_packs(p, v->packed_transposes, 1);
  add_conv2d(p, v->convolved_gradient, v->packed_transposes, 0, v->unmerged_gradient, 1);
  with_next(p);
  add(p, PANAMBA_CONV2D_GRADIENT,
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
  add_patch_merging(p, v->unmerged_gradient, v->merged_gradient, 0);
  add_patch_merging(p, v->gated_gradient, v->merged_gradient, 1);
  add_gate(p, v->normed, v->gated_gradient, v->filtered_gradient);
  with_next(p);
  add_gate(p, v->filtered, v->gated_gradient, v->normed_gradient);
  add_depthwise(p, v->filtered_gradient, 0, v->depthwise_gradient, 1);
  with_next(p);
  add(p, PANAMBA_DEPTHWISE_GRADIENT,
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
  add(p, PANAMBA_SUM,
      (arguments){.sum = {.parts = v->depthwise_gradient,
                          .out = v->normed_gradient,
                          .count = 1,
                          .width = ROWS * DIM,
                          .part_stride = ROWS * DIM,
                          .accumulate = 1,
                          .scale = 1}});
}

/* hidden = hidden + the cross scan of gelu(attention(normed)), of the normed rows to themselves. */
static void add_attention(training_program *p) {
  training_values *v = &p->values;
  add(p, PANAMBA_ATTENTION,
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
  add(p, PANAMBA_SUM,
      (arguments){.sum = {.parts = v->crossed,
                          .out = v->hidden,
                          .count = 1,
                          .width = ROWS * DIM,
                          .part_stride = ROWS * DIM,
                          .accumulate = 1,
                          .scale = 1}});
}

/* What goes through attention, added to normed_gradient. */
static void add_attention_gradient(training_program *p) {
  training_values *v = &p->values;
  add_cross_scan_gradient(p);
  add(p, PANAMBA_ACTIVATION_GRADIENT,
      (arguments){.activation_gradient = {.x = v->attended,
                                          .out_gradient = v->activated_gradient,
                                          .x_gradient = v->attended_gradient,
                                          .rows = ROWS,
                                          .columns = DIM,
                                          .x_row_stride = DIM,
                                          .out_gradient_row_stride = DIM,
                                          .x_gradient_row_stride = DIM,
                                          .activation = PANAMBA_ACTIVATION_GELU}});
  add(p, PANAMBA_ATTENTION_GRADIENT,
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
  add(p, PANAMBA_SUM,
      (arguments){.sum = {.parts = v->attention_gradients,
                          .out = v->normed_gradient,
                          .count = 3,
                          .width = ROWS * DIM,
                          .part_stride = ROWS * DIM,
                          .accumulate = 1,
                          .scale = 1}});
}

/* scaled = scale * hidden, and an image's share of it: LayerScale and stochastic depth. */
static void add_scale(training_program *p, const training_batch *b) {
  training_values *v = &p->values;
  add(p, PANAMBA_SCALE,
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

/* In place: hidden_gradient was that of what is scaled. */
static void add_scale_gradient(training_program *p, const training_batch *b) {
  training_values *v = &p->values;
  add(p, PANAMBA_SCALE_GRADIENT,
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

static void add_forward(training_program *p, const training_batch *b) {
  training_values *v = &p->values;
  const network *n = &v->parameters;
  add_pack(p, n->patches, v->packed_patches, DIM, PIXELS);
  add_pack(p, n->in, v->packed_in, 2 * INNER, DIM);
  add_pack(p, n->out, v->packed_out, DIM, INNER);
  add_pack(p, n->cross.x, v->packed_cross, CROSS_WIDTH, DIM);
  add_pack(p, n->head, v->packed_head, CLASSES, DIM);
  add_pointwise(p, PANAMBA_POINTWISE_DECAY, n->cross.a_log, DIM, v->cross_a, PANAMBA_WALKS * CROSS_STATES, DIM);
  for (int i = 0; i < 2; i++) {
    add_pack(p, n->directions[i].x, v->directions[i].packed_x, WIDTH, INNER);
    add_pointwise(p, PANAMBA_POINTWISE_DECAY, n->directions[i].a_log, INNER, v->directions[i].a, STATES, INNER);
  }
  add(p, PANAMBA_PATCH_EMBEDDING,
      (arguments){.embedding = {.image = b->image,
                                .weight = v->packed_patches,
                                .bias = n->patch_bias,
                                .class_token = n->token,
                                .out = v->residual,
                                .batch = BATCH,
                                .channels = 3,
                                .height = SIDE,
                                .width = SIDE,
                                .patch_height = PATCH,
                                .patch_width = PATCH,
                                .stride_height = PATCH,
                                .stride_width = PATCH,
                                .dim = DIM,
                                .class_tokens = 1,
                                .class_index = {12}}});
  add(p, PANAMBA_NORM,
      (arguments){.norm = {.residual = v->residual,
                           .weight = n->norm,
                           .bias = n->norm_bias,
                           .out = v->normed,
                           .rows = ROWS,
                           .dim = DIM,
                           .residual_row_stride = DIM,
                           .residual_scale = 1,
                           .eps = 1e-5f,
                           .kind = PANAMBA_LAYER_NORM}});
  add_convolutions(p);
  add_linear(p, v->convolved, v->packed_in, 0, v->xz, ROWS, DIM, 2 * INNER);
  add(p, PANAMBA_CAUSAL_CONV,
      (arguments){.conv = {.x = v->xz,
                           .forward = {n->directions[0].conv, n->directions[0].conv_bias, v->directions[0].u},
                           .backward = {n->directions[1].conv, n->directions[1].conv_bias, v->directions[1].u},
                           .batch = BATCH,
                           .length = LENGTH,
                           .channels = INNER,
                           .x_row_stride = 2 * INNER,
                           .x_batch_stride = LENGTH * 2 * INNER,
                           .kernel = KERNEL}});
  add_linear(p, v->directions[0].u, v->directions[0].packed_x, 0, v->directions[0].projected, ROWS, INNER, WIDTH);
  with_next(p);
  add_linear(p, v->directions[1].u, v->directions[1].packed_x, 0, v->directions[1].projected, ROWS, INNER, WIDTH);
  add_pointwise(p, PANAMBA_POINTWISE_SILU, v->xz + INNER, 2 * INNER, v->gate, ROWS, INNER);
  add(p, PANAMBA_SELECTIVE_SCAN,
      (arguments){.scan = {.gate = v->gate,
                           .out = v->y,
                           .forward = scan_direction(n, &v->directions[0], 0),
                           .backward = scan_direction(n, &v->directions[1], 1),
                           .batch = BATCH,
                           .length = LENGTH,
                           .channels = INNER,
                           .states = STATES,
                           .dt_rank = RANK,
                           .projected_row_stride = WIDTH,
                           .gate_row_stride = INNER,
                           .scale = 1,
                           .saved_interval = INTERVAL}});
  add_linear(p, v->y, v->packed_out, 0, v->hidden, ROWS, INNER, DIM);
  add_attention(p);
  add_scale(p, b);
  add(p, PANAMBA_POOL,
      (arguments){.pool = {.input = v->scaled,
                           .out = v->pooled,
                           .batch = BATCH,
                           .length = LENGTH,
                           .dim = DIM,
                           .count = LENGTH,
                           .step = 1,
                           .kind = PANAMBA_POOL_MAX}});
  add_linear(p, v->pooled, v->packed_head, n->head_bias, v->logits, BATCH, DIM, CLASSES);
  add(p, PANAMBA_CROSS_ENTROPY,
      (arguments){.cross_entropy = {.logits = v->logits,
                                    .labels = b->labels,
                                    .losses = v->losses,
                                    .logits_gradient = v->logits_gradient,
                                    .batch = BATCH,
                                    .classes = CLASSES,
                                    .smoothing = 0.1f,
                                    .gradient_scale = 1.0f / BATCH}});
}

static panamba_scan_gradient_direction gradient_direction(const network *n, direction_values *v, int which) {
  panamba_scan_direction d = scan_direction(n, v, which);
  return (panamba_scan_gradient_direction){.u = d.u,
                                           .projected = d.projected,
                                           .dt_weight = d.dt_weight,
                                           .dt_bias = d.dt_bias,
                                           .a = d.a,
                                           .d = d.d,
                                           .saved_states = d.saved_states,
                                           .u_gradient = v->u_gradient,
                                           .projected_parts = v->projected_parts,
                                           .parameter_parts = v->scan_parts};
}

static void add_head_gradient(training_program *p, const training_batch *b) {
  training_values *v = &p->values;
  add_weight_gradient(p, v->logits_gradient, v->pooled, v->gradient.head, BATCH, CLASSES, DIM);
  with_next(p);
  add_sum(p, v->logits_gradient, BATCH, CLASSES, CLASSES, v->gradient.head_bias);
  add_input_gradient(p, v->logits_gradient, v->parameters.head, 0, v->pooled_gradient, BATCH, CLASSES, DIM);
  add(p, PANAMBA_POOL_GRADIENT,
      (arguments){.pool_gradient = {.input = v->scaled,
                                    .out_gradient = v->pooled_gradient,
                                    .input_gradient = v->hidden_gradient,
                                    .batch = BATCH,
                                    .length = LENGTH,
                                    .dim = DIM,
                                    .count = LENGTH,
                                    .step = 1,
                                    .kind = PANAMBA_POOL_MAX}});
  add_scale_gradient(p, b);
}

static void add_block_gradient(training_program *p) {
  training_values *v = &p->values;
  const network *n = &v->parameters;
  direction_values *d = v->directions;
  add_input_gradient(p, v->hidden_gradient, n->out, 0, v->y_gradient, ROWS, DIM, INNER);
  add(p, PANAMBA_SCAN_GRADIENT,
      (arguments){.scan_gradient = {.out_gradient = v->y_gradient,
                                    .z = v->xz + INNER,
                                    .z_gradient = v->xz_gradient + INNER,
                                    .out = v->y_again,
                                    .forward = gradient_direction(n, &d[0], 0),
                                    .backward = gradient_direction(n, &d[1], 1),
                                    .batch = BATCH,
                                    .length = LENGTH,
                                    .channels = INNER,
                                    .states = STATES,
                                    .dt_rank = RANK,
                                    .projected_row_stride = WIDTH,
                                    .z_row_stride = 2 * INNER,
                                    .z_gradient_row_stride = 2 * INNER,
                                    .scale = 1,
                                    .saved_interval = INTERVAL}});
  add_weight_gradient(p, v->hidden_gradient, v->y_again, v->gradient.out, ROWS, DIM, INNER);
  for (int i = 0; i < 2; i++) {
    direction_weights *g = &v->gradient.directions[i];
    add_sum(p, d[i].projected_parts, SCAN_PARTS, ROWS * WIDTH, ROWS * WIDTH, d[i].projected_gradient);
    with_next(p);
    add_sum(p, d[i].scan_parts, BATCH, SCAN_PARAMETERS, SCAN_PARAMETERS, g->a_log);
    add_input_gradient(p, d[i].projected_gradient, n->directions[i].x, 1, d[i].u_gradient, ROWS, WIDTH, INNER);
    with_next(p);
    add_weight_gradient(p, d[i].projected_gradient, d[i].u, g->x, ROWS, WIDTH, INNER);
  }
  add(p, PANAMBA_CONV_GRADIENT,
      (arguments){.conv_gradient = {
                      .x = v->xz,
                      .x_gradient = v->xz_gradient,
                      .forward = {n->directions[0].conv, n->directions[0].conv_bias, d[0].u_gradient, d[0].conv_parts},
                      .backward = {n->directions[1].conv, n->directions[1].conv_bias, d[1].u_gradient, d[1].conv_parts},
                      .batch = BATCH,
                      .length = LENGTH,
                      .channels = INNER,
                      .x_row_stride = 2 * INNER,
                      .x_gradient_row_stride = 2 * INNER,
                      .kernel = KERNEL}});
  for (int i = 0; i < 2; i++) {
    add_sum(p, d[i].conv_parts, BATCH, CONV_PARAMETERS, CONV_PARAMETERS, v->gradient.directions[i].conv);
  }
  add_input_gradient(p, v->xz_gradient, n->in, 0, v->convolved_gradient, ROWS, 2 * INNER, DIM);
  add_convolutions_gradient(p);
  add_attention_gradient(p);
  add_weight_gradient(p, v->xz_gradient, v->convolved, v->gradient.in, ROWS, 2 * INNER, DIM);
}

static void add_embedding_gradient(training_program *p, const training_batch *b) {
  training_values *v = &p->values;
  add(p, PANAMBA_NORM_GRADIENT,
      (arguments){.norm_gradient = {.residual = v->residual,
                                    .weight = v->parameters.norm,
                                    .out_gradient = v->normed_gradient,
                                    .residual_gradient = v->residual_gradient,
                                    .parameter_parts = v->norm_parts,
                                    .rows = ROWS,
                                    .dim = DIM,
                                    .residual_row_stride = DIM,
                                    .residual_gradient_row_stride = DIM,
                                    .eps = 1e-5f,
                                    .kind = PANAMBA_LAYER_NORM}});
  add_sum(p, v->norm_parts, NORM_PARTS, 2 * DIM, 2 * DIM, v->gradient.norm);
  add(p, PANAMBA_PATCHES,
      (arguments){.patches = {.image = b->image,
                              .out = v->patch_rows,
                              .batch = BATCH,
                              .channels = 3,
                              .height = SIDE,
                              .width = SIDE,
                              .patch_height = PATCH,
                              .patch_width = PATCH,
                              .stride_height = PATCH,
                              .stride_width = PATCH,
                              .class_tokens = 1,
                              .class_index = {12}}});
  add_weight_gradient(p, v->residual_gradient, v->patch_rows, v->gradient.patches, ROWS, DIM, PIXELS);
  add_input_gradient(p, v->residual_gradient, v->parameters.patches, 0, v->patch_gradient, ROWS, DIM, PIXELS);
  add(p, PANAMBA_PATCHES_GRADIENT,
      (arguments){.patches_gradient = {.patch_gradient = v->patch_gradient,
                                       .image_gradient = v->image_gradient,
                                       .batch = BATCH,
                                       .channels = 3,
                                       .height = SIDE,
                                       .width = SIDE,
                                       .patch_height = PATCH,
                                       .patch_width = PATCH,
                                       .stride_height = PATCH,
                                       .stride_width = PATCH,
                                       .class_tokens = 1,
                                       .class_index = {12}}});
  add_sum(p, v->residual_gradient + 12 * DIM, BATCH, DIM, LENGTH * DIM, v->gradient.token);
  /* Of the patches alone: the class token's rows are those of the sum before. */
  add_sum(p, v->residual_gradient, ROWS, DIM, DIM, v->gradient.patch_bias);
  add(p, PANAMBA_SUM,
      (arguments){.sum = {.parts = v->gradient.token,
                          .out = v->gradient.patch_bias,
                          .count = 1,
                          .width = DIM,
                          .part_stride = DIM,
                          .accumulate = 1,
                          .scale = -1}});
}

static void add_update(training_program *p, const training_batch *b) {
  training_values *v = &p->values;
  const float *gradient = (const float *)&v->gradient;
  add(p, PANAMBA_SQUARES, (arguments){.squares = {.x = gradient, .parts = v->squares, .count = PARAMETERS}});
  add(p, PANAMBA_CLIP,
      (arguments){.clip = {.parts = v->squares, .result = v->clip, .count = SQUARES_PARTS, .limit = 0.1f}});
  add(p, PANAMBA_ADAMW,
      (arguments){.adamw = {.parameters = (float *)&v->parameters,
                            .gradient = gradient,
                            .first_moment = (float *)&v->first_moment,
                            .second_moment = (float *)&v->second_moment,
                            .average = (float *)&v->average,
                            .rates = b->rates,
                            .gradient_factor = v->clip + 1,
                            .count = PARAMETERS,
                            .beta1 = 0.9f,
                            .beta2 = 0.999f,
                            .eps = 1e-8f,
                            .weight_decay = 0.05f}});
}

void write_training_program(training_program *p, const training_batch *b) {
  memset(p, 0, sizeof *p);
  add_forward(p, b);
  add_head_gradient(p, b);
  add_block_gradient(p);
  add_embedding_gradient(p, b);
  add_update(p, b);
}

#include "training_program.h"

#include <string.h>

#include "training_layers.h"
#include "training_steps.h"

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
  add_step(p, PANAMBA_PATCH_EMBEDDING,
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
  add_step(p, PANAMBA_NORM,
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
  add_step(p, PANAMBA_CAUSAL_CONV,
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
  add_step(p, PANAMBA_SELECTIVE_SCAN,
           (arguments){.scan = {.gate = v->xz + INNER,
                                .out = v->y,
                                .forward = scan_direction(n, &v->directions[0], 0),
                                .backward = scan_direction(n, &v->directions[1], 1),
                                .batch = BATCH,
                                .length = LENGTH,
                                .channels = INNER,
                                .states = STATES,
                                .dt_rank = RANK,
                                .projected_row_stride = WIDTH,
                                .gate_row_stride = 2 * INNER,
                                .scale = 1,
                                .saved_interval = INTERVAL}});
  add_linear(p, v->y, v->packed_out, 0, v->hidden, ROWS, INNER, DIM);
  add_attention(p);
  add_scale(p, b);
  add_step(p, PANAMBA_POOL,
           (arguments){.pool = {.input = v->scaled,
                                .out = v->pooled,
                                .batch = BATCH,
                                .length = LENGTH,
                                .dim = DIM,
                                .count = LENGTH,
                                .step = 1,
                                .kind = PANAMBA_POOL_MAX}});
  add_linear(p, v->pooled, v->packed_head, n->head_bias, v->logits, BATCH, DIM, CLASSES);
  add_step(p, PANAMBA_CROSS_ENTROPY,
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
  add_step(p, PANAMBA_POOL_GRADIENT,
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
  add_step(p, PANAMBA_SCAN_GRADIENT,
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
  add_step(
      p, PANAMBA_CONV_GRADIENT,
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
  add_step(p, PANAMBA_NORM_GRADIENT,
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
  add_step(p, PANAMBA_PATCHES,
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
  add_step(p, PANAMBA_PATCHES_GRADIENT,
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
  add_sum_into(p, v->gradient.token, 1, DIM, -1, v->gradient.patch_bias);
}

static void add_update(training_program *p, const training_batch *b) {
  training_values *v = &p->values;
  const float *gradient = (const float *)&v->gradient;
  add_step(p, PANAMBA_SQUARES, (arguments){.squares = {.x = gradient, .parts = v->squares, .count = PARAMETERS}});
  add_step(p, PANAMBA_CLIP,
           (arguments){.clip = {.parts = v->squares, .result = v->clip, .count = SQUARES_PARTS, .limit = 0.1f}});
  add_step(p, PANAMBA_ADAMW,
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
/* As test_refusal.c, of the operations of training. */
#include <math.h>

#include "refusal.h"

#define PRODUCT(change) REFUSED(panamba_product_args, PANAMBA_PRODUCT, a, change)
#define PRODUCT_SIZE(field) REFUSED_SIZE(panamba_product_args, PANAMBA_PRODUCT, a, field)

static void test_product(void) {
  begin_refusals("product");
  panamba_product_args a = {.left = take_filled(6, -1, 1),
                            .right = take_filled(12, -1, 1),
                            .out = take_output(8),
                            .rows = 2,
                            .depth = 3,
                            .columns = 4,
                            .left_row_stride = 3,
                            .left_depth_stride = 1,
                            .right_row_stride = 4,
                            .out_row_stride = 4};
  run_operation(PANAMBA_PRODUCT, &a);
  PRODUCT(left = 0);
  PRODUCT(right = 0);
  PRODUCT(out = 0);
  PRODUCT(out = (float *)a.left);
  PRODUCT(out = (float *)a.right);
  PRODUCT_SIZE(rows);
  PRODUCT_SIZE(depth);
  PRODUCT_SIZE(columns);
  PRODUCT(left_row_stride = 2);
  PRODUCT(left_row_stride = 1);
  PRODUCT(left_row_stride = INT64_MAX);
  PRODUCT(left_depth_stride = 2);
  PRODUCT(left_depth_stride = 0);
  PRODUCT(right_row_stride = 3);
  PRODUCT(right_row_stride = INT64_MIN);
  PRODUCT(right_row_stride = INT64_MAX);
  PRODUCT(out_row_stride = 3);
  PRODUCT(out_row_stride = -4);
  PRODUCT(out_row_stride = INT64_MAX);
  PRODUCT(reserved = 1);
  a.left_row_stride = 1;
  a.left_depth_stride = 2;
  run_operation(PANAMBA_PRODUCT, &a);
  PRODUCT(left_depth_stride = 0);
  PRODUCT(left_depth_stride = -2);
  PRODUCT(left_depth_stride = INT64_MAX);
  end_case();
}

#define SUM(change) REFUSED(panamba_sum_args, PANAMBA_SUM, a, change)

static void test_sum(void) {
  begin_refusals("sum");
  panamba_sum_args a = {
      .parts = take_filled(6, -1, 1), .out = take_output(3), .count = 2, .width = 3, .part_stride = 3, .scale = 1};
  run_operation(PANAMBA_SUM, &a);
  SUM(parts = 0);
  SUM(out = 0);
  SUM(out = (float *)a.parts);
  REFUSED_SIZE(panamba_sum_args, PANAMBA_SUM, a, count);
  REFUSED_SIZE(panamba_sum_args, PANAMBA_SUM, a, width);
  SUM(part_stride = 2);
  SUM(part_stride = -3);
  SUM(part_stride = INT64_MAX);
  end_case();
}

#define POINTWISE(change) REFUSED(panamba_pointwise_args, PANAMBA_POINTWISE, a, change)

static void test_pointwise(void) {
  begin_refusals("pointwise");
  panamba_pointwise_args a = {.x = take_filled(6, -1, 1),
                              .out = take_output(6),
                              .rows = 2,
                              .columns = 3,
                              .x_row_stride = 3,
                              .out_row_stride = 3};
  run_operation(PANAMBA_POINTWISE, &a);
  POINTWISE(x = 0);
  POINTWISE(out = 0);
  REFUSED_SIZE(panamba_pointwise_args, PANAMBA_POINTWISE, a, rows);
  REFUSED_SIZE(panamba_pointwise_args, PANAMBA_POINTWISE, a, columns);
  POINTWISE(x_row_stride = 2);
  POINTWISE(x_row_stride = INT64_MAX);
  POINTWISE(out_row_stride = 2);
  POINTWISE(out_row_stride = INT64_MAX);
  POINTWISE(kind = -1);
  POINTWISE(kind = 3);
  POINTWISE(reserved = 1);
  end_case();
}

#define SCAN(change) REFUSED(panamba_scan_gradient_args, PANAMBA_SCAN_GRADIENT, a, change)
#define SCAN_SIZE(field) REFUSED_SIZE(panamba_scan_gradient_args, PANAMBA_SCAN_GRADIENT, a, field)

static panamba_scan_gradient_direction take_direction(void) {
  return (panamba_scan_gradient_direction){.u = take_filled(12, -1, 1),
                                           .projected = take_filled(4 * 34, -1, 1),
                                           .dt_weight = take_filled(6, -1, 1),
                                           .a = take_filled(48, -10, -1),
                                           .saved_states = take_filled(96, -1, 1),
                                           .u_gradient = take_output(12),
                                           .projected_parts = take_output(4 * 34),
                                           .parameter_parts = take_output(60)};
}

static void test_scan(void) {
  begin_refusals("scan_gradient");
  panamba_scan_gradient_args a = {.out_gradient = take_filled(12, -1, 1),
                                  .z = take_filled(12, -1, 1),
                                  .z_gradient = take_output(12),
                                  .forward = take_direction(),
                                  .backward = take_direction(),
                                  .batch = 1,
                                  .length = 4,
                                  .channels = 3,
                                  .states = 16,
                                  .dt_rank = 2,
                                  .projected_row_stride = 34,
                                  .z_row_stride = 3,
                                  .z_gradient_row_stride = 3,
                                  .scale = 1,
                                  .saved_interval = 2};
  run_operation(PANAMBA_SCAN_GRADIENT, &a);
  SCAN(out_gradient = 0);
  SCAN(z = 0);
  SCAN(z_gradient = 0);
  SCAN(forward.projected = 0);
  SCAN(forward.dt_weight = 0);
  SCAN(forward.a = 0);
  SCAN(forward.saved_states = 0);
  SCAN(forward.u_gradient = 0);
  SCAN(forward.projected_parts = 0);
  SCAN(forward.parameter_parts = 0);
  SCAN(backward.projected = 0);
  SCAN(backward.saved_states = 0);
  SCAN(backward.parameter_parts = 0);
  SCAN_SIZE(batch);
  SCAN_SIZE(length);
  SCAN_SIZE(channels);
  SCAN_SIZE(states);
  SCAN_SIZE(dt_rank);
  SCAN(states = PANAMBA_MAX_STATES + 1);
  SCAN(saved_interval = 0);
  SCAN(saved_interval = -1);
  SCAN(saved_interval = PANAMBA_MAX_SAVED_INTERVAL + 1);
  SCAN(projected_row_stride = 33);
  SCAN(projected_row_stride = INT64_MAX);
  SCAN(z_row_stride = 2);
  SCAN(z_row_stride = INT64_MAX);
  SCAN(z_gradient_row_stride = 2);
  SCAN(z_gradient_row_stride = INT64_MAX);
  a.forward.u = 0;
  SCAN(backward.u = 0);
  end_case();
}

#define CONV(change) REFUSED(panamba_conv_gradient_args, PANAMBA_CONV_GRADIENT, a, change)
#define CONV_SIZE(field) REFUSED_SIZE(panamba_conv_gradient_args, PANAMBA_CONV_GRADIENT, a, field)

static void test_conv(void) {
  begin_refusals("conv_gradient");
  panamba_conv_gradient_args a = {
      .x = take_filled(24, -1, 1),
      .x_gradient = take_output(24),
      .forward = {take_filled(16, -1, 1), 0, take_filled(24, -1, 1), take_output(40)},
      .backward = {take_filled(16, -1, 1), 0, take_filled(24, -1, 1), take_output(40)},
      .batch = 2,
      .length = 3,
      .channels = 4,
      .x_row_stride = 4,
      .x_gradient_row_stride = 4,
      .kernel = 4,
  };
  run_operation(PANAMBA_CONV_GRADIENT, &a);
  CONV(x = 0);
  CONV(x_gradient = 0);
  CONV(x_gradient = (float *)a.x);
  CONV(x_gradient = (float *)a.forward.out_gradient);
  CONV(x_gradient = (float *)a.backward.out_gradient);
  CONV(forward.weight = 0);
  CONV(forward.parameter_parts = 0);
  CONV(backward.weight = 0);
  CONV(backward.parameter_parts = 0);
  CONV_SIZE(batch);
  CONV_SIZE(length);
  CONV_SIZE(channels);
  CONV(x_row_stride = 3);
  CONV(x_row_stride = INT64_MAX);
  CONV(x_gradient_row_stride = 3);
  CONV(x_gradient_row_stride = INT64_MAX);
  CONV(kernel = 1);
  CONV(kernel = PANAMBA_MAX_KERNEL + 1);
  CONV(reserved = 1);
  a.forward.out_gradient = 0;
  CONV(backward.out_gradient = 0);
  end_case();
}

#define NORM(change) REFUSED(panamba_norm_gradient_args, PANAMBA_NORM_GRADIENT, a, change)

static void test_norm(void) {
  begin_refusals("norm_gradient");
  panamba_norm_gradient_args a = {.residual = take_filled(16, -1, 1),
                                  .weight = take_filled(8, -1, 1),
                                  .out_gradient = take_filled(16, -1, 1),
                                  .residual_gradient = take_output(16),
                                  .parameter_parts = take_output(16),
                                  .rows = 2,
                                  .dim = 8,
                                  .residual_row_stride = 8,
                                  .residual_gradient_row_stride = 8,
                                  .eps = 1e-5f};
  run_operation(PANAMBA_NORM_GRADIENT, &a);
  NORM(residual = 0);
  NORM(weight = 0);
  NORM(out_gradient = 0);
  NORM(residual_gradient = 0);
  NORM(residual_gradient = (float *)a.residual);
  NORM(residual_gradient = (float *)a.out_gradient);
  NORM(parameter_parts = 0);
  REFUSED_SIZE(panamba_norm_gradient_args, PANAMBA_NORM_GRADIENT, a, rows);
  REFUSED_SIZE(panamba_norm_gradient_args, PANAMBA_NORM_GRADIENT, a, dim);
  NORM(residual_row_stride = 7);
  NORM(residual_row_stride = INT64_MAX);
  NORM(residual_gradient_row_stride = 7);
  NORM(residual_gradient_row_stride = INT64_MAX);
  NORM(kind = -1);
  NORM(kind = 2);
  NORM(eps = -1e-5f);
  NORM(eps = NAN);
  NORM(reserved = 1);
  end_case();
}

#define POOL(change) REFUSED(panamba_pool_gradient_args, PANAMBA_POOL_GRADIENT, a, change)
#define POOL_SIZE(field) REFUSED_SIZE(panamba_pool_gradient_args, PANAMBA_POOL_GRADIENT, a, field)

static void test_pool(void) {
  begin_refusals("pool_gradient");
  panamba_pool_gradient_args a = {.input = take_filled(20, -1, 1),
                                  .out_gradient = take_filled(4, -1, 1),
                                  .input_gradient = take_output(20),
                                  .batch = 1,
                                  .length = 5,
                                  .dim = 4,
                                  .count = 2,
                                  .step = 4,
                                  .kind = PANAMBA_POOL_MAX};
  run_operation(PANAMBA_POOL_GRADIENT, &a);
  POOL(input = 0);
  POOL(out_gradient = 0);
  POOL(input_gradient = 0);
  POOL(input_gradient = (float *)a.input);
  POOL(input_gradient = (float *)a.out_gradient);
  POOL_SIZE(batch);
  POOL_SIZE(length);
  POOL_SIZE(dim);
  POOL_SIZE(count);
  POOL_SIZE(step);
  POOL(count = 3);
  POOL(step = 5);
  POOL(first = 1);
  POOL(first = -1);
  POOL(first = INT64_MAX);
  POOL(kind = 2);
  POOL(kind = -1);
  POOL(reserved = 1);
  end_case();
}

#define PATCHES(change) REFUSED(panamba_patches_args, PANAMBA_PATCHES, a, change)
#define PATCHES_SIZE(field) REFUSED_SIZE(panamba_patches_args, PANAMBA_PATCHES, a, field)

static void test_patches(void) {
  begin_refusals("patches");
  panamba_patches_args a = {.image = take_filled(192, -1, 1),
                            .out = take_output(6 * 48),
                            .batch = 1,
                            .channels = 3,
                            .height = 8,
                            .width = 8,
                            .patch_height = 4,
                            .patch_width = 4,
                            .stride_height = 4,
                            .stride_width = 4,
                            .class_tokens = 2,
                            .class_index = {0, 5}};
  run_operation(PANAMBA_PATCHES, &a);
  PATCHES(image = 0);
  PATCHES(out = 0);
  PATCHES(out = (float *)a.image);
  PATCHES_SIZE(batch);
  PATCHES_SIZE(channels);
  PATCHES_SIZE(height);
  PATCHES_SIZE(width);
  PATCHES_SIZE(patch_height);
  PATCHES_SIZE(patch_width);
  PATCHES_SIZE(stride_height);
  PATCHES_SIZE(stride_width);
  PATCHES(patch_height = 9);
  PATCHES(patch_width = 9);
  PATCHES(class_tokens = -1);
  PATCHES(class_tokens = PANAMBA_MAX_CLASS_TOKENS + 1);
  PATCHES(class_index[0] = -1);
  PATCHES(class_index[0] = 5);
  PATCHES(class_index[1] = 6);
  PATCHES(class_index[1] = 0);
  end_case();
}

#define ENTROPY(change) REFUSED(panamba_cross_entropy_args, PANAMBA_CROSS_ENTROPY, a, change)

static void test_cross_entropy(void) {
  begin_refusals("cross_entropy");
  int32_t *labels = take_bytes(2 * (int64_t)sizeof(int32_t));
  labels[0] = labels[1] = 1;
  panamba_cross_entropy_args a = {.logits = take_filled(6, -1, 1),
                                  .labels = labels,
                                  .losses = take_output(2),
                                  .logits_gradient = take_output(6),
                                  .batch = 2,
                                  .classes = 3};
  run_operation(PANAMBA_CROSS_ENTROPY, &a);
  ENTROPY(logits = 0);
  ENTROPY(labels = 0);
  ENTROPY(losses = 0);
  ENTROPY(losses = (float *)a.logits);
  ENTROPY(logits_gradient = (float *)a.logits);
  REFUSED_SIZE(panamba_cross_entropy_args, PANAMBA_CROSS_ENTROPY, a, batch);
  REFUSED_SIZE(panamba_cross_entropy_args, PANAMBA_CROSS_ENTROPY, a, classes);
  ENTROPY(smoothing = -0.1f);
  ENTROPY(smoothing = 1.1f);
  ENTROPY(smoothing = NAN);
  end_case();
}

#define SQUARES(change) REFUSED(panamba_squares_args, PANAMBA_SQUARES, a, change)
#define CLIP(change) REFUSED(panamba_clip_args, PANAMBA_CLIP, a, change)

static void test_clip(void) {
  begin_refusals("squares");
  {
    panamba_squares_args a = {.x = take_filled(3, -1, 1), .parts = take_output(1), .count = 3};
    run_operation(PANAMBA_SQUARES, &a);
    SQUARES(x = 0);
    SQUARES(parts = 0);
    SQUARES(parts = (float *)a.x);
    REFUSED_SIZE(panamba_squares_args, PANAMBA_SQUARES, a, count);
  }
  expect_name("clip");
  panamba_clip_args a = {.parts = take_filled(3, 0, 1), .result = take_output(2), .count = 3, .limit = 1};
  run_operation(PANAMBA_CLIP, &a);
  CLIP(parts = 0);
  CLIP(result = 0);
  CLIP(result = (float *)a.parts);
  REFUSED_SIZE(panamba_clip_args, PANAMBA_CLIP, a, count);
  CLIP(limit = 0);
  CLIP(limit = -1);
  CLIP(limit = NAN);
  CLIP(reserved = 1);
  end_case();
}

#define ADAMW(change) REFUSED(panamba_adamw_args, PANAMBA_ADAMW, a, change)

static void test_adamw(void) {
  begin_refusals("adamw");
  panamba_adamw_args a = {.parameters = take_output(3),
                          .gradient = take_filled(3, -1, 1),
                          .first_moment = take_output(3),
                          .second_moment = take_output(3),
                          .rates = take_filled(4, 0.1, 1),
                          .count = 3,
                          .beta1 = 0.9f,
                          .beta2 = 0.999f,
                          .eps = 1e-8f};
  fill(a.parameters, 3, -1, 1);
  fill(a.first_moment, 3, -1, 1);
  fill(a.second_moment, 3, 0, 1);
  run_operation(PANAMBA_ADAMW, &a);
  ADAMW(parameters = 0);
  ADAMW(gradient = 0);
  ADAMW(first_moment = 0);
  ADAMW(second_moment = 0);
  ADAMW(rates = 0);
  REFUSED_SIZE(panamba_adamw_args, PANAMBA_ADAMW, a, count);
  ADAMW(beta1 = -0.1f);
  ADAMW(beta1 = 1.1f);
  ADAMW(beta1 = NAN);
  ADAMW(beta2 = -0.1f);
  ADAMW(beta2 = 1.1f);
  ADAMW(beta2 = NAN);
  ADAMW(eps = -1);
  ADAMW(eps = NAN);
  ADAMW(weight_decay = -1);
  ADAMW(weight_decay = NAN);
  end_case();
}

#define PACK(change) REFUSED(panamba_pack_args, PANAMBA_PACK, a, change)

static void test_pack(void) {
  begin_refusals("pack");
  panamba_pack_args a = {.source = take_filled(6, -1, 1),
                         .packed = take_output(panamba_packed_size(2, 3, PANAMBA_F32) / 4),
                         .columns = 2,
                         .depth = 3,
                         .column_stride = 3,
                         .depth_stride = 1};
  run_operation(PANAMBA_PACK, &a);
  PACK(source = 0);
  PACK(packed = 0);
  PACK(columns = 0);
  PACK(columns = INT64_MAX);
  PACK(depth = 0);
  PACK(depth = INT64_MAX);
  PACK(source_dtype = 4);
  PACK(dtype = PANAMBA_F16);
  end_case();
}

static void test(void) {
  seed(29);
  test_product();
  test_sum();
  test_pointwise();
  test_scan();
  test_conv();
  test_norm();
  test_pool();
  test_patches();
  test_cross_entropy();
  test_clip();
  test_adamw();
  test_pack();
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }

/*
 * Arguments that can't be run are refused with a message, before anything is written: not by them, and not by the steps
 * before them in the program.
 */
#include <math.h>
#include <string.h>

#include "refusal.h"

#define LINEAR(change) REFUSED(panamba_linear_args, PANAMBA_LINEAR, a, change)
#define LINEAR_SIZE(field) REFUSED_SIZE(panamba_linear_args, PANAMBA_LINEAR, a, field)

static void test_linear(void) {
  begin_refusals("linear");
  panamba_linear_args a = innocent;
  run_operation(PANAMBA_LINEAR, &a);
  LINEAR(input = 0);
  LINEAR(weight = 0);
  LINEAR(out = 0);
  LINEAR(out = (void *)a.input);
  LINEAR_SIZE(rows);
  LINEAR_SIZE(depth);
  LINEAR_SIZE(columns);
  LINEAR(input_row_stride = 2);
  LINEAR(input_row_stride = INT64_MIN);
  LINEAR(input_row_stride = INT64_MAX);
  LINEAR(out_row_stride = 2);
  LINEAR(out_row_stride = -3);
  LINEAR(out_row_stride = INT64_MAX);
  REFUSED_DTYPE(panamba_linear_args, PANAMBA_LINEAR, a, dtype);
  REFUSED_DTYPE(panamba_linear_args, PANAMBA_LINEAR, a, out_dtype);
  LINEAR(activation = -1);
  LINEAR(activation = 3);
  end_case();
}

#define NORM(change) REFUSED(panamba_norm_args, PANAMBA_NORM, a, change)

static void test_norm(void) {
  begin_refusals("norm");
  panamba_norm_args a = {.residual = take_output(16),
                         .addend = take_filled(16, -1, 1),
                         .weight = take_filled(8, -1, 1),
                         .out = take_output(16),
                         .rows = 2,
                         .dim = 8,
                         .residual_row_stride = 8,
                         .residual_scale = 1,
                         .eps = 1e-5f};
  fill(a.residual, 16, -1, 1);
  run_operation(PANAMBA_NORM, &a);
  NORM(residual = 0);
  NORM(weight = 0);
  NORM(out = 0);
  REFUSED_SIZE(panamba_norm_args, PANAMBA_NORM, a, rows);
  REFUSED_SIZE(panamba_norm_args, PANAMBA_NORM, a, dim);
  NORM(residual_row_stride = 7);
  NORM(residual_row_stride = -8);
  NORM(residual_row_stride = INT64_MAX);
  NORM(kind = 2);
  NORM(kind = -1);
  NORM(eps = -1e-5f);
  NORM(eps = NAN);
  REFUSED_DTYPE(panamba_norm_args, PANAMBA_NORM, a, dtype);
  end_case();
}

#define CONV(change) REFUSED(panamba_causal_conv_args, PANAMBA_CAUSAL_CONV, a, change)
#define CONV_SIZE(field) REFUSED_SIZE(panamba_causal_conv_args, PANAMBA_CAUSAL_CONV, a, field)

static void test_conv(void) {
  begin_refusals("causal_conv");
  panamba_causal_conv_args a = {.x = take_filled(24, -1, 1),
                                .forward = {take_filled(16, -1, 1), 0, take_output(24)},
                                .backward = {take_filled(16, -1, 1), 0, take_output(24)},
                                .batch = 2,
                                .length = 3,
                                .channels = 4,
                                .x_row_stride = 4,
                                .x_batch_stride = 12,
                                .kernel = 4};
  run_operation(PANAMBA_CAUSAL_CONV, &a);
  CONV(x = 0);
  CONV(forward.weight = 0);
  CONV(backward.weight = 0);
  CONV(forward.out = (void *)a.x);
  CONV(backward.out = (void *)a.x);
  CONV(backward.out = a.forward.out);
  CONV_SIZE(batch);
  CONV_SIZE(length);
  CONV_SIZE(channels);
  CONV(x_row_stride = 3);
  CONV(x_row_stride = INT64_MIN);
  CONV(x_row_stride = INT64_MAX);
  CONV(x_batch_stride = -12);
  CONV(x_batch_stride = INT64_MAX);
  CONV(rows_before = -1);
  CONV(rows_before = INT64_MAX);
  CONV(rows_after = -1);
  CONV(rows_after = INT64_MAX);
  CONV(kernel = 1);
  CONV(kernel = 0);
  CONV(kernel = -4);
  CONV(kernel = PANAMBA_MAX_KERNEL + 1);
  REFUSED_DTYPE(panamba_causal_conv_args, PANAMBA_CAUSAL_CONV, a, dtype);
  a.forward.out = 0;
  CONV(backward.out = 0);
  end_case();
}

#define SCAN(change) REFUSED(panamba_selective_scan_args, PANAMBA_SELECTIVE_SCAN, a, change)
#define SCAN_SIZE(field) REFUSED_SIZE(panamba_selective_scan_args, PANAMBA_SELECTIVE_SCAN, a, field)

static void test_scan(void) {
  begin_refusals("selective_scan");
  panamba_scan_direction d = {.u = take_filled(12, -1, 1),
                              .projected = take_filled(4 * 34, -1, 1),
                              .dt_weight = take_filled(6, -1, 1),
                              .dt_bias = take_filled(3, -4, -1),
                              .a = take_filled(48, -10, -1),
                              .d = take_filled(3, -1, 1),
                              .initial_state = take_filled(48, -1, 1)};
  panamba_selective_scan_args a = {.gate = take_filled(12, -1, 1),
                                   .out = take_output(12),
                                   .forward = d,
                                   .backward = d,
                                   .batch = 1,
                                   .length = 4,
                                   .channels = 3,
                                   .states = 16,
                                   .dt_rank = 2,
                                   .projected_row_stride = 34,
                                   .gate_row_stride = 3,
                                   .scale = 1};
  a.forward.final_state = take_output(48);
  a.backward.final_state = take_output(48);
  run_operation(PANAMBA_SELECTIVE_SCAN, &a);
  SCAN(out = 0);
  SCAN(forward.projected = 0);
  SCAN(forward.dt_weight = 0);
  SCAN(forward.a = 0);
  SCAN(backward.projected = 0);
  SCAN(backward.dt_weight = 0);
  SCAN(backward.a = 0);
  SCAN_SIZE(batch);
  SCAN_SIZE(length);
  SCAN_SIZE(channels);
  SCAN_SIZE(states);
  SCAN_SIZE(dt_rank);
  SCAN(states = PANAMBA_MAX_STATES + 1);
  SCAN(projected_row_stride = 33);
  SCAN(projected_row_stride = -34);
  SCAN(projected_row_stride = INT64_MAX);
  SCAN(gate_row_stride = 2);
  SCAN(gate_row_stride = -3);
  SCAN(gate_row_stride = INT64_MAX);
  SCAN(accumulate = 2);
  SCAN(accumulate = -1);
  SCAN(saved_interval = -1);
  SCAN(saved_interval = PANAMBA_MAX_SAVED_INTERVAL + 1);
  SCAN(forward.saved_states = a.out);
  SCAN(backward.saved_states = a.out);
  REFUSED_DTYPE(panamba_selective_scan_args, PANAMBA_SELECTIVE_SCAN, a, dtype);
  a.forward.u = 0;
  SCAN(backward.u = 0);
  end_case();
}

#define PATCH(change) REFUSED(panamba_patch_embedding_args, PANAMBA_PATCH_EMBEDDING, a, change)
#define PATCH_SIZE(field) REFUSED_SIZE(panamba_patch_embedding_args, PANAMBA_PATCH_EMBEDDING, a, field)

static void test_patch_embedding(void) {
  begin_refusals("patch_embedding");
  panamba_patch_embedding_args a = {.image = take_filled(192, -1, 1),
                                    .weight = take_packed(take_filled(4 * 48, -1, 1), 4, 48),
                                    .class_token = take_filled(8, -1, 1),
                                    .out = take_output(24),
                                    .batch = 1,
                                    .channels = 3,
                                    .height = 8,
                                    .width = 8,
                                    .patch_height = 4,
                                    .patch_width = 4,
                                    .stride_height = 4,
                                    .stride_width = 4,
                                    .dim = 4,
                                    .class_tokens = 2,
                                    .class_index = {0, 5}};
  run_operation(PANAMBA_PATCH_EMBEDDING, &a);
  PATCH(image = 0);
  PATCH(weight = 0);
  PATCH(out = 0);
  PATCH(class_token = 0);
  PATCH_SIZE(batch);
  PATCH_SIZE(channels);
  PATCH_SIZE(height);
  PATCH_SIZE(width);
  PATCH_SIZE(patch_height);
  PATCH_SIZE(patch_width);
  PATCH_SIZE(stride_height);
  PATCH_SIZE(stride_width);
  PATCH_SIZE(dim);
  PATCH(patch_height = 9);
  PATCH(patch_width = 9);
  PATCH(class_tokens = -1);
  PATCH(class_tokens = PANAMBA_MAX_CLASS_TOKENS + 1);
  PATCH(class_tokens = INT64_MAX);
  PATCH(class_index[0] = -1);
  PATCH(class_index[0] = 5);
  PATCH(class_index[0] = INT64_MAX);
  PATCH(class_index[1] = 6);
  PATCH(class_index[1] = 0);
  PATCH(class_index[1] = INT64_MIN);
  PATCH(reserved = 1);
  REFUSED_DTYPE(panamba_patch_embedding_args, PANAMBA_PATCH_EMBEDDING, a, dtype);
  end_case();
}

#define ROTARY(change) REFUSED(panamba_rotary_args, PANAMBA_ROTARY, a, change)
#define ROTARY_SIZE(field) REFUSED_SIZE(panamba_rotary_args, PANAMBA_ROTARY, a, field)

static void test_rotary(void) {
  begin_refusals("rotary");
  panamba_rotary_args a = {.x = take_filled(20, -1, 1),
                           .cos = take_filled(16, -1, 1),
                           .sin = take_filled(16, -1, 1),
                           .out = take_output(20),
                           .batch = 1,
                           .length = 5,
                           .dim = 4,
                           .positions = 4,
                           .first = 1};
  run_operation(PANAMBA_ROTARY, &a);
  ROTARY(x = 0);
  ROTARY(cos = 0);
  ROTARY(sin = 0);
  ROTARY(out = 0);
  ROTARY_SIZE(batch);
  ROTARY_SIZE(length);
  ROTARY_SIZE(dim);
  ROTARY_SIZE(positions);
  ROTARY(dim = 3);
  ROTARY(positions = 5);
  ROTARY(first = 2);
  ROTARY(first = -1);
  ROTARY(first = INT64_MAX);
  end_case();
}

#define POOL(change) REFUSED(panamba_pool_args, PANAMBA_POOL, a, change)
#define POOL_SIZE(field) REFUSED_SIZE(panamba_pool_args, PANAMBA_POOL, a, field)

static void test_pool(void) {
  begin_refusals("pool");
  panamba_pool_args a = {
      .input = take_filled(20, -1, 1), .out = take_output(4), .batch = 1, .length = 5, .dim = 4, .count = 2, .step = 4};
  run_operation(PANAMBA_POOL, &a);
  POOL(input = 0);
  POOL(out = 0);
  POOL(out = (float *)a.input);
  POOL_SIZE(batch);
  POOL_SIZE(length);
  POOL_SIZE(dim);
  POOL_SIZE(count);
  POOL_SIZE(step);
  POOL(count = 3);
  POOL(step = 5);
  POOL(first = 1);
  POOL(first = 5);
  POOL(first = -1);
  POOL(first = INT64_MAX);
  POOL(kind = 2);
  POOL(kind = -1);
  POOL(reserved = 1);
  end_case();
}

/* What belongs to no operation in particular. */
static void test_programs(void) {
  begin_refusals("operation");
  static const int32_t codes[] = {
      -1, PANAMBA_ATTENTION_GRADIENT + 1, PANAMBA_ATTENTION_GRADIENT + 2, 1000, INT32_MIN, INT32_MAX};
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
  for (int32_t operation = PANAMBA_PATCH_EMBEDDING; operation <= PANAMBA_ATTENTION_GRADIENT; operation++) {
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

static void pack_refused(const char *what, const panamba_pack_args *args) {
  CHECK(panamba_pack(args, 0, 0, 0) == PANAMBA_INVALID_ARGUMENT, "%s is not refused", what);
  CHECK(strstr(panamba_message(), "pack"), "%s: the message is '%s'", what, panamba_message());
}

#define PACK(change)                 \
  do {                               \
    panamba_pack_args changed = a;   \
    changed.change;                  \
    pack_refused(#change, &changed); \
  } while (0)

static void test_pack(void) {
  begin_refusals("pack");
  panamba_pack_args a = {.source = take_filled(6, -1, 1),
                         .packed = take_bytes(panamba_packed_size(2, 3, PANAMBA_F32)),
                         .columns = 2,
                         .depth = 3,
                         .column_stride = 3,
                         .depth_stride = 1};
  CHECK(panamba_pack(&a, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
  pack_refused("nothing", 0);
  PACK(source = 0);
  PACK(packed = 0);
  PACK(columns = 0);
  PACK(columns = -2);
  PACK(columns = INT64_MAX);
  PACK(depth = 0);
  PACK(depth = INT64_MIN);
  PACK(depth = INT64_MAX);
  PACK(source_dtype = -1);
  PACK(source_dtype = 4);
  PACK(dtype = PANAMBA_F16);
  PACK(dtype = PANAMBA_F64);
  PACK(dtype = -1);
  end_case();
}

static void test(void) {
  seed(11);
  test_linear();
  test_norm();
  test_conv();
  test_scan();
  test_patch_embedding();
  test_rotary();
  test_pool();
  test_programs();
  test_pack();
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }

/* Arguments that can't be run are refused before anything is written. */
#include <string.h>

#include "support.h"

static panamba_executor *executor;
static float memory[4096];

static void refused(const char *what, int32_t operation, const void *args) {
  float before[4096];
  memcpy(before, memory, sizeof memory);
  panamba_step step = {args, operation, 0};
  int32_t status = panamba_run(executor, &step, 1, 0, 0, 0, 0, 0, 0);
  CHECK(status == PANAMBA_INVALID_ARGUMENT, "%s: status %d", what, status);
  CHECK(strlen(panamba_message()) > 10, "%s: '%s'", what, panamba_message());
  CHECK(memcmp(before, memory, sizeof memory) == 0, "%s: something was written", what);
}

/* The arguments as they are but for one field. */
#define REFUSED(operation, type, args, change) \
  do {                                         \
    type changed = args;                       \
    changed.change;                            \
    refused(#change, operation, &changed);     \
  } while (0)

static void test_linear(void) {
  panamba_linear_args a = {.input = memory,
                           .weight = memory + 512,
                           .out = memory + 1024,
                           .rows = 2,
                           .depth = 3,
                           .columns = 4,
                           .input_row_stride = 3,
                           .out_row_stride = 4};
  refused("null arguments", PANAMBA_LINEAR, 0);
  REFUSED(PANAMBA_LINEAR, panamba_linear_args, a, input = 0);
  REFUSED(PANAMBA_LINEAR, panamba_linear_args, a, weight = 0);
  REFUSED(PANAMBA_LINEAR, panamba_linear_args, a, out = 0);
  REFUSED(PANAMBA_LINEAR, panamba_linear_args, a, out = memory);
  REFUSED(PANAMBA_LINEAR, panamba_linear_args, a, rows = 0);
  REFUSED(PANAMBA_LINEAR, panamba_linear_args, a, depth = -1);
  REFUSED(PANAMBA_LINEAR, panamba_linear_args, a, columns = INT64_MAX);
  REFUSED(PANAMBA_LINEAR, panamba_linear_args, a, rows = INT64_MAX / 2);
  REFUSED(PANAMBA_LINEAR, panamba_linear_args, a, input_row_stride = 2);
  REFUSED(PANAMBA_LINEAR, panamba_linear_args, a, out_row_stride = 3);
  REFUSED(PANAMBA_LINEAR, panamba_linear_args, a, dtype = 77);
  panamba_step steps[] = {{&a, PANAMBA_LINEAR, 0}, {&a, 99, 0}};
  float before = memory[1024];
  CHECK(panamba_run(executor, steps, 2, 0, 0, 0, 0, 0, 0) == PANAMBA_INVALID_ARGUMENT, "a second step that is refused");
  CHECK(memory[1024] == before, "the first step ran before the second was checked");
}

static void test_norm(void) {
  panamba_norm_args a = {.residual = memory,
                         .weight = memory + 512,
                         .out = memory + 1024,
                         .rows = 2,
                         .dim = 8,
                         .residual_row_stride = 8,
                         .eps = 1e-5f};
  REFUSED(PANAMBA_NORM, panamba_norm_args, a, residual = 0);
  REFUSED(PANAMBA_NORM, panamba_norm_args, a, weight = 0);
  REFUSED(PANAMBA_NORM, panamba_norm_args, a, out = 0);
  REFUSED(PANAMBA_NORM, panamba_norm_args, a, dim = 0);
  REFUSED(PANAMBA_NORM, panamba_norm_args, a, rows = -3);
  REFUSED(PANAMBA_NORM, panamba_norm_args, a, residual_row_stride = 7);
  REFUSED(PANAMBA_NORM, panamba_norm_args, a, kind = 5);
  REFUSED(PANAMBA_NORM, panamba_norm_args, a, eps = -1.0f);
}

static void test_conv(void) {
  panamba_causal_conv_args a = {.x = memory,
                                .forward = {memory + 512, 0, memory + 1024},
                                .backward = {memory + 512, 0, memory + 2048},
                                .batch = 2,
                                .length = 3,
                                .channels = 4,
                                .x_row_stride = 4,
                                .x_batch_stride = 12,
                                .kernel = 4};
  REFUSED(PANAMBA_CAUSAL_CONV, panamba_causal_conv_args, a, x = 0);
  REFUSED(PANAMBA_CAUSAL_CONV, panamba_causal_conv_args, a, forward.weight = 0);
  REFUSED(PANAMBA_CAUSAL_CONV, panamba_causal_conv_args, a, backward.out = memory + 1024);
  REFUSED(PANAMBA_CAUSAL_CONV, panamba_causal_conv_args, a, forward.out = memory);
  REFUSED(PANAMBA_CAUSAL_CONV, panamba_causal_conv_args, a, kernel = 1);
  REFUSED(PANAMBA_CAUSAL_CONV, panamba_causal_conv_args, a, kernel = 5);
  REFUSED(PANAMBA_CAUSAL_CONV, panamba_causal_conv_args, a, length = 0);
  REFUSED(PANAMBA_CAUSAL_CONV, panamba_causal_conv_args, a, channels = INT64_MAX);
  REFUSED(PANAMBA_CAUSAL_CONV, panamba_causal_conv_args, a, x_row_stride = 3);
  REFUSED(PANAMBA_CAUSAL_CONV, panamba_causal_conv_args, a, x_batch_stride = -12);
  REFUSED(PANAMBA_CAUSAL_CONV, panamba_causal_conv_args, a, rows_before = -1);
}

static void test_scan(void) {
  panamba_scan_direction d = {.u = memory,
                              .projected = memory + 256,
                              .dt_weight = memory + 512,
                              .dt_bias = memory + 768,
                              .a = memory + 1024,
                              .d = memory + 1280};
  panamba_selective_scan_args a = {.out = memory + 2048,
                                   .forward = d,
                                   .backward = d,
                                   .batch = 1,
                                   .length = 4,
                                   .channels = 8,
                                   .states = 16,
                                   .dt_rank = 2,
                                   .projected_row_stride = 34,
                                   .scale = 1.0f};
  REFUSED(PANAMBA_SELECTIVE_SCAN, panamba_selective_scan_args, a, out = 0);
  REFUSED(PANAMBA_SELECTIVE_SCAN, panamba_selective_scan_args, a, forward.projected = 0);
  REFUSED(PANAMBA_SELECTIVE_SCAN, panamba_selective_scan_args, a, backward.a = 0);
  REFUSED(PANAMBA_SELECTIVE_SCAN, panamba_selective_scan_args, a, backward.dt_weight = 0);
  REFUSED(PANAMBA_SELECTIVE_SCAN, panamba_selective_scan_args, a, states = 0);
  REFUSED(PANAMBA_SELECTIVE_SCAN, panamba_selective_scan_args, a, states = PANAMBA_MAX_STATES + 1);
  REFUSED(PANAMBA_SELECTIVE_SCAN, panamba_selective_scan_args, a, dt_rank = 0);
  REFUSED(PANAMBA_SELECTIVE_SCAN, panamba_selective_scan_args, a, projected_row_stride = 33);
  REFUSED(PANAMBA_SELECTIVE_SCAN, panamba_selective_scan_args, a, accumulate = 2);
  REFUSED(PANAMBA_SELECTIVE_SCAN, panamba_selective_scan_args, a, length = -1);
  a.z = memory + 1536;
  REFUSED(PANAMBA_SELECTIVE_SCAN, panamba_selective_scan_args, a, z_row_stride = 7);
}

static void test_patch_embedding(void) {
  panamba_patch_embedding_args a = {.image = memory,
                                    .weight = memory + 1024,
                                    .class_token = memory + 2048,
                                    .out = memory + 3072,
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
  REFUSED(PANAMBA_PATCH_EMBEDDING, panamba_patch_embedding_args, a, image = 0);
  REFUSED(PANAMBA_PATCH_EMBEDDING, panamba_patch_embedding_args, a, class_token = 0);
  REFUSED(PANAMBA_PATCH_EMBEDDING, panamba_patch_embedding_args, a, patch_height = 9);
  REFUSED(PANAMBA_PATCH_EMBEDDING, panamba_patch_embedding_args, a, stride_width = 0);
  REFUSED(PANAMBA_PATCH_EMBEDDING, panamba_patch_embedding_args, a, class_tokens = 3);
  REFUSED(PANAMBA_PATCH_EMBEDDING, panamba_patch_embedding_args, a, class_index[1] = 6);
  REFUSED(PANAMBA_PATCH_EMBEDDING, panamba_patch_embedding_args, a, class_index[1] = 0);
  REFUSED(PANAMBA_PATCH_EMBEDDING, panamba_patch_embedding_args, a, class_index[0] = -1);
  REFUSED(PANAMBA_PATCH_EMBEDDING, panamba_patch_embedding_args, a, height = INT64_MAX / 2);
}

static void test_rotary_and_pool(void) {
  panamba_rotary_args r = {.x = memory,
                           .cos = memory + 512,
                           .sin = memory + 1024,
                           .out = memory + 2048,
                           .batch = 1,
                           .length = 5,
                           .dim = 4,
                           .positions = 4,
                           .first = 1};
  REFUSED(PANAMBA_ROTARY, panamba_rotary_args, r, cos = 0);
  REFUSED(PANAMBA_ROTARY, panamba_rotary_args, r, out = 0);
  REFUSED(PANAMBA_ROTARY, panamba_rotary_args, r, dim = 3);
  REFUSED(PANAMBA_ROTARY, panamba_rotary_args, r, first = 2);
  REFUSED(PANAMBA_ROTARY, panamba_rotary_args, r, positions = INT64_MAX);
  panamba_pool_args p = {memory, memory + 1024, 1, 5, 4, 0, 2, 4, PANAMBA_POOL_MEAN, PANAMBA_F32};
  REFUSED(PANAMBA_POOL, panamba_pool_args, p, out = 0);
  REFUSED(PANAMBA_POOL, panamba_pool_args, p, first = 5);
  REFUSED(PANAMBA_POOL, panamba_pool_args, p, count = 3);
  REFUSED(PANAMBA_POOL, panamba_pool_args, p, step = INT64_MAX);
  REFUSED(PANAMBA_POOL, panamba_pool_args, p, count = 0);
  REFUSED(PANAMBA_POOL, panamba_pool_args, p, kind = 2);
}

int main(void) {
  CHECK(panamba_executor_create(1, &executor) == PANAMBA_OK, "%s", panamba_message());
  refused("an unknown operation", 1000, memory);
  refused("a negative operation", -1, memory);
  CHECK(panamba_run(0, 0, 0, 0, 0, 0, 0, 0, 0) == PANAMBA_INVALID_ARGUMENT, "no executor");
  CHECK(panamba_run(executor, 0, 1, 0, 0, 0, 0, 0, 0) == PANAMBA_INVALID_ARGUMENT, "no steps");
  CHECK(panamba_run(executor, 0, -1, 0, 0, 0, 0, 0, 0) == PANAMBA_INVALID_ARGUMENT, "a negative count");
  CHECK(panamba_run(executor, 0, 0, 0, 0, 0, 0, 0, 0) == PANAMBA_OK, "an empty program runs");
  test_linear();
  test_norm();
  test_conv();
  test_scan();
  test_patch_embedding();
  test_rotary_and_pool();
  panamba_executor_destroy(executor);
  return 0;
}

/* As test_refusal.c, of attention, its gradient and the gradient of activations. */
#include <math.h>

#include "refusal.h"

#define ATTENTION(change) REFUSED(panamba_attention_args, PANAMBA_ATTENTION, a, change)
#define ATTENTION_SIZE(field) REFUSED_SIZE(panamba_attention_args, PANAMBA_ATTENTION, a, field)

static void test_attention(void) {
  begin_refusals("attention");
  panamba_attention_args a = {.q = take_filled(48, -1, 1),
                              .k = take_filled(48, -1, 1),
                              .v = take_filled(48, -1, 1),
                              .out = take_output(48),
                              .statistics = take_output(24),
                              .batch = 2,
                              .length = 3,
                              .heads = 2,
                              .head_dim = 4,
                              .q_row_stride = 8,
                              .k_row_stride = 8,
                              .v_row_stride = 8,
                              .out_row_stride = 8,
                              .scale = 0.5f};
  run_operation(PANAMBA_ATTENTION, &a);
  ATTENTION(q = 0);
  ATTENTION(k = 0);
  ATTENTION(v = 0);
  ATTENTION(out = 0);
  ATTENTION(out = (void *)a.q);
  ATTENTION(out = (void *)a.k);
  ATTENTION(out = (void *)a.v);
  ATTENTION_SIZE(batch);
  ATTENTION_SIZE(length);
  ATTENTION_SIZE(heads);
  ATTENTION_SIZE(head_dim);
  ATTENTION(head_dim = PANAMBA_MAX_HEAD_DIM + 1);
  ATTENTION(q_row_stride = 7);
  ATTENTION(q_row_stride = INT64_MIN);
  ATTENTION(q_row_stride = INT64_MAX);
  ATTENTION(k_row_stride = 7);
  ATTENTION(k_row_stride = -8);
  ATTENTION(k_row_stride = INT64_MAX);
  ATTENTION(v_row_stride = 7);
  ATTENTION(v_row_stride = INT64_MAX);
  ATTENTION(out_row_stride = 7);
  ATTENTION(out_row_stride = INT64_MAX);
  ATTENTION(scale = 0);
  ATTENTION(scale = -0.5f);
  ATTENTION(scale = INFINITY);
  ATTENTION(scale = NAN);
  REFUSED_DTYPE(panamba_attention_args, PANAMBA_ATTENTION, a, dtype);
  end_case();
}

#define GRADIENT(change) REFUSED(panamba_attention_gradient_args, PANAMBA_ATTENTION_GRADIENT, a, change)
#define GRADIENT_SIZE(field) REFUSED_SIZE(panamba_attention_gradient_args, PANAMBA_ATTENTION_GRADIENT, a, field)

static void test_attention_gradient(void) {
  begin_refusals("attention_gradient");
  panamba_attention_gradient_args a = {.q = take_filled(48, -1, 1),
                                       .k = take_filled(48, -1, 1),
                                       .v = take_filled(48, -1, 1),
                                       .out = take_filled(48, -1, 1),
                                       .statistics = take_filled(24, 1, 2),
                                       .out_gradient = take_filled(48, -1, 1),
                                       .q_gradient = take_output(48),
                                       .k_gradient = take_output(48),
                                       .v_gradient = take_output(48),
                                       .batch = 2,
                                       .length = 3,
                                       .heads = 2,
                                       .head_dim = 4,
                                       .q_row_stride = 8,
                                       .k_row_stride = 8,
                                       .v_row_stride = 8,
                                       .out_row_stride = 8,
                                       .out_gradient_row_stride = 8,
                                       .q_gradient_row_stride = 8,
                                       .k_gradient_row_stride = 8,
                                       .v_gradient_row_stride = 8,
                                       .scale = 0.5f};
  run_operation(PANAMBA_ATTENTION_GRADIENT, &a);
  GRADIENT(q = 0);
  GRADIENT(k = 0);
  GRADIENT(v = 0);
  GRADIENT(out = 0);
  GRADIENT(statistics = 0);
  GRADIENT(out_gradient = 0);
  GRADIENT(q_gradient = 0);
  GRADIENT(k_gradient = 0);
  GRADIENT(v_gradient = 0);
  GRADIENT(q_gradient = (float *)a.q);
  GRADIENT(k_gradient = (float *)a.k);
  GRADIENT(v_gradient = (float *)a.v);
  GRADIENT(q_gradient = (float *)a.out);
  GRADIENT(k_gradient = (float *)a.statistics);
  GRADIENT(v_gradient = (float *)a.out_gradient);
  GRADIENT(q_gradient = a.k_gradient);
  GRADIENT(q_gradient = a.v_gradient);
  GRADIENT(k_gradient = a.v_gradient);
  GRADIENT_SIZE(batch);
  GRADIENT_SIZE(length);
  GRADIENT_SIZE(heads);
  GRADIENT_SIZE(head_dim);
  GRADIENT(head_dim = PANAMBA_MAX_HEAD_DIM + 1);
  GRADIENT(q_row_stride = 7);
  GRADIENT(k_row_stride = INT64_MAX);
  GRADIENT(v_row_stride = -8);
  GRADIENT(out_row_stride = 7);
  GRADIENT(out_gradient_row_stride = INT64_MIN);
  GRADIENT(q_gradient_row_stride = 7);
  GRADIENT(k_gradient_row_stride = 7);
  GRADIENT(v_gradient_row_stride = INT64_MAX);
  GRADIENT(scale = 0);
  GRADIENT(scale = NAN);
  GRADIENT(scale = INFINITY);
  GRADIENT(reserved = 1);
  end_case();
}

#define ACTIVATION(change) REFUSED(panamba_activation_gradient_args, PANAMBA_ACTIVATION_GRADIENT, a, change)

static void test_activation_gradient(void) {
  begin_refusals("activation_gradient");
  panamba_activation_gradient_args a = {.x = take_filled(6, -1, 1),
                                        .out_gradient = take_filled(6, -1, 1),
                                        .x_gradient = take_output(6),
                                        .rows = 2,
                                        .columns = 3,
                                        .x_row_stride = 3,
                                        .out_gradient_row_stride = 3,
                                        .x_gradient_row_stride = 3,
                                        .activation = PANAMBA_ACTIVATION_GELU};
  run_operation(PANAMBA_ACTIVATION_GRADIENT, &a);
  ACTIVATION(x = 0);
  ACTIVATION(out_gradient = 0);
  ACTIVATION(x_gradient = 0);
  ACTIVATION(x_gradient = (float *)a.x);
  REFUSED_SIZE(panamba_activation_gradient_args, PANAMBA_ACTIVATION_GRADIENT, a, rows);
  REFUSED_SIZE(panamba_activation_gradient_args, PANAMBA_ACTIVATION_GRADIENT, a, columns);
  ACTIVATION(x_row_stride = 2);
  ACTIVATION(x_row_stride = INT64_MAX);
  ACTIVATION(out_gradient_row_stride = 2);
  ACTIVATION(out_gradient_row_stride = INT64_MAX);
  ACTIVATION(x_gradient_row_stride = 2);
  ACTIVATION(x_gradient_row_stride = INT64_MAX);
  ACTIVATION(activation = PANAMBA_ACTIVATION_NONE);
  ACTIVATION(activation = 3);
  ACTIVATION(activation = -1);
  ACTIVATION(reserved = 1);
  a.out_gradient = a.x_gradient;
  ACTIVATION(x_gradient_row_stride = 4);
  end_case();
}

static void test(void) {
  seed(34);
  test_attention();
  test_attention_gradient();
  test_activation_gradient();
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }

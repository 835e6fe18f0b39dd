#include "training_steps.h"

#include "harness.h"

void add_step(training_program *p, int32_t operation, arguments a) {
  CHECK(p->count < MOST_STEPS, "too many steps");
  p->arguments[p->count] = a;
  p->steps[p->count] = (panamba_step){&p->arguments[p->count], operation, 0};
  p->count++;
}

void with_next(training_program *p) { p->steps[p->count - 1].with_next = 1; }

void add_pack(training_program *p, const float *weight, float *packed, int64_t columns, int64_t depth) {
  int64_t bytes = panamba_packed_size(columns, depth, PANAMBA_F32);
  CHECK(bytes <= PACKED(columns, depth) * (int64_t)sizeof(float), "a packed matrix has %d bytes", (int)bytes);
  add_step(p, PANAMBA_PACK,
           (arguments){.pack = {.source = weight,
                                .packed = packed,
                                .columns = columns,
                                .depth = depth,
                                .column_stride = depth,
                                .depth_stride = 1}});
}

void add_linear(training_program *p, const float *input, const float *packed, const float *bias, float *out,
                int64_t rows, int64_t depth, int64_t columns) {
  add_step(p, PANAMBA_LINEAR,
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

void add_weight_gradient(training_program *p, const float *out_gradient, const float *input, float *gradient,
                         int64_t rows, int64_t outputs, int64_t inputs) {
  add_step(p, PANAMBA_PRODUCT,
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

void add_input_gradient(training_program *p, const float *out_gradient, const float *weight, float accumulate,
                        float *gradient, int64_t rows, int64_t outputs, int64_t inputs) {
  add_step(p, PANAMBA_PRODUCT,
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

void add_sum(training_program *p, const float *parts, int64_t count, int64_t width, int64_t stride, float *out) {
  add_step(p, PANAMBA_SUM,
           (arguments){
               .sum = {.parts = parts, .out = out, .count = count, .width = width, .part_stride = stride, .scale = 1}});
}

void add_sum_into(training_program *p, const float *parts, int64_t count, int64_t width, float scale, float *out) {
  add_step(p, PANAMBA_SUM,
           (arguments){.sum = {.parts = parts,
                               .out = out,
                               .count = count,
                               .width = width,
                               .part_stride = width,
                               .accumulate = 1,
                               .scale = scale}});
}

void add_pointwise(training_program *p, int32_t kind, const float *x, int64_t stride, float *out, int64_t rows,
                   int64_t columns) {
  add_step(p, PANAMBA_POINTWISE,
           (arguments){.pointwise = {.x = x,
                                     .out = out,
                                     .rows = rows,
                                     .columns = columns,
                                     .x_row_stride = stride,
                                     .out_row_stride = columns,
                                     .kind = kind}});
}

/* Steps of a training program, each appended to it. */
#ifndef PANAMBA_TEST_TRAINING_STEPS_H
#define PANAMBA_TEST_TRAINING_STEPS_H

#include "training_program.h"

void add_step(training_program *p, int32_t operation, arguments a);

/* The last step may run at the same time as the one to come. */
void with_next(training_program *p);

/* weight, (columns, depth), packed. */
void add_pack(training_program *p, const float *weight, float *packed, int64_t columns, int64_t depth);

/* out = input . weight^T + bias, of dense rows; bias may be null. */
void add_linear(training_program *p, const float *input, const float *packed, const float *bias, float *out,
                int64_t rows, int64_t depth, int64_t columns);

/* The gradient of a layer's weight, (outputs, inputs). */
void add_weight_gradient(training_program *p, const float *out_gradient, const float *input, float *gradient,
                         int64_t rows, int64_t outputs, int64_t inputs);

/* The gradient of a layer's input, (rows, inputs), added to `accumulate` times what is there. */
void add_input_gradient(training_program *p, const float *out_gradient, const float *weight, float accumulate,
                        float *gradient, int64_t rows, int64_t outputs, int64_t inputs);

/* out = the sum of `count` parts of `width` elements, `stride` apart. */
void add_sum(training_program *p, const float *parts, int64_t count, int64_t width, int64_t stride, float *out);

/* out = out + scale * the sum of `count` parts of `width` elements, one behind the other. */
void add_sum_into(training_program *p, const float *parts, int64_t count, int64_t width, float scale, float *out);

/* out = a panamba_pointwise_kind of x, of rows `stride` apart. */
void add_pointwise(training_program *p, int32_t kind, const float *x, int64_t stride, float *out, int64_t rows,
                   int64_t columns);

#endif

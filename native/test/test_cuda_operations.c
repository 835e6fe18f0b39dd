/* What the CUDA library has beside the operations of panamba.h: epilogues, plain packed weights, refusals. */
#include <math.h>
#include <string.h>

#include "gelu.h"
#include "harness.h"
#include "memory.h"
#include "operations.h"
#include "panamba_cuda.h"
#include "relu.h"
#include "silu.h"

#define SUM_ROUNDING 0x1p-23

static void check_epilogue(const panamba_cuda_epilogue_args *args) {
  for (int64_t row = 0; row < args->rows; row++) {
    for (int64_t column = 0; column < args->columns; column++) {
      double sum = element(args->input, args->input_dtype, row * args->input_row_stride + column);
      double bias = args->bias ? (double)args->bias[column] : 0;
      double magnitude = fabs(sum) + fabs(bias);
      sum += bias;
      double wanted = sum;
      double allowed = SUM_ROUNDING * magnitude;
      if (args->activation == PANAMBA_ACTIVATION_SILU) {
        wanted = silu(sum);
        allowed = silu_error(sum, allowed);
      } else if (args->activation == PANAMBA_ACTIVATION_GELU) {
        wanted = gelu(sum);
        allowed = gelu_error(sum, allowed);
      } else if (args->activation == PANAMBA_ACTIVATION_RELU) {
        wanted = relu(sum);
      }
      if (args->gate) {
        const void *gates = args->gate == args->out ? before_run(args->out) : args->gate;
        double gate = element(gates, args->out_dtype, row * args->gate_row_stride + column);
        allowed = allowed * fabs(gate) + fabs(wanted * gate) * 0x1p-24;
        wanted *= gate;
      }
      check_element("out", args->out, args->out_dtype, row * args->out_row_stride + column, wanted, allowed);
    }
  }
}

static void epilogues(void) {
  static const int64_t widths[] = {1, 2, 3, 4, 5, 8, 44, 127, 128, 129, 384, 512, 513, 768};
  enum { NO_GATE, GATE, GATE_IS_OUT, GATES };
  for (size_t w = 0; w < COUNT(widths); w++) {
    for (int repeat = 0; repeat < 24; repeat++) {
      int gating = repeat % GATES;
      panamba_cuda_epilogue_args args = {.rows = draw(2) ? 1 + draw(9) : 1 + draw(70),
                                         .columns = widths[w],
                                         .input_row_stride = widths[w] + draw(3) * 4,
                                         .gate_row_stride = gating == GATE ? widths[w] + draw(3) * 2 : -1,
                                         .out_row_stride = widths[w] + draw(2) * 3,
                                         .input_dtype = draw_dtype(),
                                         .out_dtype = draw_dtype(),
                                         .activation = (int32_t)draw(4)};
      placement where = (placement)draw(3);
      describe("epilogue %d by %d, types %d and %d, activation %d, gate %d, placed %d", (int)args.rows,
               (int)args.columns, args.input_dtype, args.out_dtype, args.activation, gating, where);
      begin_case(where, (int)draw(4));
      args.input = take_rows_of(args.input_dtype, args.rows, args.columns, args.input_row_stride, -9, 9);
      args.bias = draw(2) ? take_filled(args.columns, -2, 2) : 0;
      int64_t count = (args.rows - 1) * args.out_row_stride + args.columns;
      args.out = take_output_of(args.out_dtype, count);
      if (gating == GATE) {
        args.gate = take_rows_of(args.out_dtype, args.rows, args.columns, args.gate_row_stride, -2, 2);
      } else if (gating == GATE_IS_OUT) {
        for (int64_t row = 0; row < args.rows; row++) {
          fill_elements(args.out, args.out_dtype, row * args.out_row_stride, args.columns, -2, 2);
        }
        args.gate = args.out;
        args.gate_row_stride = args.out_row_stride;
      }
      run_operation(PANAMBA_CUDA_EPILOGUE, &args);
      check_epilogue(&args);
      for (int64_t i = 0; i < count; i++) {
        CHECK(i % args.out_row_stride < args.columns || isnan(element(args.out, args.out_dtype, i)),
              "a gap is written");
      }
      end_case();
    }
  }
}

/* A transposed, scaled matrix of every source type, in both types, its rows filled up with zeros. */
static void packing(void) {
  enum { COLUMNS = 5, DEPTH = 7, ROW = 8 };
  describe("packing");
  double doubles[COLUMNS * DEPTH];
  float floats[COLUMNS * DEPTH];
  float scales[COLUMNS];
  fill(scales, COLUMNS, 0.5, 2);
  fill(floats, COLUMNS * DEPTH, -1, 1);
  for (int i = 0; i < COLUMNS * DEPTH; i++) {
    doubles[i] = (double)floats[i];
  }
  for (int32_t dtype = PANAMBA_F32; dtype <= PANAMBA_BF16; dtype++) {
    for (int doubled = 0; doubled < 2; doubled++) {
      uint32_t packed[COLUMNS * ROW];
      panamba_pack_args args = {.source = doubled ? (const void *)doubles : floats,
                                .row_scale = scales,
                                .packed = packed,
                                .columns = COLUMNS,
                                .depth = DEPTH,
                                .column_stride = 1,
                                .depth_stride = COLUMNS,
                                .source_dtype = doubled ? PANAMBA_F64 : PANAMBA_F32,
                                .dtype = dtype};
      CHECK(panamba_cuda_pack(&args, 0, 0) == PANAMBA_OK, "%s", panamba_cuda_message());
      for (int n = 0; n < COLUMNS; n++) {
        for (int k = 0; k < ROW; k++) {
          double wanted = k < DEPTH ? rounded(dtype, scales[n] * floats[k * COLUMNS + n]) : 0;
          double got = element(packed, dtype, n * ROW + k);
          CHECK(got == wanted, "element (%d, %d) is %g, not %g", n, k, got, wanted);
        }
      }
    }
  }
  CHECK(panamba_cuda_packed_size(5, 7, PANAMBA_F32) == 160 && panamba_cuda_packed_size(5, 7, PANAMBA_BF16) == 80,
        "bytes");
  CHECK(panamba_cuda_packed_depth(4, PANAMBA_F32) == 4 && panamba_cuda_packed_depth(5, PANAMBA_F32) == 8 &&
            panamba_cuda_packed_depth(8, PANAMBA_BF16) == 8 && panamba_cuda_packed_depth(9, PANAMBA_BF16) == 16,
        "rows");
  CHECK(panamba_cuda_packed_size(0, 7, PANAMBA_F32) == -1 && panamba_cuda_packed_size(5, -7, PANAMBA_F32) == -1 &&
            panamba_cuda_packed_size(INT64_MAX / 8, 9, PANAMBA_F32) == -1 &&
            panamba_cuda_packed_size(5, 7, PANAMBA_F16) == -1,
        "sizes that are no sizes");
  CHECK(panamba_cuda_pack(0, 0, 0) == PANAMBA_INVALID_ARGUMENT, "null");
}

static void check_refused_as(int32_t wanted, int32_t operation, const void *args, const char *named) {
  panamba_step step = {args, operation, 0};
  int32_t status = panamba_cuda_run(&step, 0, 0);
  CHECK(status == wanted, "operation %d: status %d", operation, status);
  CHECK(strstr(panamba_cuda_message(), named), "'%s' is not in '%s'", named, panamba_cuda_message());
}

static void check_refused(int32_t operation, const void *args, const char *named) {
  check_refused_as(PANAMBA_INVALID_ARGUMENT, operation, args, named);
}

#define CHECK_NULL(code, name, type) check_refused(PANAMBA_##code, 0, "null");

#define GATHER(change)                                        \
  do {                                                        \
    panamba_cuda_gather_args changed = gather;                \
    changed.change;                                           \
    check_refused(PANAMBA_CUDA_GATHER, &changed, "gather: "); \
  } while (0)

/* The fields of a gather that a convolution hands on unseen. */
static void gather_refusals(void) {
  float input[16];
  float patches[36];
  fill(input, 16, -1, 1);
  panamba_cuda_gather_args gather = {.input = input,
                                     .patches = patches,
                                     .batch = 1,
                                     .height = 4,
                                     .width = 4,
                                     .channels = 1,
                                     .kernel_height = 2,
                                     .kernel_width = 2,
                                     .stride_height = 1,
                                     .stride_width = 1,
                                     .out_height = 3,
                                     .out_width = 3,
                                     .input_pixel_stride = 1,
                                     .patch_row_stride = 4};
  check_refused(PANAMBA_CUDA_GATHER, &(panamba_cuda_gather_args){0}, "gather: ");
  GATHER(input = 0);
  GATHER(patches = 0);
  GATHER(patches = input);
  GATHER(dtype = PANAMBA_F16);
  GATHER(reserved = 1);
  GATHER(planar = 2);
  GATHER(transposed = 2);
  GATHER(transposed = 1);
  GATHER(pixel_values = input);
  GATHER(batch = 0);
  GATHER(height = 3);
  GATHER(width = INT64_MAX);
  GATHER(channels = INT64_MAX);
  GATHER(kernel_height = 5);
  GATHER(kernel_width = 0);
  GATHER(stride_height = 2);
  GATHER(stride_width = 0);
  GATHER(padding = 2);
  GATHER(padding = -1);
  GATHER(out_height = 4);
  GATHER(out_width = 2);
  GATHER(input_pixel_stride = 0);
  GATHER(patch_row_stride = 3);
  GATHER(patch_row_stride = (int64_t)1 << 30);
}

static void refusals(void) {
  describe("refusals");
  float n[4] = {0, 0, 0, 0};
  PANAMBA_CUDA_OPERATIONS(CHECK_NULL)
  CHECK(panamba_cuda_run(0, 0, 0) == PANAMBA_INVALID_ARGUMENT, "no step");
  CHECK(panamba_cuda_workspace(0) == -1, "the workspace of no step");
  panamba_step unknown = {n, PANAMBA_LINEAR, 0};
  CHECK(panamba_cuda_workspace(&unknown) == -1, "the workspace of no operation of a GPU");
  check_refused(-1, n, "no operation -1");
  check_refused(PANAMBA_LINEAR, n, "no operation 2");
  check_refused(PANAMBA_ADAMW, n, "no operation 19");
  panamba_norm_args norm = {.residual = n, .weight = n, .out = n, .rows = 1, .dim = 4, .residual_row_stride = 3};
  check_refused(PANAMBA_NORM, &norm, "norm: not so: a->residual_row_stride");
  panamba_cuda_embedding_args tokens = {
      .embedding = {.image = n, .out = n, .batch = 1, .channels = 1, .height = 2, .width = 2}, .product = n};
  check_refused(PANAMBA_CUDA_PLACE_TOKENS, &tokens, "patch_embedding_sizes: not so");
  tokens.product = 0;
  check_refused(PANAMBA_CUDA_PLACE_TOKENS, &tokens, "place_tokens: a pointer is null");
  panamba_cuda_epilogue_args epilogue = {
      .input = n, .out = n, .rows = 1, .columns = 4, .input_row_stride = 4, .out_row_stride = 4};
  panamba_cuda_epilogue_args changed = epilogue;
  changed.activation = 4;
  check_refused(PANAMBA_CUDA_EPILOGUE, &changed, "activation 4");
  changed = epilogue;
  changed.input_dtype = PANAMBA_F16;
  check_refused(PANAMBA_CUDA_EPILOGUE, &changed, "element types 2");
  changed = epilogue;
  changed.reserved = 1;
  check_refused(PANAMBA_CUDA_EPILOGUE, &changed, "reserved 1");
  changed = epilogue;
  changed.out_row_stride = 3;
  check_refused(PANAMBA_CUDA_EPILOGUE, &changed, "(1, 4)");
  changed = epilogue;
  changed.rows = INT64_MAX;
  check_refused(PANAMBA_CUDA_EPILOGUE, &changed, "rows 4 and 4 apart");
  changed = epilogue;
  changed.out_dtype = PANAMBA_BF16;
  check_refused(PANAMBA_CUDA_EPILOGUE, &changed, "in place, but with types 0 and 1");
  changed.out_dtype = PANAMBA_F32;
  changed.out_row_stride = 5;
  check_refused(PANAMBA_CUDA_EPILOGUE, &changed, "rows 4 and 5 apart");
  changed = epilogue;
  changed.gate = epilogue.input;
  changed.gate_row_stride = 3;
  check_refused(PANAMBA_CUDA_EPILOGUE, &changed, "a gate of (1, 4) with rows 3 apart");
  changed.gate = epilogue.out;
  changed.gate_row_stride = 5;
  check_refused(PANAMBA_CUDA_EPILOGUE, &changed, "in place of the result");
  panamba_depthwise_args depthwise = {.x = n,
                                      .weight = n,
                                      .out = n + 1,
                                      .batch = 1,
                                      .height = INT32_MAX,
                                      .width = 1,
                                      .channels = 1,
                                      .x_pixel_stride = 1,
                                      .out_pixel_stride = 1,
                                      .side = 3};
  check_refused(PANAMBA_DEPTHWISE, &depthwise, "depthwise: too large for one call");
  depthwise.height = 1;
  depthwise.out_pixel_stride = INT32_MAX;
  check_refused(PANAMBA_DEPTHWISE, &depthwise, "depthwise: too large for one call");
  panamba_patch_merging_args merging = {
      .x = n, .out = n + 1, .batch = 1, .height = 1, .width = 1, .channels = 1, .reversed = 1};
  check_refused_as(PANAMBA_UNSUPPORTED, PANAMBA_PATCH_MERGING, &merging, "patch_merging: training's reverse");
}

static void test(void) {
  seed(23);
  CHECK(panamba_cuda_abi_version() == PANAMBA_CUDA_ABI_VERSION, "ABI version");
  CHECK(strlen(panamba_cuda_build_description()) > 0, "description");
  epilogues();
  packing();
  gather_refusals();
  refusals();
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }

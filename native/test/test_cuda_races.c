/*
 * One case of every CUDA kernel, with a thread of the host for every thread of a GPU: ThreadSanitizer watches. Channels
 * fill the blocks, since threads beyond the last channel of a scan load what its own thread writes, and drop it.
 *
 * As a control, `block`, `group` or `warp` on the command line leaves out that barrier of the scan by as many lanes as
 * the next argument says, which has to be reported.
 */
#include <stdlib.h>
#include <string.h>

#include "cross_case.h"
#include "cuda_device.h"
#include "cuda_program.h"
#include "harness.h"
#include "memory.h"
#include "panamba_cuda.h"
#include "scan_case.h"

enum { NO_BARRIER, BARRIER_OF_BLOCKS, BARRIER_OF_GROUPS, BARRIER_OF_WARPS };
extern int panamba_barrier_left_out;

static const int32_t dtypes[] = {PANAMBA_F32, PANAMBA_BF16};

static void embedding(int32_t dtype) {
  describe("patch embedding, type %d", dtype);
  begin_case(IN_SENTINELS, 0);
  panamba_patch_embedding_args args = {.batch = 2,
                                       .channels = 3,
                                       .height = 12,
                                       .width = 8,
                                       .patch_height = 4,
                                       .patch_width = 4,
                                       .stride_height = 4,
                                       .stride_width = 4,
                                       .dim = 128,
                                       .class_tokens = 1,
                                       .class_index = {3},
                                       .dtype = dtype};
  int64_t depth = args.channels * args.patch_height * args.patch_width;
  int64_t length = 7;
  args.image = take_filled(args.batch * args.channels * args.height * args.width, -1, 1);
  args.weight = take_packed_of(dtype, take_filled(args.dim * depth, -1, 1), args.dim, depth);
  args.bias = take_filled(args.dim, -1, 1);
  args.position = take_filled(length * args.dim, -1, 1);
  args.class_token = take_filled(args.dim, -1, 1);
  args.out = take_output(args.batch * length * args.dim);
  run_operation(PANAMBA_PATCH_EMBEDDING, &args);
  end_case();
}

static void norm(int32_t dtype, int32_t kind) {
  describe("norm %d, type %d", kind, dtype);
  begin_case(IN_SENTINELS, 0);
  panamba_norm_args args = {.rows = 9,
                            .dim = 192,
                            .residual_row_stride = 192,
                            .residual_scale = 1,
                            .eps = 1e-5f,
                            .kind = kind,
                            .dtype = dtype};
  int64_t count = args.rows * args.dim;
  args.residual = take_output(count);
  fill(args.residual, count, -1, 1);
  args.addend = take_filled(count, -1, 1);
  args.weight = take_filled(args.dim, -1, 1);
  args.bias = take_filled(args.dim, -1, 1);
  args.out = take_output_of(dtype, count);
  run_operation(PANAMBA_NORM, &args);
  end_case();
}

static void convolution(int32_t dtype) {
  describe("causal convolution, type %d", dtype);
  begin_case(IN_SENTINELS, 0);
  panamba_causal_conv_args args = {.batch = 2, .length = 21, .channels = 128, .kernel = 4, .dtype = dtype};
  int64_t count = args.batch * args.length * args.channels;
  args.x = take_filled_of(dtype, count, -1, 1);
  args.x_row_stride = args.channels;
  args.x_batch_stride = args.length * args.channels;
  args.forward = (panamba_conv_direction){take_filled(4 * args.channels, -1, 1), take_filled(args.channels, -1, 1),
                                          take_output_of(dtype, count)};
  args.backward = (panamba_conv_direction){take_filled(4 * args.channels, -1, 1), take_filled(args.channels, -1, 1),
                                           take_output_of(dtype, count)};
  run_operation(PANAMBA_CAUSAL_CONV, &args);
  end_case();
}

static void rotary(void) {
  describe("rotary");
  begin_case(IN_SENTINELS, 0);
  panamba_rotary_args args = {.batch = 2, .length = 9, .dim = 160, .positions = 8, .first = 1};
  int64_t count = args.batch * args.length * args.dim;
  args.x = take_filled(count, -1, 1);
  args.cos = take_filled(args.positions * args.dim, -1, 1);
  args.sin = take_filled(args.positions * args.dim, -1, 1);
  args.out = take_output(count);
  run_operation(PANAMBA_ROTARY, &args);
  end_case();
}

static void pool(int32_t kind) {
  describe("pool %d", kind);
  begin_case(IN_SENTINELS, 0);
  panamba_pool_args args = {.batch = 2, .length = 21, .dim = 64, .first = 1, .count = 20, .step = 1, .kind = kind};
  args.input = take_filled(args.batch * args.length * args.dim, -1, 1);
  args.out = take_output(args.batch * args.dim);
  run_operation(PANAMBA_POOL, &args);
  end_case();
}

static void attention(int32_t dtype, int64_t queries, int64_t head_dim) {
  describe("attention of %d queries, type %d, heads of %d", (int)queries, dtype, (int)head_dim);
  begin_case(IN_SENTINELS, 0);
  int64_t width = 2 * head_dim;
  panamba_attention_args args = {.batch = 1,
                                 .queries = queries,
                                 .length = 70,
                                 .heads = 2,
                                 .head_dim = head_dim,
                                 .q_row_stride = 3 * width,
                                 .k_row_stride = 3 * width,
                                 .v_row_stride = 3 * width,
                                 .out_row_stride = width,
                                 .scale = 0.2f,
                                 .dtype = dtype};
  args.q = take_filled_of(dtype, args.length * 3 * width, -1, 1);
  args.k = place_of(args.q, dtype, width);
  args.v = place_of(args.q, dtype, 2 * width);
  args.out = take_output_of(dtype, queries * width);
  args.statistics = take_output(args.heads * 2 * queries);
  run_operation(PANAMBA_ATTENTION, &args);
  end_case();
}

/* Blocks with tiles beyond the grid, and gates in place. */
static void depthwise(int32_t dtype, int32_t side, int64_t channels) {
  describe("depthwise of side %d, type %d, %d channels", side, dtype, (int)channels);
  begin_case(IN_SENTINELS, 0);
  panamba_depthwise_args args = {.batch = 1,
                                 .height = 9,
                                 .width = 15,
                                 .channels = channels,
                                 .x_pixel_stride = channels,
                                 .gate_pixel_stride = channels,
                                 .out_pixel_stride = channels,
                                 .side = side,
                                 .dtype = dtype,
                                 .activation = PANAMBA_ACTIVATION_SILU};
  int64_t count = args.height * args.width * channels;
  args.x = take_filled_of(dtype, count, -1, 1);
  args.weight = take_filled(side * side * channels, -1, 1);
  args.bias = take_filled(channels, -1, 1);
  args.out = take_output_of(dtype, count);
  fill_elements(args.out, dtype, 0, count, -1, 1);
  args.gate = args.out;
  run_operation(PANAMBA_DEPTHWISE, &args);
  end_case();
}

static void gate(int32_t dtype) {
  describe("gate, type %d", dtype);
  begin_case(IN_SENTINELS, 0);
  panamba_gate_args args = {
      .rows = 21, .columns = 192, .gate_row_stride = 192, .x_row_stride = 192, .out_row_stride = 192, .dtype = dtype};
  args.gate = take_filled_of(dtype, args.rows * args.columns, -1, 1);
  args.out = take_output_of(dtype, args.rows * args.columns);
  fill_elements(args.out, dtype, 0, args.rows * args.columns, -1, 1);
  args.x = args.out;
  run_operation(PANAMBA_GATE, &args);
  end_case();
}

static void patch_merging(void) {
  describe("patch merging");
  begin_case(IN_SENTINELS, 0);
  panamba_patch_merging_args args = {.batch = 2, .height = 5, .width = 9, .channels = 96};
  args.x = take_filled(args.batch * args.height * args.width * args.channels, -1, 1);
  args.out = take_output(args.batch * 3 * 5 * 4 * args.channels);
  run_operation(PANAMBA_PATCH_MERGING, &args);
  end_case();
}

static void convert(int32_t dtype) {
  describe("convert, type %d", dtype);
  begin_case(IN_SENTINELS, 0);
  panamba_convert_args args = {.rows = 21,
                               .columns = 192,
                               .x_row_stride = 192,
                               .out_row_stride = 192,
                               .dtype = dtype,
                               .out_dtype = PANAMBA_BF16};
  args.x = take_filled_of(dtype, args.rows * args.columns, -1, 1);
  args.out = take_output_of(PANAMBA_BF16, args.rows * args.columns);
  run_operation(PANAMBA_CONVERT, &args);
  end_case();
}

static void epilogue(int32_t dtype) {
  describe("epilogue, type %d", dtype);
  begin_case(IN_SENTINELS, 0);
  panamba_cuda_epilogue_args args = {.rows = 5,
                                     .columns = 384,
                                     .input_row_stride = 384,
                                     .gate_row_stride = 384,
                                     .out_row_stride = 384,
                                     .input_dtype = PANAMBA_F32,
                                     .out_dtype = dtype,
                                     .activation = PANAMBA_ACTIVATION_SILU};
  args.input = take_filled(args.rows * args.columns, -1, 1);
  args.bias = take_filled(args.columns, -1, 1);
  args.out = take_output_of(dtype, args.rows * args.columns);
  fill_elements(args.out, dtype, 0, args.rows * args.columns, -1, 1);
  args.gate = args.out;
  run_operation(PANAMBA_CUDA_EPILOGUE, &args);
  end_case();
}

/* Each runs with 1, 4 and 16 lanes: fused, and after a projection of dt. */
static void scan(int32_t dtype, directions run, int64_t states, int64_t dt_rank, int64_t chunk) {
  scan_shape s = draw_scan_shape(1, 75, 128, states);
  s.dtype = dtype;
  s.run = run;
  s.dt_rank = dt_rank;
  s.gated = 1;
  s.kept = 1;
  s.started = 1;
  describe_scan("races", &s, IN_SENTINELS, 0);
  begin_case(IN_SENTINELS, 0);
  chunk_of_scans = chunk;
  panamba_selective_scan_args args = take_scan(&s, &ordinary_ranges);
  run_operation(PANAMBA_SELECTIVE_SCAN, &args);
  chunk_of_scans = 0;
  end_case();
}

static void scans(void) {
  for (size_t i = 0; i < COUNT(dtypes); i++) {
    scan(dtypes[i], BOTH, 16, 12, 0);
  }
  scan(PANAMBA_F32, BOTH, 16, 24, 32);
  scan(PANAMBA_F32, FORWARD, 16, 12, 0);
  scan(PANAMBA_F32, BACKWARD, 5, 3, 0);
  scan(PANAMBA_F32, BOTH, 37, 40, 0);
  scan(PANAMBA_F32, BOTH, 16, 50, 0);
}

/* Walks at the same time and in turn, in several turns of blocks. */
static void cross_scan(int32_t dtype, int64_t batch, int64_t height, int64_t width, int64_t states, int64_t dt_rank) {
  cross_shape s = draw_cross_shape(batch, height, width, batch > 1 ? 4 : 32, states);
  s.dtype = dtype;
  s.walks = PANAMBA_WALKS_CROSS;
  s.dt_rank = dt_rank;
  describe_cross("races", &s, IN_SENTINELS, 0);
  begin_case(IN_SENTINELS, 0);
  panamba_cross_scan_args args = take_cross(&s, &ordinary_ranges);
  run_operation(PANAMBA_CROSS_SCAN, &args);
  end_case();
}

static void cross_scans(void) {
  for (size_t i = 0; i < COUNT(dtypes); i++) {
    cross_scan(dtypes[i], 1, 14, 14, 1, 60);
    cross_scan(dtypes[i], 1, 7, 8, 3, 70);
    cross_scan(dtypes[i], 270, 7, 3, 1, 60);
  }
}

static void all_kernels(void) {
  seed(7);
  for (size_t i = 0; i < COUNT(dtypes); i++) {
    embedding(dtypes[i]);
    norm(dtypes[i], PANAMBA_RMS_NORM);
    norm(dtypes[i], PANAMBA_LAYER_NORM);
    convolution(dtypes[i]);
    epilogue(dtypes[i]);
    depthwise(dtypes[i], 3, 64);
    depthwise(dtypes[i], 7, 32);
    depthwise(dtypes[i], 5, 33);
    gate(dtypes[i]);
    convert(dtypes[i]);
    attention(dtypes[i], 70, 20);
    attention(dtypes[i], 33, 20);
  }
  attention(PANAMBA_BF16, 70, 24); /* on tensor cores */
  patch_merging();
  rotary();
  pool(PANAMBA_POOL_MEAN);
  pool(PANAMBA_POOL_MAX);
  scans();
  cross_scans();
}

static void one_scan(void) {
  seed(7);
  scan(PANAMBA_F32, BOTH, 16, 12, 0);
}

int main(int argc, char **argv) {
  const char *control = argc > 1 ? argv[1] : "";
  if (strcmp(control, "block") == 0) {
    panamba_barrier_left_out = BARRIER_OF_BLOCKS;
  } else if (strcmp(control, "group") == 0) {
    panamba_barrier_left_out = BARRIER_OF_GROUPS;
  } else if (strcmp(control, "warp") == 0) {
    panamba_barrier_left_out = BARRIER_OF_WARPS;
  }
  lanes_of_scans = argc > 2 ? atoi(argv[2]) : 0;
  char tier[] = "cuda-threads";
  char *arguments[] = {argv[0], tier, 0};
  return on_each_tier(2, arguments, panamba_barrier_left_out == NO_BARRIER ? all_kernels : one_scan);
}

/* What the CUDA library's scan has beyond panamba.h: chunks that run at the same time, and the gate's SiLU. */
#include <string.h>

#include "cuda_device.h"
#include "cuda_program.h"
#include "harness.h"
#include "panamba_cuda.h"
#include "scan_case.h"

/* Ordinary shapes in chunks of every awkward size: within the bounds of an uncut scan, which leave room for the two
 * roundings more of a state that is handed on. */
static void chunks(void) {
  static const int64_t lengths[] = {1, 2, 3, 5, 16, 33, 64, 65, 129, 197, 730};
  static const int64_t sizes[] = {1, 2, 3, 4, 7, 31, 32, 33, 64, 100, 196};
  static const int64_t states[] = {1, 3, 16, 16, 17, 64};
  for (size_t l = 0; l < COUNT(lengths); l++) {
    for (size_t c = 0; c < COUNT(sizes); c++) {
      scan_shape s = draw_scan_shape(1 + draw(2), lengths[l], 1 + draw(70), PICK(states));
      describe_scan("in chunks", &s, IN_SENTINELS, (int)(sizes[c] % 4));
      chunk_of_scans = sizes[c];
      begin_case(IN_SENTINELS, (int)(sizes[c] % 4));
      panamba_selective_scan_args args = take_scan(&s, &ordinary_ranges);
      run_operation(PANAMBA_SELECTIVE_SCAN, &args);
      check_scan(&args);
      end_case();
    }
  }
  chunk_of_scans = 0;
}

/* The bits of an image in chunks are those that it has alone. */
static void chunks_of_images_are_independent(void) {
  for (int repeat = 0; repeat < 10; repeat++) {
    scan_shape s = draw_scan_shape(3, 100, 1 + draw(70), 16);
    s.accumulated = s.kept = s.started = 0;
    describe_scan("each image alone, in chunks", &s, IN_SENTINELS, 0);
    chunk_of_scans = 16;
    begin_case(IN_SENTINELS, 0);
    panamba_selective_scan_args args = take_scan(&s, &ordinary_ranges);
    run_operation(PANAMBA_SELECTIVE_SCAN, &args);
    int64_t count = s.length * s.channels;
    panamba_selective_scan_args one = args;
    one.batch = 1;
    one.out = take_output_of(s.dtype, count);
    one.forward.u = args.forward.u ? place_of(args.forward.u, s.dtype, 2 * count) : 0;
    one.backward.u = args.backward.u ? place_of(args.backward.u, s.dtype, 2 * count) : 0;
    int64_t rows = 2 * s.length * args.projected_row_stride;
    one.forward.projected = args.forward.u ? args.forward.projected + rows : 0;
    one.backward.projected = args.backward.u ? args.backward.projected + rows : 0;
    one.gate = args.gate ? place_of(args.gate, s.dtype, 2 * s.length * args.gate_row_stride) : 0;
    run_operation(PANAMBA_SELECTIVE_SCAN, &one);
    check_same_elements("image", s.dtype, place_of(args.out, s.dtype, 2 * count), one.out, count);
    end_case();
  }
  chunk_of_scans = 0;
}

/* The specialised steps have the bits of the general one: a row's result does not depend on how many come after it. */
static void lengths_are_independent(void) {
  for (int64_t length = 1; length <= 20; length++) {
    scan_shape s = draw_scan_shape(1, 40, 33, 16);
    s.run = FORWARD;
    s.gated = 1;
    s.dt_rank = draw(2) ? 12 : 24;
    describe_scan("its first rows", &s, IN_SENTINELS, 0);
    begin_case(IN_SENTINELS, 0);
    panamba_selective_scan_args args = take_scan(&s, &ordinary_ranges);
    panamba_selective_scan_args part = args;
    part.length = length;
    part.out = take_output_of(s.dtype, length * s.channels);
    part.forward.final_state = 0;
    memcpy(part.out, args.out, (size_t)(length * s.channels * bytes_of(s.dtype)));
    run_operation(PANAMBA_SELECTIVE_SCAN, &args);
    run_operation(PANAMBA_SELECTIVE_SCAN, &part);
    check_same_elements("row", s.dtype, part.out, args.out, length * s.channels);
    end_case();
  }
}

/* Every rank up to and beyond what has room in a tile, with states that fill the lanes or do not, in long walks: all
 * numbers of lanes have the same bits. */
static void ranks(void) {
  static const int64_t ranks_of_tiles[] = {1, 2, 4, 7, 8, 11, 12, 13, 16, 20, 24, 25, 32, 44, 47, 48, 49, 52, 70};
  static const int64_t states[] = {1, 5, 16, 37};
  static const int64_t lengths[] = {31, 32, 33, 64, 96, 97, 127, 130, 161, 162, 200};
  for (size_t r = 0; r < COUNT(ranks_of_tiles); r++) {
    for (size_t n = 0; n < COUNT(states); n++) {
      scan_shape s = draw_scan_shape(1 + draw(2), PICK(lengths), 1 + draw(20), states[n]);
      s.dt_rank = ranks_of_tiles[r];
      s.gated = draw(4) != 0;
      s.projected_gap = 4 * draw(2);
      describe_scan("ranks", &s, IN_SENTINELS, 0);
      begin_case(IN_SENTINELS, 0);
      panamba_selective_scan_args args = take_scan(&s, &ordinary_ranges);
      run_operation(PANAMBA_SELECTIVE_SCAN, &args);
      check_scan(&args);
      end_case();
    }
  }
}

static int64_t workspace_of(const panamba_cuda_scan_args *args) {
  panamba_step step = {args, PANAMBA_CUDA_SCAN, 0};
  return panamba_cuda_workspace(&step);
}

static void workspaces(void) {
  describe("workspaces");
  float numbers[4] = {0, 0, 0, 0};
  panamba_scan_direction d = {.u = numbers, .projected = numbers, .dt_weight = numbers, .a = numbers};
  panamba_cuda_scan_args args = {.scan = {.out = numbers + 1,
                                          .forward = d,
                                          .backward = d,
                                          .batch = 64,
                                          .length = 197,
                                          .channels = 384,
                                          .states = 16,
                                          .dt_rank = 12,
                                          .projected_row_stride = 44,
                                          .scale = 0.5f,
                                          .dtype = PANAMBA_BF16},
                                 .state_lanes = 1};
  int64_t dt = 4 * 64 * 197 * 384;
  static const int32_t lanes[] = {1, 4, 16, 0};
  for (size_t i = 0; i < COUNT(lanes); i++) {
    args.state_lanes = lanes[i];
    CHECK(workspace_of(&args) == 0, "a fused scan needs none with %d lanes", lanes[i]);
  }
  args.scan.dt_rank = 11;
  CHECK(workspace_of(&args) == 2 * dt, "dt of both directions: one lane for many images, and a rank that it lacks");
  args.scan.batch = 1;
  CHECK(workspace_of(&args) == 0, "more lanes for one image, which take any rank");
  args.scan.batch = 64;
  args.scan.projected_row_stride = 81;
  for (size_t i = 1; i < 3; i++) {
    args.state_lanes = lanes[i];
    args.scan.dt_rank = 48;
    CHECK(workspace_of(&args) == 0, "the largest rank that %d lanes project themselves", lanes[i]);
    args.scan.dt_rank = 49;
    CHECK(workspace_of(&args) == 2 * dt, "a larger one, with %d lanes", lanes[i]);
  }
  args.scan.states = 37;
  args.scan.dt_rank = 7;
  CHECK(workspace_of(&args) == 0, "more states, which four lanes share");
  args.scan.states = 16;
  args.scan.dt_rank = 11;
  args.state_lanes = 1;
  panamba_step step = {&args, PANAMBA_CUDA_SCAN, 0};
  CHECK(panamba_cuda_run(&step, 0, 0) == PANAMBA_INVALID_ARGUMENT, "a workspace is missing");
  CHECK(strstr(panamba_cuda_message(), "workspace"), "%s", panamba_cuda_message());
  args.scan.dt_rank = 12;
  args.state_lanes = 4;
  args.chunk = 50;
  CHECK(workspace_of(&args) == 2 * (dt + 4 * 64 * 4 * 384 * 17), "states and sums of four chunks");
  CHECK(panamba_cuda_scan_chunk(&args) == 0, "many short images are not cut");
  args.scan.batch = 1;
  args.scan.length = 6085;
  args.scan.channels = 32; /* few for the smallest GPU too */
  CHECK(panamba_cuda_scan_chunk(&args) > 0, "one long image is");
  args.scan.length = 197;
  CHECK(panamba_cuda_scan_chunk(&args) == 0, "one short image would not pay for the launches");
  args.scan.length = 6085;
  panamba_cuda_scan_args changed = args;
  changed.chunk = 6086;
  CHECK(workspace_of(&changed) == -1, "a chunk beyond the length");
  changed = args;
  changed.state_lanes = 2;
  CHECK(workspace_of(&changed) == -1, "two lanes");
  changed.state_lanes = 8;
  CHECK(workspace_of(&changed) == -1, "eight lanes");
  changed.state_lanes = 17;
  CHECK(workspace_of(&changed) == -1, "17 lanes");
  changed = args;
  changed.reserved = 1;
  CHECK(workspace_of(&changed) == -1, "reserved");
  changed = args;
  changed.scan.states = 65;
  CHECK(workspace_of(&changed) == -1, "too many states");
  CHECK(panamba_cuda_scan_chunk(0) == -1, "null");
}

static void test(void) {
  seed(22);
  chunks();
  chunks_of_images_are_independent();
  lengths_are_independent();
  ranks();
  workspaces();
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }

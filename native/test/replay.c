/*
 * Runs recordings, whole networks as recording.h has them: replay FILE...
 *
 * On every tier of this machine, step by step and whole on 1 to EXECUTORS threads, at guard pages and between sentinels.
 * Threads and places must not change a bit of what is compared with the expected numbers. Prints the largest differences
 * of each file and tier; exit code 1 after a miss.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "element.h"
#include "harness.h"
#include "memory.h"
#include "recording.h"

static char *const *paths;
static int path_count;

static void pack_all(const recorded_region *region, char *packed, int64_t bytes) {
  for (int64_t i = 0; i < region->count; i++) {
    panamba_pack_args args = {.source = region->data + i * region->stride,
                              .packed = packed + i * bytes,
                              .columns = region->columns,
                              .depth = region->depth,
                              .column_stride = 1,
                              .depth_stride = region->columns,
                              .source_dtype = region->dtype,
                              .dtype = region->dtype};
    CHECK(panamba_pack(&args, 0, 0, 0) == PANAMBA_OK, "pack: %s", panamba_message());
  }
}

/* A region in memory, with what it starts from. */
static char *lay_out(const recorded_region *region) {
  char *memory = 0;
  switch (region->kind) {
    case RECORDED_CONSTANT:
      memory = take_bytes(region->bytes);
      memcpy(memory, region->data, (size_t)region->bytes);
      break;
    case RECORDED_SPACE: memory = take_space(region->bytes); break;
    case RECORDED_MATRICES: {
      int64_t bytes = panamba_packed_size(region->columns, region->depth, region->dtype);
      CHECK(bytes > 0, "a matrix of (%lld, %lld) can't be packed", (long long)region->columns,
            (long long)region->depth);
      memory = take_bytes(region->count * bytes);
      pack_all(region, memory, bytes);
      break;
    }
  }
  return memory;
}

/* The steps, with their structs behind them in one piece of memory. */
static panamba_step *relocate(const recording *r, char *const *regions) {
  size_t bytes = (size_t)r->step_count * sizeof(panamba_step);
  for (int64_t i = 0; i < r->step_count; i++) {
    bytes += (size_t)r->steps[i].bytes;
  }
  panamba_step *steps = malloc(bytes);
  if (!steps) {
    return 0;
  }
  char *args = (char *)(steps + r->step_count);
  for (int64_t i = 0; i < r->step_count; i++) {
    const recorded_step *step = &r->steps[i];
    memcpy(args, step->args, (size_t)step->bytes);
    for (int64_t k = 0; k < step->pointer_count; k++) {
      const recorded_pointer *p = &step->pointers[k];
      char *place = regions[p->region] + p->offset;
      memcpy(args + p->place, &place, sizeof place);
    }
    steps[i] = (panamba_step){args, step->operation, step->with_next};
    args += step->bytes;
  }
  return steps;
}

/* The largest error relative to the largest expected number; infinite if something is not finite. */
static double error_of(const recorded_result *result, const char *got) {
  double difference = 0;
  double largest = 0;
  for (int64_t i = 0; i < result->count; i++) {
    double value = element(got, result->dtype, i);
    double expected = (double)result->expected[i];
    if (!isfinite(value) || !isfinite(expected)) {
      return INFINITY;
    }
    difference = fmax(difference, fabs(value - expected));
    largest = fmax(largest, fabs(expected));
  }
  return largest > 0 ? difference / largest : difference;
}

static void run_placed(const recording *r, placement where, double *errors) {
  begin_case(where, 0);
  char **regions = malloc((size_t)r->region_count * sizeof *regions);
  for (int64_t i = 0; regions && i < r->region_count; i++) {
    regions[i] = lay_out(&r->regions[i]);
  }
  panamba_step *steps = regions ? relocate(r, regions) : 0;
  CHECK(steps, "no memory for the test itself");
  if (steps) {
    run_program(steps, r->step_count);
    for (int64_t i = 0; i < r->result_count; i++) {
      const recorded_result *result = &r->results[i];
      double error = error_of(result, regions[result->region] + result->offset);
      CHECK(where == 0 || error == errors[i], "%s differ with the place in memory", result->name);
      errors[i] = error;
    }
  }
  free(steps);
  free(regions);
  end_case();
}

static void replay(const char *path) {
  describe("%s", path);
  recording r;
  const char *failure = read_recording(path, &r);
  CHECK(!failure, "refused: %s", failure);
  if (failure) {
    return;
  }
  double *errors = calloc((size_t)r.result_count, sizeof *errors);
  if (!errors) {
    failed(__FILE__, __LINE__, "no memory for the test itself");
    exit(1);
  }
  for (placement where = IN_SENTINELS; where <= AFTER_GUARD; where++) {
    run_placed(&r, where, errors);
  }
  const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
  printf("%s %s, 1 to %d threads:", name, tier_under_test(), EXECUTORS);
  for (int64_t i = 0; i < r.result_count; i++) {
    const char *what = r.results[i].name;
    printf(" %s %.2g,", what, errors[i]);
    CHECK(errors[i] <= r.bound, "%s are off by %.3g of the largest, and not by at most %.3g", what, errors[i], r.bound);
  }
  printf(" at most %.2g\n", r.bound);
  fflush(stdout);
  free(errors);
  free_recording(&r);
}

static void replay_all(void) {
  for (int i = 0; i < path_count; i++) {
    replay(paths[i]);
  }
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: replay FILE...\n");
    return 2;
  }
  paths = argv + 1;
  path_count = argc - 1;
  return on_each_tier(1, argv, replay_all);
}

/* Order of steps, many callers of one executor, and its beginning and end. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#define ROWS 40
#define DIM 48
#define STEPS 300
#define CALLERS 8
#define ROUNDS 40

typedef struct {
  panamba_executor *executor;
  float *buffers[2];
  void *weight;
  panamba_linear_args linear[STEPS];
  panamba_step steps[STEPS];
  float expected[ROWS * DIM];
} chain;

static void *packed_rotation(void) {
  /* A signed permutation: a chain of any length stays exact, and a step missed or run twice shows. */
  float *matrix = calloc(DIM * DIM, sizeof(float));
  for (int i = 0; i < DIM; i++) {
    matrix[i * DIM + (i * 7 + 5) % DIM] = i % 3 ? 1.0f : -1.0f;
  }
  void *packed = malloc((size_t)panamba_packed_size(DIM, DIM, PANAMBA_F32));
  panamba_pack_args pack = {matrix, 0, packed, DIM, DIM, DIM, 1, PANAMBA_F32, PANAMBA_F32};
  CHECK(panamba_pack(&pack, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
  free(matrix);
  return packed;
}

static void fill(float *buffer, int seed) {
  for (int i = 0; i < ROWS * DIM; i++) {
    buffer[i] = (float)((i * 31 + seed * 17) % 1009);
  }
}

static chain *new_chain(panamba_executor *executor, int seed) {
  chain *c = calloc(1, sizeof *c);
  c->executor = executor;
  c->weight = packed_rotation();
  float current[ROWS * DIM];
  for (int i = 0; i < 2; i++) {
    c->buffers[i] = malloc(ROWS * DIM * sizeof(float));
  }
  fill(current, seed);
  for (int s = 0; s < STEPS; s++) {
    panamba_linear_args a = {.input = c->buffers[s & 1],
                             .weight = c->weight,
                             .out = c->buffers[~s & 1],
                             .rows = ROWS,
                             .depth = DIM,
                             .columns = DIM,
                             .input_row_stride = DIM,
                             .out_row_stride = DIM};
    c->linear[s] = a;
    c->steps[s] = (panamba_step){&c->linear[s], PANAMBA_LINEAR, 0};
    for (int row = 0; row < ROWS; row++) {
      for (int n = 0; n < DIM; n++) {
        c->expected[row * DIM + n] = (n % 3 ? 1.0f : -1.0f) * current[row * DIM + (n * 7 + 5) % DIM];
      }
    }
    memcpy(current, c->expected, sizeof current);
  }
  return c;
}

static void run_chain(chain *c, int seed) {
  fill(c->buffers[0], seed);
  CHECK(panamba_run(c->executor, c->steps, STEPS, 0, 0, 0, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
  compare_bits("chain", c->buffers[STEPS & 1], c->expected, ROWS * DIM);
}

static void free_chain(chain *c) {
  free(c->buffers[0]);
  free(c->buffers[1]);
  free(c->weight);
  free(c);
}

static void *caller(void *argument) {
  for (int round = 0; round < ROUNDS; round++) {
    run_chain(argument, 3);
  }
  return 0;
}

static void test_many_callers(int threads) {
  panamba_executor *executor;
  CHECK(panamba_executor_create(threads, &executor) == PANAMBA_OK, "%s", panamba_message());
  chain *chains[CALLERS];
  pthread_t callers[CALLERS];
  for (int i = 0; i < CALLERS; i++) {
    chains[i] = new_chain(executor, 3);
    CHECK(pthread_create(&callers[i], 0, caller, chains[i]) == 0, "no thread");
  }
  for (int i = 0; i < CALLERS; i++) {
    pthread_join(callers[i], 0);
    free_chain(chains[i]);
  }
  panamba_executor_destroy(executor);
}

static void test_order(int threads) {
  panamba_executor *executor;
  CHECK(panamba_executor_create(threads, &executor) == PANAMBA_OK, "%s", panamba_message());
  chain *c = new_chain(executor, 5);
  for (int round = 0; round < 2 * ROUNDS; round++) {
    run_chain(c, 5);
  }
  free_chain(c);
  panamba_executor_destroy(executor);
}

static void test_lifetime(void) {
  for (int i = 0; i < 500; i++) {
    panamba_executor *executor;
    CHECK(panamba_executor_create(1 + i % 4, &executor) == PANAMBA_OK, "%s", panamba_message());
    panamba_executor_destroy(executor);
  }
  panamba_executor_destroy(0);
  panamba_executor *executor = 0;
  CHECK(panamba_executor_create(0, &executor) == PANAMBA_INVALID_ARGUMENT, "no threads");
  CHECK(panamba_executor_create(100000, &executor) == PANAMBA_INVALID_ARGUMENT, "too many threads");
  CHECK(panamba_executor_create(1, 0) == PANAMBA_INVALID_ARGUMENT, "nowhere to put it");
}

int main(void) {
  for (int threads = 1; threads <= 4; threads++) {
    test_order(threads);
    test_many_callers(threads);
  }
  test_lifetime();
  printf("chains of %d steps on 1 to 4 threads, %d callers at once\n", STEPS, CALLERS);
  return 0;
}

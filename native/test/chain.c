#include "chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

/* Several panels of columns in every tier: several tiles that threads share. */
#define COLUMNS 100

struct chain {
  int64_t rounds;
  void *rotation; /* packed: moves every column one place down */
  void *identity; /* packed */
  float there[COLUMNS];
  float back[COLUMNS];
  float count[COLUMNS];
  float ones[COLUMNS];
  panamba_linear_args args[3];
  panamba_step *steps;
  char message[200];
};

static void *pack_shift(int64_t shift) {
  static float matrix[COLUMNS * COLUMNS];
  memset(matrix, 0, sizeof matrix);
  for (int64_t n = 0; n < COLUMNS; n++) {
    matrix[n * COLUMNS + (n + shift) % COLUMNS] = 1;
  }
  void *packed = malloc((size_t)panamba_packed_size(COLUMNS, COLUMNS, PANAMBA_F32));
  panamba_pack_args args = {.source = matrix,
                            .packed = packed,
                            .columns = COLUMNS,
                            .depth = COLUMNS,
                            .column_stride = COLUMNS,
                            .depth_stride = 1};
  CHECK(packed && panamba_pack(&args, 0, 0, 0) == PANAMBA_OK, "pack: %s", panamba_message());
  return packed;
}

static panamba_linear_args row_product(const float *input, const void *weight, float *out) {
  return (panamba_linear_args){.input = input,
                               .weight = weight,
                               .out = out,
                               .rows = 1,
                               .depth = COLUMNS,
                               .columns = COLUMNS,
                               .input_row_stride = COLUMNS,
                               .out_row_stride = COLUMNS};
}

chain *new_chain(int64_t rounds) {
  chain *c = calloc(1, sizeof *c);
  panamba_step *steps = calloc((size_t)rounds * 3, sizeof *steps);
  if (!c || !steps) {
    failed(__FILE__, __LINE__, "no memory for the test itself");
    exit(1);
  }
  c->rounds = rounds;
  c->steps = steps;
  c->rotation = pack_shift(1);
  c->identity = pack_shift(0);
  c->args[0] = row_product(c->back, c->rotation, c->there);
  c->args[1] = row_product(c->there, c->rotation, c->back);
  c->args[0].bias = c->args[1].bias = c->ones;
  c->args[2] = row_product(c->ones, c->identity, c->count);
  c->args[2].accumulate = 1;
  for (int64_t i = 0; i < COLUMNS; i++) {
    c->ones[i] = 1;
  }
  for (int64_t i = 0; i < rounds * 3; i++) {
    /* The count depends on neither product. */
    steps[i] = (panamba_step){&c->args[i % 3], PANAMBA_LINEAR, i % 3 == 1};
  }
  return c;
}

const char *run_chain(chain *c, panamba_executor *executor) {
  for (int64_t i = 0; i < COLUMNS; i++) {
    c->back[i] = (float)i;
    c->count[i] = 0;
  }
  if (panamba_run(executor, c->steps, c->rounds * 3, 0, 0, 0, 0, 0, 0) != PANAMBA_OK) {
    return panamba_message();
  }
  for (int64_t i = 0; i < COLUMNS; i++) {
    float wanted = (float)((i + 2 * c->rounds) % COLUMNS + 2 * c->rounds);
    if (c->back[i] != wanted || c->count[i] != (float)c->rounds) {
      snprintf(c->message, sizeof c->message, "column %d holds %g and was counted %g times, not %g and %g", (int)i,
               (double)c->back[i], (double)c->count[i], (double)wanted, (double)c->rounds);
      return c->message;
    }
  }
  return 0;
}

void free_chain(chain *c) {
  free(c->rotation);
  free(c->identity);
  free(c->steps);
  free(c);
}

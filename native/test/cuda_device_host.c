#include "cuda_device.h"

#include <stdlib.h>
#include <string.h>

#define MOST 8

static void *taken[MOST];
static int taken_count;

const char *missing_device(void) { return 0; }

void to_device(int64_t *words, int64_t count) {
  (void)words;
  (void)count;
}

void from_device(void) {
  while (taken_count) {
    free(taken[--taken_count]);
  }
}

void *take_device(int64_t bytes) {
  void *memory = bytes > 0 && taken_count < MOST ? malloc((size_t)bytes) : 0;
  if (!memory) {
    abort();
  }
  taken[taken_count++] = memory;
  return memset(memory, 0xff, (size_t)bytes);
}

void copy_to_device(void *to, const void *from, int64_t bytes) { memcpy(to, from, (size_t)bytes); }

void copy_from_device(void *to, const void *from, int64_t bytes) { memcpy(to, from, (size_t)bytes); }

#include "support.h"

#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_BUFFERS 256
#define SENTINEL 0xa5

#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER 1
#else
#define ADDRESS_SANITIZER 0
#endif

typedef struct {
  unsigned char *mapping; /* usable pages, between two unreadable ones */
  size_t pages;
  unsigned char *data;
  size_t bytes;
} buffer;

static buffer buffers[MAX_BUFFERS];
static int buffer_count;
static int at_front;
static _Atomic int64_t checks;
static uint64_t state = 88172645463325252u;

void fail(const char *file, int line, const char *condition, const char *format, ...) {
  fprintf(stderr, "%s:%d: not so on tier %s, buffers at the %s of their pages: %s\n  ", file, line, panamba_tier(),
          at_front ? "front" : "end", condition);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fprintf(stderr, "\n");
  exit(1);
}

void on_every_tier(void (*test)(void)) {
  static const char *const tiers[] = {"portable", "avx2", "avx512"};
  int ran = 0;
  for (int i = 0; i < COUNT(tiers); i++) {
    if (panamba_cap_tier(tiers[i]) != PANAMBA_OK) {
      printf("tier %s: skipped, %s\n", tiers[i], panamba_message());
      continue;
    }
    checks = 0;
    for (at_front = 0; at_front <= 1; at_front++) {
      state = 88172645463325252u;
      test();
      release_buffers();
    }
    printf("tier %s: %lld elements compared\n", tiers[i], (long long)atomic_load(&checks));
    ran++;
  }
  CHECK(ran > 0, "no tier ran");
}

static size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

/* With AddressSanitizer the heap's red zones are the guards. */
void *new_bytes(int64_t count) {
  CHECK(buffer_count < MAX_BUFFERS, "too many buffers");
  size_t bytes = (size_t)count;
  buffer *b = &buffers[buffer_count++];
  memset(b, 0, sizeof *b);
  b->bytes = bytes;
  if (ADDRESS_SANITIZER) {
    b->data = malloc(bytes);
    return b->data;
  }
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  b->pages = round_up(bytes ? bytes : 1, page);
  unsigned char *mapping = mmap(0, b->pages + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(mapping != MAP_FAILED, "no memory");
  b->mapping = mapping + page;
  CHECK(mprotect(b->mapping, b->pages, PROT_READ | PROT_WRITE) == 0, "no memory");
  memset(b->mapping, SENTINEL, b->pages);
  b->data = at_front ? b->mapping : b->mapping + b->pages - bytes;
  return b->data;
}

void release_buffers(void) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  for (int i = 0; i < buffer_count; i++) {
    buffer *b = &buffers[i];
    if (ADDRESS_SANITIZER) {
      free(b->data);
      continue;
    }
    for (unsigned char *p = b->mapping; p < b->mapping + b->pages; p++) {
      CHECK((p >= b->data && p < b->data + b->bytes) || *p == SENTINEL, "byte %td of a buffer of %zu was written",
            p - b->data, b->bytes);
    }
    munmap(b->mapping - page, b->pages + 2 * page);
  }
  buffer_count = 0;
}

float *new_floats(int64_t count) {
  float *data = new_bytes(count * (int64_t)sizeof(float));
  for (int64_t i = 0; i < count; i++) {
    data[i] = NAN;
  }
  return data;
}

double *new_doubles(int64_t count) {
  double *data = new_bytes(count * (int64_t)sizeof(double) + 8);
  uintptr_t misaligned = (uintptr_t)data % sizeof(double);
  data = (double *)((uintptr_t)data + (misaligned ? sizeof(double) - misaligned : 0));
  memset(data, 0, (size_t)count * sizeof(double));
  return data;
}

double uniform(double low, double high) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return low + (high - low) * ((double)(state >> 11) * 0x1p-53);
}

int64_t pick(const int64_t *values, int count) { return values[(int)uniform(0, count)]; }

float *random_floats(int64_t count, double scale) {
  float *data = new_floats(count);
  for (int64_t i = 0; i < count; i++) {
    data[i] = (float)uniform(-scale, scale);
  }
  return data;
}

static panamba_executor *executor_of(int threads) {
  static panamba_executor *executors[4];
  if (!executors[threads]) {
    CHECK(panamba_executor_create(threads, &executors[threads]) == PANAMBA_OK, "%s", panamba_message());
  }
  return executors[threads];
}

static void run_on(int threads, const panamba_step *steps, int64_t count) {
  CHECK(panamba_run(executor_of(threads), steps, count, 0, 0, 0, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
}

void run_steps(const panamba_step *steps, int64_t count) { run_on(1, steps, count); }

void run_same_bits(int32_t operation, const void *args, float *out, int64_t count) {
  panamba_step step = {args, operation, 0};
  size_t bytes = (size_t)count * sizeof(float);
  float *before = malloc(bytes);
  float *first = malloc(bytes);
  CHECK(before && first, "no memory");
  memcpy(before, out, bytes);
  run_on(1, &step, 1);
  memcpy(first, out, bytes);
  for (int threads = 2; threads <= 3; threads++) {
    memcpy(out, before, bytes);
    run_on(threads, &step, 1);
    compare_bits("threads", out, first, count);
  }
  free(before);
  free(first);
}

void compare(const char *what, const float *out, const double *expected, const double *scale, int64_t count,
             double bound) {
  for (int64_t i = 0; i < count; i++) {
    double error = fabs((double)out[i] - expected[i]);
    CHECK(error <= bound * scale[i] || (isnan(out[i]) && isnan(expected[i])),
          "%s, element %lld of %lld: %.9g, expected %.9g, error %.3g of %.3g", what, (long long)i, (long long)count,
          (double)out[i], expected[i], error / scale[i], bound);
  }
  checks += count;
}

void compare_bits(const char *what, const float *a, const float *b, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    CHECK(memcmp(&a[i], &b[i], sizeof(float)) == 0, "%s, element %lld of %lld: %.9g and %.9g", what, (long long)i,
          (long long)count, (double)a[i], (double)b[i]);
  }
  checks += count;
}

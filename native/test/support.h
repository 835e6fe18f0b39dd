/*
 * Buffers whose neighbourhood is guarded, runs on several numbers of threads, and comparisons. A failed check prints
 * where and ends the test.
 */
#ifndef PANAMBA_TEST_SUPPORT_H
#define PANAMBA_TEST_SUPPORT_H

#include <stdint.h>

#include "panamba.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define CHECK(condition, ...)                            \
  do {                                                   \
    if (!(condition)) {                                  \
      fail(__FILE__, __LINE__, #condition, __VA_ARGS__); \
    }                                                    \
  } while (0)

_Noreturn void fail(const char *file, int line, const char *condition, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Runs `test` on every tier that this machine has, with buffers that end at an unreadable page and with buffers that
 * start after one. */
void on_every_tier(void (*test)(void));

/* A buffer that lives until the next release_buffers(). The bytes around it are unreadable or checked. */
void *new_bytes(int64_t bytes);
float *new_floats(int64_t count);

/* Uniform in [-scale, scale]. */
float *random_floats(int64_t count, double scale);
double uniform(double low, double high);
int64_t pick(const int64_t *values, int count);

/* Checks that nothing around any buffer has been written, and frees them. */
void release_buffers(void);

/* Runs steps on one thread. */
void run_steps(const panamba_step *steps, int64_t count);

/* Runs a step on one thread and then on two and three: `out` must have the same bits each time. In-place operations
 * can't be checked this way. */
void run_same_bits(int32_t operation, const void *args, float *out, int64_t count);

/* |out - expected| <= bound * scale for every element, `scale` being the magnitude that rounding works on. NaN matches
 * NaN. */
void compare(const char *what, const float *out, const double *expected, const double *scale, int64_t count,
             double bound);

void compare_bits(const char *what, const float *a, const float *b, int64_t count);

double *new_doubles(int64_t count);

#endif

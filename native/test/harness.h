/*
 * What every test program is built on: a loop over the instruction-set tiers, checks that report and count, and random
 * numbers that are the same on every run.
 */
#ifndef PANAMBA_TEST_HARNESS_H
#define PANAMBA_TEST_HARNESS_H

#include <stddef.h>
#include <stdint.h>

#include "panamba.h"
#include "panamba_training.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Sanitizers and emulators slow everything down: there a size list is walked in longer steps. */
#if defined(PANAMBA_TEST_THIN)
#define THIN(ordinary, thinned) (thinned)
#else
#define THIN(ordinary, thinned) (ordinary)
#endif

/* Threads of the executors on which every operation runs; the bits have to be the same. */
#define EXECUTORS 3

/*
 * The body of a test's main: runs `test` on the tier named on the command line, or on each if none is. Exit code 0, 1
 * after a failed check, or 77, which CTest shows as skipped, if this machine lacks the named tier.
 */
int on_each_tier(int argc, char **argv, void (*test)(void));

/* The exit code of a test that has no need of that loop: 1 after a failed check, or 0. */
int exit_code(void);

/* The tier under test. */
const char *tier_under_test(void);

/* An executor of 1 .. EXECUTORS threads. */
panamba_executor *executor_of(int threads);

/* Says what is being tested; a failed check and a crash print it. */
void describe(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints and counts a failed check; after a few of them the program ends. */
void failed(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define CHECK(condition, ...)                  \
  do {                                         \
    if (!(condition)) {                        \
      failed(__FILE__, __LINE__, __VA_ARGS__); \
    }                                          \
  } while (0)

/* |got - wanted| <= allowed; NaN for NaN. `what` is named in the failure, with the index. */
void check_close(const char *what, int64_t index, double got, double wanted, double allowed);

/* Starts the random numbers anew. */
void seed(uint64_t value);

/* A whole number in [0, below). */
int64_t draw(int64_t below);

/* Uniform in [low, high). */
float draw_between(double low, double high);

/* Fills with numbers uniform in [low, high). */
void fill(float *values, int64_t count, double low, double high);

/* One of a list, by chance. */
#define PICK(list) ((list)[draw((int64_t)COUNT(list))])

#endif

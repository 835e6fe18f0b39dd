/*
 * Arguments that can't be run are refused with a message, before anything is written: not by them, and not by the steps
 * before them in the program. What the tests of that share is a step that would change a buffer, to stand before the
 * refused one.
 */
#ifndef PANAMBA_TEST_REFUSAL_H
#define PANAMBA_TEST_REFUSAL_H

#include "harness.h"
#include "memory.h"

#define HUGE_SIZE ((int64_t)1 << 41)

/* Of a (2, 3) input. */
extern panamba_linear_args innocent;

/* Runs the test on the processor's library. That of GPUs runs one step at a time and has refusals of its own. */
void on_processor(void (*refusals)(void));

/* Starts a case on an operation, as messages name it, and takes the innocent step's buffers. */
void begin_refusals(const char *name);

/* From here on messages have to name this. */
void expect_name(const char *name);

/* Checks that the arguments are refused, alone and in the midst of a program. */
void check_refused(const char *what, int32_t operation, const void *args);

/* The arguments as they are but for one change. */
#define REFUSED(type, operation, args, change)   \
  do {                                           \
    type changed = (args);                       \
    changed.change;                              \
    check_refused(#change, operation, &changed); \
  } while (0)

/* A size has to be positive, and small enough that no product of sizes overflows. */
#define REFUSED_SIZE(type, operation, args, field)         \
  do {                                                     \
    REFUSED(type, operation, args, field = 0);             \
    REFUSED(type, operation, args, field = -1);            \
    REFUSED(type, operation, args, field = INT64_MIN);     \
    REFUSED(type, operation, args, field = HUGE_SIZE);     \
    REFUSED(type, operation, args, field = INT64_MAX);     \
    REFUSED(type, operation, args, field = INT64_MAX / 2); \
  } while (0)

#define REFUSED_DTYPE(type, operation, args, field)      \
  do {                                                   \
    REFUSED(type, operation, args, field = PANAMBA_F16); \
    REFUSED(type, operation, args, field = PANAMBA_F64); \
    REFUSED(type, operation, args, field = -1);          \
    REFUSED(type, operation, args, field = 77);          \
  } while (0)

#endif

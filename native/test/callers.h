/* Programs run by one thread and by several, by one caller and by many at once. */
#ifndef PANAMBA_TEST_CALLERS_H
#define PANAMBA_TEST_CALLERS_H

#include <stddef.h>
#include <stdint.h>

#include "panamba.h"

enum { CALLERS = 8 };

/* A program and all that it writes: the steps point into `values`, which a run finds as in `before`. */
typedef struct {
  const panamba_step *steps;
  int64_t count;
  void *values;
  const void *before;
  size_t bytes;
} whole_program;

/* Runs the steps one by one on one thread, without those that they may run with. */
void run_stepwise(const whole_program *program);

/*
 * Runs every program many times, each caller its own, on executors of 1 .. EXECUTORS threads, by the first caller alone
 * and by all at once: each time `values` have to end as `wanted`.
 */
void check_callers(const whole_program programs[CALLERS], const void *wanted);

#endif

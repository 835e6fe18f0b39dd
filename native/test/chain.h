/*
 * A program of many small dependent steps on whole numbers, so that its results are known exactly: a step that is
 * missed, run twice, or run before its predecessor has ended shows.
 */
#ifndef PANAMBA_TEST_CHAIN_H
#define PANAMBA_TEST_CHAIN_H

#include <stdint.h>

#include "panamba.h"

typedef struct chain chain;

/* `rounds` times three steps: rotate the columns of a matrix and add one, there and back, and count. */
chain *new_chain(int64_t rounds);

/* Fills the buffers anew, runs the program, and returns null or what went wrong; from any thread. */
const char *run_chain(chain *c, panamba_executor *executor);

void free_chain(chain *c);

#endif

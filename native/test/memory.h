/*
 * The buffers of one test case, with something around them that notices an access beyond their ends, and the run of an
 * operation that checks them afterwards.
 */
#ifndef PANAMBA_TEST_MEMORY_H
#define PANAMBA_TEST_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "element.h"
#include "panamba.h"

/*
 * IN_SENTINELS  known bytes before and after, which must not change; in a sanitized build a heap block of the exact
 *               size instead, so that reads are caught too
 * BEFORE_GUARD  the last element ends where a page begins that can't be touched
 * AFTER_GUARD   the first element begins where a page ends that can't be touched
 */
typedef enum { IN_SENTINELS, BEFORE_GUARD, AFTER_GUARD } placement;

/* Starts a case. Sentinel buffers start `misalignment` elements past a multiple of 64 bytes. */
void begin_case(placement where, int misalignment);

/* Checks what lies around the buffers, and frees them. */
void end_case(void);

/* A buffer that no operation may change, filled with NaN: what isn't filled must not matter. */
float *take_input(int64_t count);
void *take_input_of(int32_t dtype, int64_t count);

/* A buffer for operations to write, filled with NaN: an operation that reads it without need shows it. */
float *take_output(int64_t count);
void *take_output_of(int32_t dtype, int64_t count);
/* The same for elements of several types: NaN in each of them. */
void *take_space(int64_t bytes);

/* Random numbers in an input buffer. */
float *take_filled(int64_t count, double low, double high);
void *take_filled_of(int32_t dtype, int64_t count, double low, double high);

/* Rows of random numbers `stride` apart, NaN between them, and nothing after the last. */
float *take_rows(int64_t rows, int64_t width, int64_t stride, double low, double high);
void *take_rows_of(int32_t dtype, int64_t rows, int64_t width, int64_t stride, double low, double high);

/* Bytes, of any type; not to be changed by operations. */
void *take_bytes(int64_t bytes);

/* Random bytes in an input buffer, which ends where they do. */
uint8_t *take_pixels(int64_t count);

/* A (columns, depth) weight matrix, packed for the tier under test. */
void *take_packed(const float *weight, int64_t columns, int64_t depth);
void *take_packed_of(int32_t dtype, const float *weight, int64_t columns, int64_t depth);
/* A weight (taps, columns, depth) as packed matrices one behind the other. */
void *take_packed_taps(int32_t dtype, const float *weight, int64_t taps, int64_t columns, int64_t depth);

/* The buffer into which `pointer` points, with the bytes around it that may be touched; null if there
 * is none. */
char *surroundings_of(const void *pointer, size_t *bytes);

/* What a buffer held before the last run. */
const void *before_run(const void *buffer);

/* The elements between rows hold what they held before the last run. */
void check_gaps(const char *what, const void *buffer, int32_t dtype, int64_t rows, int64_t width, int64_t stride);

/*
 * Runs one operation on executors of 1 to EXECUTORS threads, each time from the same buffers: the status must be
 * PANAMBA_OK, the bits the same, input buffers unchanged, and nothing written around buffers.
 */
void run_operation(int32_t operation, const void *args);

/* Runs a program step by step on one thread, and whole on executors of 1 to EXECUTORS threads, with the same checks. */
void run_program(const panamba_step *steps, int64_t count);

/* Runs steps that have to be refused, with a message in which `named` occurs, and leave every buffer as it was. */
void run_refused(const char *what, const char *named, const panamba_step *steps, int64_t count);

/* Runs one operation on one thread, with the checks of end_case() still to come. */
void run_once(int32_t operation, const void *args);

#endif

/*
 * Elements of float32 and bfloat16, read and written by the definition of their types and not by the library's code,
 * and checks of results of either type.
 */
#ifndef PANAMBA_TEST_ELEMENT_H
#define PANAMBA_TEST_ELEMENT_H

#include <stdint.h>

#include "panamba.h"

/* What rounding to bfloat16 changes at most, relative: half a unit in the last of eight bits. */
#define BFLOAT_ROUNDING 0x1p-8

/* PANAMBA_F32 or PANAMBA_BF16, by chance. */
int32_t draw_dtype(void);

int64_t bytes_of(int32_t dtype);

double value_of_bfloat(uint16_t bits);

/* The nearest bfloat16; of two the even one. NaN gets its quiet bit and keeps the others that fit. */
uint16_t bfloat_of(float value);

/* What is left of a number that is stored as `dtype`. */
double rounded(int32_t dtype, float value);

/* Where element `index` of an array is. */
void *place_of(const void *base, int32_t dtype, int64_t index);

double element(const void *base, int32_t dtype, int64_t index);

void set_element(void *base, int32_t dtype, int64_t index, float value);

/* Sets `count` elements from `index` on to numbers uniform in [low, high), rounded. */
void fill_elements(void *base, int32_t dtype, int64_t index, int64_t count, double low, double high);

/*
 * A float32 no further than `allowed` from `wanted`, or in bfloat16 what such a number rounds to; NaN for NaN. `what`
 * is named in the failure, with the index.
 */
void check_element(const char *what, const void *base, int32_t dtype, int64_t index, double wanted, double allowed);

/* Bit for bit. */
void check_same_elements(const char *what, int32_t dtype, const void *got, const void *wanted, int64_t count);
void check_same_bits(const char *what, const float *got, const float *wanted, int64_t count);

#endif

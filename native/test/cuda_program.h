/* What the CUDA library's operations can beside what the tests of operations ask for. */
#ifndef PANAMBA_TEST_CUDA_PROGRAM_H
#define PANAMBA_TEST_CUDA_PROGRAM_H

#include <stdint.h>

/* Rows of a scan's chunks in the runs that follow; 0 is no cut. */
extern int64_t chunk_of_scans;

/* How many lanes all scans have, or 0: 1, 4 and 16 in turn. */
extern int32_t lanes_of_scans;

#endif

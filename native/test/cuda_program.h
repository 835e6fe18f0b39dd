/* How the CUDA library's scan is cut in the runs that follow; all zero is the library's way. */
#ifndef PANAMBA_TEST_CUDA_PROGRAM_H
#define PANAMBA_TEST_CUDA_PROGRAM_H

#include <stdint.h>

typedef struct {
  int64_t chunk;
  int32_t gate_activation;
} scan_cut;

extern scan_cut cut_of_scans;

#endif

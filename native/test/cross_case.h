/* Cases of the cross scan, and their reference: four plain loops in double precision with a running error bound. */
#ifndef PANAMBA_TEST_CROSS_CASE_H
#define PANAMBA_TEST_CROSS_CASE_H

#include "memory.h"
#include "panamba.h"
#include "scan_case.h"

typedef struct {
  int64_t batch;
  int64_t height;
  int64_t width;
  int64_t channels;
  int64_t states;
  int64_t dt_rank;
  int64_t projected_gap; /* between the rows of projected */
  int32_t walks;
  int biased;       /* dt_bias is there */
  int skipped;      /* d is there */
  int spiked;       /* now and then a step so long that states vanish in it */
  int32_t interval; /* between states that are saved, or 0 */
  int32_t dtype;
} cross_shape;

cross_shape draw_cross_shape(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t states);

void describe_cross(const char *what, const cross_shape *s, placement where, int misalignment);

/* The buffers of a case; begin_case() comes before. Gates of the ranges are not looked at. */
panamba_cross_scan_args take_cross(const cross_shape *s, const scan_ranges *ranges);

/* The pixel of a walk's step, by rows from an image's first. */
int64_t pixel_of_step(int32_t walks, int64_t height, int64_t width, int k, int64_t step);

/* Checks everything that the run before wrote. */
void check_cross(const panamba_cross_scan_args *args);

#endif

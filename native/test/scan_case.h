/* Cases of the selective scan, and their reference: plain loops in double precision with a running error bound, whose
 * steps are those of every scan's. */
#ifndef PANAMBA_TEST_SCAN_CASE_H
#define PANAMBA_TEST_SCAN_CASE_H

#include "memory.h"
#include "panamba.h"

/* Half a unit in the last place: what one rounding can add, relative to its result. */
#define ROUNDING 0x1p-24

/* Denormals count as zero, and exponentials end near the smallest normal number: that far results may be off. */
#define SMALLEST_NORMAL 0x1p-125

/* A number, how far a float32 result may be from it, and the size of what it was added up from. */
typedef struct {
  double value;
  double allowed;
  double magnitude;
} bounded;

/* softplus(*dt_bias + dt_weight . projected), dt_weight's rows `channels` apart; dt_bias may be null. */
bounded scan_step_size(const float *projected, const float *dt_weight, int64_t rank, int64_t channels,
                       const float *dt_bias);

/* exp2(dt a) h + dt u b */
bounded scan_advance(bounded h, bounded dt, double a, double u, double b);

typedef enum { FORWARD = 1, BACKWARD = 2, BOTH = 3 } directions;

/* What each random number is drawn from. */
typedef struct {
  double u[2];
  double dt_weight[2];
  double dt_bias[2];
  double a[2];
  double gate[2];
} scan_ranges;

/* Steps and decays as trained models have them. */
extern const scan_ranges ordinary_ranges;

typedef struct {
  int64_t batch;
  int64_t length;
  int64_t channels;
  int64_t states;
  int64_t dt_rank;
  int64_t projected_gap; /* between the rows of projected */
  int64_t gate_gap;      /* between the rows of the gate, as where it is half of a wider buffer */
  directions run;
  float scale;
  int gated;
  int accumulated;
  int biased;  /* dt_bias is there */
  int skipped; /* d is there */
  int started; /* initial states are there */
  int kept;    /* final states are asked for */
  int spiked;  /* now and then a step so long that states vanish in it */
  int32_t dtype;
} scan_shape;

scan_shape draw_scan_shape(int64_t batch, int64_t length, int64_t channels, int64_t states);

void describe_scan(const char *what, const scan_shape *s, placement where, int misalignment);

/* The buffers of a case; begin_case() comes before. */
panamba_selective_scan_args take_scan(const scan_shape *s, const scan_ranges *ranges);

/* Checks everything that the run before wrote. */
void check_scan(const panamba_selective_scan_args *args);

#endif

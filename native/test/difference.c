#include "difference.h"

#include <math.h>

#include "harness.h"

/* Far enough for the loss to change, near enough for the third derivative not to matter. */
#define STEP 0x1p-9
#define DIFFERENCE_BOUND 1e-3

void check_difference(const char *what, double (*loss)(const void *args), const void *args, const float *number,
                      double chain, double gradient) {
  float *moved = (float *)number;
  const float kept = *number;
  const float step = (float)(fmax(fabs((double)kept), 0.1) * STEP);
  *moved = kept + step;
  double upper = (double)*moved;
  double above = loss(args);
  *moved = kept - step;
  double below = loss(args);
  double slope = (above - below) / (upper - (double)*moved) * chain;
  *moved = kept;
  check_close(what, 0, gradient, slope, DIFFERENCE_BOUND * (fabs(slope) + 0.1));
}

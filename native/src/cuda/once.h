/* A range of one number: the loop over a block's threads where each thread runs its own pass. */
#ifndef PANAMBA_CUDA_ONCE_H
#define PANAMBA_CUDA_ONCE_H

#include "arithmetic.h"

namespace panamba {

/* Compilers see through it. */
struct once {
  struct place {
    int value;
    bool more;
    PANAMBA_HD int operator*() const { return value; }
    PANAMBA_HD bool operator!=(const place &) const { return more; }
    PANAMBA_HD void operator++() { more = false; }
  };
  int value;
  PANAMBA_HD place begin() const { return {value, true}; }
  PANAMBA_HD place end() const { return {value, false}; }
};

}  // namespace panamba

#endif

/* Failures: a status code and a sentence per thread. Each library has a panamba_fail() of its own. */
#ifndef PANAMBA_STATUS_H
#define PANAMBA_STATUS_H

#include "panamba.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Stores the sentence that panamba_message() or panamba_cuda_message() returns on this thread, and returns `status`. */
int32_t panamba_fail(int32_t status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif

#endif

/* Failures: a status code and a sentence per thread. */
#ifndef PANAMBA_STATUS_H
#define PANAMBA_STATUS_H

#include "panamba.h"

/* Stores the sentence that panamba_message() returns on this thread, and returns `status`. */
int32_t panamba_fail(int32_t status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

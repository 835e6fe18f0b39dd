/* The memory that the CUDA library works on: a GPU's, or, where the kernels are compiled for the host, the test's own.
 */
#ifndef PANAMBA_TEST_CUDA_DEVICE_H
#define PANAMBA_TEST_CUDA_DEVICE_H

#include <stdint.h>

/* Why there is no device to test on; null if there is one. */
const char *missing_device(void);

/* Copies the test's buffers to the device and replaces every pointer in `words` that points into one of them. */
void to_device(int64_t *words, int64_t count);

/* Waits for the device, copies what it has made of the buffers back, and frees them there. */
void from_device(void);

/* Device memory beside the buffers, filled with NaN, until from_device(). */
void *take_device(int64_t bytes);

void copy_to_device(void *to, const void *from, int64_t bytes);
void copy_from_device(void *to, const void *from, int64_t bytes);

#endif

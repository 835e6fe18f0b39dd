#include "cuda_device.h"

#include <cuda_runtime_api.h>
#include <stdio.h>
#include <stdlib.h>

#include "memory.h"
#include "panamba_cuda.h"

#define MOST 80

typedef struct {
  char *host; /* null if the memory is no copy of a buffer */
  char *device;
  size_t bytes;
} copied;

static copied copies[MOST];
static int copy_count;

static void checked(cudaError_t error) {
  if (error != cudaSuccess) {
    fprintf(stderr, "%s: %s\n", cudaGetErrorName(error), cudaGetErrorString(error));
    exit(1);
  }
}

const char *missing_device(void) {
  static char reason[600];
  int count = 0;
  cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0) {
    snprintf(reason, sizeof reason, "there is no CUDA device: %s", cudaGetErrorString(error));
    return reason;
  }
  if (panamba_cuda_load() != PANAMBA_OK) {
    snprintf(reason, sizeof reason, "%s", panamba_cuda_message());
    return reason;
  }
  return 0;
}

static copied *take(size_t bytes) {
  if (copy_count == MOST) {
    fprintf(stderr, "too many buffers\n");
    exit(1);
  }
  copied *c = &copies[copy_count++];
  *c = (copied){.bytes = bytes};
  checked(cudaMalloc((void **)&c->device, bytes));
  return c;
}

/* A buffer goes to the device with what lies around it, so that what is written there comes back. */
static char *copy_of(char *base, size_t bytes) {
  for (int i = 0; i < copy_count; i++) {
    if (copies[i].host == base) {
      return copies[i].device;
    }
  }
  copied *c = take(bytes);
  c->host = base;
  checked(cudaMemcpy(c->device, base, bytes, cudaMemcpyHostToDevice));
  return c->device;
}

void to_device(int64_t *words, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    size_t bytes;
    char *base = surroundings_of((const void *)words[i], &bytes);
    if (base) {
      words[i] = (int64_t)(copy_of(base, bytes) + ((char *)words[i] - base));
    }
  }
}

void from_device(void) {
  checked(cudaDeviceSynchronize());
  while (copy_count) {
    copied *c = &copies[--copy_count];
    if (c->host) {
      checked(cudaMemcpy(c->host, c->device, c->bytes, cudaMemcpyDeviceToHost));
    }
    checked(cudaFree(c->device));
  }
}

void *take_device(int64_t bytes) {
  copied *c = take((size_t)bytes);
  checked(cudaMemset(c->device, 0xff, c->bytes));
  return c->device;
}

void copy_to_device(void *to, const void *from, int64_t bytes) {
  checked(cudaMemcpy(to, from, (size_t)bytes, cudaMemcpyHostToDevice));
}

void copy_from_device(void *to, const void *from, int64_t bytes) {
  checked(cudaMemcpy(to, from, (size_t)bytes, cudaMemcpyDeviceToHost));
}

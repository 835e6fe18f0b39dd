/* The machine's peak of fused multiply-adds, for floors. */
#include <stdlib.h>
#include <time.h>

#include "kernels.h"
#include "status.h"
#include "threads.h"

#define MAX_THREADS 1024
#define ROUNDS 20000

typedef struct {
  pthread_t thread;
  double seconds;
  double flops_per_second;
  float sink;
  int32_t dtype;
} peak_task;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* The best of the short measurements: what the machine can do when nothing else runs. */
static void *measure(void *argument) {
  peak_task *task = argument;
  const panamba_kernels *kernels = panamba_current_kernels();
  double end = now() + task->seconds;
  for (double start = now(); start < end; start = now()) {
    int64_t operations = kernels->peak(task->dtype, ROUNDS, &task->sink);
    double rate = (double)operations / (now() - start);
    if (rate > task->flops_per_second) {
      task->flops_per_second = rate;
    }
  }
  return 0;
}

int32_t panamba_measure_peak(int32_t threads, int32_t milliseconds, int32_t dtype, double *flops_per_second) {
  if (threads < 1 || threads > MAX_THREADS || milliseconds < 1 || !flops_per_second) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "peak: %d threads for %d ms can't be measured", threads,
                        milliseconds);
  }
  if (dtype != PANAMBA_F32 && dtype != PANAMBA_BF16) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "peak: no products of element type %d", dtype);
  }
  peak_task *tasks = calloc((size_t)threads, sizeof *tasks);
  if (!tasks) {
    return panamba_fail(PANAMBA_OUT_OF_MEMORY, "peak: no memory for %d threads", threads);
  }
  int started = 0;
  while (started < threads) {
    tasks[started].dtype = dtype;
    tasks[started].seconds = milliseconds * 1e-3;
    if (pthread_create(&tasks[started].thread, 0, measure, &tasks[started])) {
      break;
    }
    started++;
  }
  double sum = 0;
  for (int i = 0; i < started; i++) {
    pthread_join(tasks[i].thread, 0);
    sum += tasks[i].flops_per_second;
  }
  free(tasks);
  if (started < threads) {
    return panamba_fail(PANAMBA_SYSTEM_ERROR, "peak: could not start thread %d", started + 1);
  }
  *flops_per_second = sum;
  return PANAMBA_OK;
}

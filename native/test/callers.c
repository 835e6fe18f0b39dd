#include "callers.h"

#include <pthread.h>
#include <string.h>

#include "harness.h"

typedef struct {
  pthread_t thread;
  const whole_program *program;
  const void *wanted;
  panamba_executor *executor;
  int repeats;
  int wrong; /* runs that failed or had other bits */
} caller;

void run_stepwise(const whole_program *program) {
  memcpy(program->values, program->before, program->bytes);
  for (int64_t i = 0; i < program->count; i++) {
    panamba_step step = program->steps[i];
    step.with_next = 0;
    CHECK(panamba_run(executor_of(1), &step, 1, 0, 0, 0, 0, 0, 0) == PANAMBA_OK, "step %d: %s", (int)i,
          panamba_message());
  }
}

static void *call(void *argument) {
  caller *c = argument;
  const whole_program *p = c->program;
  for (int repeat = 0; repeat < c->repeats; repeat++) {
    memcpy(p->values, p->before, p->bytes);
    int32_t status = panamba_run(c->executor, p->steps, p->count, 0, 0, 0, 0, 0, 0);
    c->wrong += status != PANAMBA_OK || memcmp(p->values, c->wanted, p->bytes) != 0;
  }
  return 0;
}

void check_callers(const whole_program programs[CALLERS], const void *wanted) {
  caller callers[CALLERS];
  for (int threads = 1; threads <= EXECUTORS; threads++) {
    for (int count = 1; count <= CALLERS; count += CALLERS - 1) {
      describe("a program on %d threads, by %d callers", threads, count);
      for (int i = 0; i < count; i++) {
        caller *c = &callers[i];
        *c = (caller){
            .program = &programs[i], .wanted = wanted, .executor = executor_of(threads), .repeats = THIN(100, 20)};
        CHECK(pthread_create(&c->thread, 0, call, c) == 0, "no thread");
      }
      for (int i = 0; i < count; i++) {
        pthread_join(callers[i].thread, 0);
        CHECK(callers[i].wrong == 0, "caller %d has other bits in %d runs", i, callers[i].wrong);
      }
    }
  }
}

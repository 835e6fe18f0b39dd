/* The order of steps, callers that share an executor, and an executor's beginning and end. */
#include <fenv.h>
#include <pthread.h>
#include <string.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "chain.h"
#include "harness.h"

#define CALLERS 8

/* A long program, where each step needs the one before. */
static void steps_run_in_order(void) {
  for (int threads = 1; threads <= EXECUTORS; threads++) {
    describe("a long chain on %d threads", threads);
    chain *c = new_chain(THIN(3000, 600));
    for (int repeat = 0; repeat < 5; repeat++) {
      const char *trouble = run_chain(c, executor_of(threads));
      CHECK(!trouble, "%s", trouble);
    }
    free_chain(c);
  }
}

/* Short programs close behind each other: a worker may be late to leave one when the next begins. */
static void runs_follow_each_other(void) {
  for (int threads = 2; threads <= EXECUTORS; threads++) {
    describe("many short chains on %d threads", threads);
    for (int64_t rounds = 1; rounds <= 3; rounds++) {
      chain *c = new_chain(rounds);
      for (int repeat = 0; repeat < THIN(4000, 1000); repeat++) {
        const char *trouble = run_chain(c, executor_of(threads));
        CHECK(!trouble, "run %d: %s", repeat, trouble);
      }
      free_chain(c);
    }
  }
}

typedef struct {
  pthread_t thread;
  panamba_executor *executor;
  chain *chain;
  int repeats;
  const char *trouble;
} caller;

static void *call(void *argument) {
  caller *c = argument;
  for (int repeat = 0; repeat < c->repeats && !c->trouble; repeat++) {
    c->trouble = run_chain(c->chain, c->executor);
  }
  return 0;
}

static void callers_share_an_executor(void) {
  for (int threads = 1; threads <= EXECUTORS; threads++) {
    describe("%d callers of an executor of %d threads", CALLERS, threads);
    caller callers[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
      callers[i] =
          (caller){.executor = executor_of(threads), .chain = new_chain(1 + 40 * (i % 3)), .repeats = THIN(300, 60)};
      CHECK(pthread_create(&callers[i].thread, 0, call, &callers[i]) == 0, "no thread");
    }
    for (int i = 0; i < CALLERS; i++) {
      pthread_join(callers[i].thread, 0);
      CHECK(!callers[i].trouble, "caller %d: %s", i, callers[i].trouble);
      free_chain(callers[i].chain);
    }
  }
}

enum { MOST_THREADS = 9, MOST_TILES = 20, ROWS_PER_TILE = 16, ROUNDS = 4, MOST_TOGETHER = 4 };

/* A buffer per number of tiles, of rows of one element, to each of which a step adds one. */
typedef struct {
  float count[MOST_TILES][MOST_TILES * ROWS_PER_TILE];
  float out[MOST_TILES][MOST_TILES * ROWS_PER_TILE];
  panamba_norm_args args[MOST_TILES];
  panamba_step steps[ROUNDS * MOST_TILES];
} counters;

/* Each step runs alone, or up to `together` of them at once. */
static void write_counters(counters *c, const float *ones, int together) {
  memset(c, 0, sizeof *c);
  for (int64_t i = 0; i < MOST_TILES; i++) {
    c->args[i] = (panamba_norm_args){.residual = c->count[i],
                                     .addend = ones,
                                     .weight = ones,
                                     .out = c->out[i],
                                     .rows = (i + 1) * ROWS_PER_TILE,
                                     .dim = 1,
                                     .residual_row_stride = 1,
                                     .residual_scale = 1};
  }
  for (int i = 0; i < ROUNDS * MOST_TILES; i++) {
    /* Every number of tiles once a round, large after small and small after large. */
    c->steps[i] = (panamba_step){&c->args[i * 7 % MOST_TILES], PANAMBA_NORM, i % together != together - 1};
  }
}

/*
 * However many threads share however many tiles of however many steps, fewer than threads or no multiple of them: every
 * tile runs, once. The last step has a next one or none. Nine
 * threads are more than most machines have processors.
 */
static void every_tile_runs_once(void) {
  static float ones[MOST_TILES * ROWS_PER_TILE];
  static counters c;
  for (size_t i = 0; i < COUNT(ones); i++) {
    ones[i] = 1;
  }
  for (int threads = 1; threads <= MOST_THREADS; threads++) {
    panamba_executor *executor = 0;
    describe("shares of %d threads", threads);
    CHECK(panamba_executor_create(threads, &executor) == PANAMBA_OK, "%s", panamba_message());
    for (int repeat = 0; repeat < THIN(50, 10); repeat++) {
      write_counters(&c, ones, 1 + repeat % MOST_TOGETHER);
      CHECK(panamba_run(executor, c.steps, COUNT(c.steps), 0, 0, 0, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
      for (int i = 0; i < MOST_TILES; i++) {
        for (int row = 0; row < (i + 1) * ROWS_PER_TILE; row++) {
          CHECK(c.count[i][row] == ROUNDS, "of %d tiles, row %d was counted %g times", i + 1, row,
                (double)c.count[i][row]);
        }
      }
    }
    const char *trouble = 0;
    chain *dependent = new_chain(THIN(300, 60));
    for (int repeat = 0; repeat < 3 && !trouble; repeat++) {
      trouble = run_chain(dependent, executor);
    }
    CHECK(!trouble, "%s", trouble);
    free_chain(dependent);
    panamba_executor_destroy(executor);
  }
}

static void executors_come_and_go(void) {
  chain *c = new_chain(2);
  const int executors = THIN(1000, 200);
  for (int i = 0; i < executors; i++) {
    panamba_executor *executor = 0;
    describe("executor %d of %d", i, executors);
    CHECK(panamba_executor_create(1 + i % 4, &executor) == PANAMBA_OK && executor, "%s", panamba_message());
    if (i % 3) {
      const char *trouble = run_chain(c, executor);
      CHECK(!trouble, "%s", trouble);
    }
    panamba_executor_destroy(executor);
  }
  free_chain(c);
  panamba_executor_destroy(0);
}

static void wrong_thread_counts_are_refused(void) {
  static const int32_t counts[] = {0, -1, INT32_MIN, 1025, INT32_MAX};
  for (size_t i = 0; i < COUNT(counts); i++) {
    describe("an executor of %d threads", counts[i]);
    panamba_executor *executor = (panamba_executor *)&executor;
    CHECK(panamba_executor_create(counts[i], &executor) == PANAMBA_INVALID_ARGUMENT, "is not refused");
    CHECK(strlen(panamba_message()) > 0, "has no message");
    CHECK(executor == (panamba_executor *)&executor, "changes the result");
  }
  describe("an executor without a place for it");
  CHECK(panamba_executor_create(1, 0) == PANAMBA_INVALID_ARGUMENT, "is not refused");
}

/* Messages are per thread: another thread's failures don't show here. */
static void *fail_elsewhere(void *argument) {
  const char **trouble = argument;
  *trouble = panamba_message()[0] ? "a thread without a failure has a message" : 0;
  panamba_executor *executor;
  if (panamba_executor_create(-5, &executor) == PANAMBA_OK || !strstr(panamba_message(), "-5")) {
    *trouble = "a thread's failure has no message there";
  }
  return 0;
}

static void messages_belong_to_threads(void) {
  describe("messages");
  CHECK(panamba_cap_tier("no such tier") == PANAMBA_INVALID_ARGUMENT, "is not refused");
  const char *trouble = 0;
  pthread_t thread;
  CHECK(pthread_create(&thread, 0, fail_elsewhere, &trouble) == 0, "no thread");
  pthread_join(thread, 0);
  CHECK(!trouble, "%s", trouble);
  CHECK(strstr(panamba_message(), "no such tier"), "another thread's failure has replaced '%s'", panamba_message());
}

#if defined(__x86_64__)
/* Control bits alone: flags of exceptions come and go. */
static unsigned mode_of_thread(void) { return _mm_getcsr() & 0xffc0u; }
#elif defined(__aarch64__)
static unsigned mode_of_thread(void) {
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return (unsigned)mode;
}
#endif

#if defined(__x86_64__) || defined(__aarch64__)

/* 1 * x + bias on every executor, with the caller rounding up. */
static void check_mode(float x, float bias, float wanted) {
  float one = 1;
  float packed[64];
  float out = -1;
  panamba_pack_args pack = {
      .source = &one, .packed = packed, .columns = 1, .depth = 1, .column_stride = 1, .depth_stride = 1};
  panamba_linear_args args = {.input = &x,
                              .weight = packed,
                              .bias = &bias,
                              .out = &out,
                              .rows = 1,
                              .depth = 1,
                              .columns = 1,
                              .input_row_stride = 1,
                              .out_row_stride = 1};
  panamba_step step = {&args, PANAMBA_LINEAR, 0};
  CHECK(panamba_pack(&pack, 0, 0, 0) == PANAMBA_OK, "%s", panamba_message());
  for (int threads = 1; threads <= EXECUTORS; threads++) {
    fesetround(FE_UPWARD);
    unsigned before = mode_of_thread();
    int32_t status = panamba_run(executor_of(threads), &step, 1, 0, 0, 0, 0, 0, 0);
    unsigned after = mode_of_thread();
    fesetround(FE_TONEAREST);
    CHECK(status == PANAMBA_OK && out == wanted, "%a + %a is %a, not %a", (double)x, (double)bias, (double)out,
          (double)wanted);
    CHECK(before == after, "the mode was %#x and is %#x", before, after);
  }
}

/* Kernels round to nearest and take denormals for zero, whatever the caller's mode is, which they leave as it was. */
static void float_mode_is_restored(void) {
  describe("the caller's floating-point mode");
  check_mode(1, 0x1p-40f, 1);
  check_mode(0x1p-127f, 0, 0);
  check_mode(0x1.8p-126f, -0x1p-126f, 0);
}
#endif

static void test(void) {
  steps_run_in_order();
  runs_follow_each_other();
  callers_share_an_executor();
  every_tile_runs_once();
  executors_come_and_go();
  wrong_thread_counts_are_refused();
  messages_belong_to_threads();
#if defined(__x86_64__) || defined(__aarch64__)
  float_mode_is_restored();
#endif
}

int main(int argc, char **argv) { return on_each_tier(argc, argv, test); }

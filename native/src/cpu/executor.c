/*
 * Running programs on a team of threads.
 *
 * A run is a list of steps, each cut into tiles; steps that run together count as one, with the tiles of all. Every
 * thread has a share of them: a range of neighbouring tiles, the same for every step, so that what a thread wrote in
 * one step is in its own cache when it reads it in the next. One 64-bit word per share says which step is open, and how
 * many of the share's tiles are taken. A thread takes the next tile of its own share by compare-and-swap, and helps
 * with the others' when that is used up; the one that completes the last tile of a step opens the next step. So no
 * thread waits for one that the operating system does not run: if workers never wake, the caller does everything.
 *
 * Within a run a thread without work spins for a short while, then sleeps. Between runs workers sleep at once.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "float_mode.h"
#include "kernels.h"
#include "status.h"
#include "threads.h"

/* Looks for work this often before sleeping: some 20 to 50 us, the length of a few tiles. */
#define SPINS 2000
#define MAX_THREADS 1024

#if defined(__x86_64__)
#define PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
/* YIELD takes no time at all on most processors; a barrier for instructions takes about as long as x86's PAUSE. */
#define PAUSE() __asm__ volatile("isb" ::: "memory")
#else
#define PAUSE() atomic_signal_fence(memory_order_seq_cst)
#endif

/* A share's word: 32 bits of step number (counting all runs, so that a stale copy never matches), 32 bits of tiles
 * taken. Each word has a cache line to itself, and the line that a processor fetches beside it. */
#define STEP_SHIFT 32
#define TAKEN_MASK 0xffffffffu
#define LINES 128

typedef struct {
  _Alignas(LINES) _Atomic uint64_t word;
} share;

typedef struct {
  panamba_executor *executor;
  int share;
  pthread_t thread;
} worker;

struct panamba_executor {
  void *memory;  /* of the shares */
  share *shares; /* one per thread, the caller's first */
  worker *team;  /* the workers */
  int workers;
  uint64_t number;                  /* of the open step; written by the thread that opens one */
  _Atomic int64_t tiles;            /* of the open step */
  _Atomic int64_t complete;         /* tiles of the open step that have run */
  const panamba_step *_Atomic step; /* null between runs */
  const panamba_step *end;          /* read by threads that hold a tile */
  const panamba_kernels *kernels;   /* likewise */
  _Atomic int sleepers;
  _Atomic int stopping;
  atomic_flag busy; /* a run has the workers */

  pthread_mutex_t mutex;
  pthread_cond_t changed; /* there may be work, or an end to it */
};

/* The step after those that run together with `step`. */
static const panamba_step *after(const panamba_executor *executor, const panamba_step *step) {
  while (step->with_next && step + 1 < executor->end) {
    step++;
  }
  return step + 1;
}

static int64_t tiles_of(const panamba_kernels *kernels, const panamba_step *step) {
  return kernels->tiles[step->operation](step->args);
}

/*
 * Opens `step`, or closes the run if it is past the end. `tiles` is zero while the rest changes, so that no thread takes
 * a tile of a step half described; a thread that read an old word fails its compare-and-swap. A run is closed by the
 * last store of all: as soon as the caller sees it, the next run may open its first step.
 */
static void open_step(panamba_executor *executor, const panamba_step *step) {
  uint64_t number = ++executor->number << STEP_SHIFT;
  int last = step == executor->end;
  atomic_store(&executor->complete, 0);
  atomic_store(&executor->tiles, 0);
  for (int i = 0; i <= executor->workers; i++) {
    atomic_store(&executor->shares[i].word, number);
  }
  atomic_store(&executor->step, last ? 0 : step);
  if (!last) {
    int64_t tiles = 0;
    for (const panamba_step *end = after(executor, step); step < end; step++) {
      tiles += tiles_of(executor->kernels, step);
    }
    atomic_store(&executor->tiles, tiles);
  }
  if (atomic_load(&executor->sleepers) > 0) {
    pthread_mutex_lock(&executor->mutex);
    pthread_cond_broadcast(&executor->changed);
    pthread_mutex_unlock(&executor->mutex);
  }
}

static int is_closed(panamba_executor *executor) { return atomic_load(&executor->step) == 0; }

/* The first tile of a share; that of the share past the last is the number of tiles. */
static int64_t first_tile(const panamba_executor *executor, int64_t tiles, int index) {
  return tiles * index / (executor->workers + 1);
}

static int has_tile(panamba_executor *executor) {
  for (int i = 0; i <= executor->workers; i++) {
    int64_t taken = (int64_t)(atomic_load(&executor->shares[i].word) & TAKEN_MASK);
    int64_t tiles = atomic_load(&executor->tiles);
    if (first_tile(executor, tiles, i) + taken < first_tile(executor, tiles, i + 1)) {
      return 1;
    }
  }
  return 0;
}

/* Takes and runs one tile of a share; 0 if none was to be had. */
static int run_one_tile_of(panamba_executor *executor, int index) {
  _Atomic uint64_t *word = &executor->shares[index].word;
  uint64_t seen = atomic_load(word);
  int64_t tiles = atomic_load(&executor->tiles);
  int64_t tile = first_tile(executor, tiles, index) + (int64_t)(seen & TAKEN_MASK);
  if (tile >= first_tile(executor, tiles, index + 1) || !atomic_compare_exchange_strong(word, &seen, seen + 1)) {
    return 0;
  }
  /* This tile keeps its step open: nothing of it changes until the tile is counted as complete. */
  const panamba_step *step = atomic_load(&executor->step);
  const panamba_step *next = after(executor, step);
  for (int64_t own; step + 1 < next && tile >= (own = tiles_of(executor->kernels, step)); step++) {
    tile -= own;
  }
  executor->kernels->run_tile[step->operation](step->args, tile);
  if (atomic_fetch_add(&executor->complete, 1) + 1 == tiles) {
    open_step(executor, next);
  }
  return 1;
}

/* Takes and runs one tile, of the thread's own share if it can be; 0 if none was to be had. */
static int run_one_tile(panamba_executor *executor, int own) {
  int shares = executor->workers + 1;
  for (int i = 0; i < shares; i++) {
    if (run_one_tile_of(executor, (own + i) % shares)) {
      return 1;
    }
  }
  return 0;
}

/* Sleeps until there is a tile to take or `ended` says that there will be none. */
static void sleep_until(panamba_executor *executor, int (*ended)(panamba_executor *)) {
  pthread_mutex_lock(&executor->mutex);
  atomic_fetch_add(&executor->sleepers, 1);
  while (!has_tile(executor) && !ended(executor)) {
    pthread_cond_wait(&executor->changed, &executor->mutex);
  }
  atomic_fetch_sub(&executor->sleepers, 1);
  pthread_mutex_unlock(&executor->mutex);
}

static int is_stopping(panamba_executor *executor) { return atomic_load(&executor->stopping); }

static void *work(void *argument) {
  const worker *self = argument;
  panamba_executor *executor = self->executor;
  enter_float_mode();
  int idle = 0;
  while (!is_stopping(executor)) {
    if (run_one_tile(executor, self->share)) {
      idle = 0;
    } else if (is_closed(executor) || ++idle > SPINS) {
      sleep_until(executor, is_stopping);
      idle = 0;
    } else {
      PAUSE();
    }
  }
  return 0;
}

static void run_with_workers(panamba_executor *executor, const panamba_step *steps, int64_t count) {
  executor->kernels = panamba_current_kernels();
  executor->end = steps + count;
  open_step(executor, steps);
  int idle = 0;
  while (!is_closed(executor)) {
    if (run_one_tile(executor, 0)) {
      idle = 0;
    } else if (++idle > SPINS) {
      sleep_until(executor, is_closed);
      idle = 0;
    } else {
      PAUSE();
    }
  }
}

static void run_alone(const panamba_step *steps, int64_t count) {
  const panamba_kernels *kernels = panamba_current_kernels();
  for (const panamba_step *step = steps; step < steps + count; step++) {
    int64_t tiles = tiles_of(kernels, step);
    for (int64_t tile = 0; tile < tiles; tile++) {
      kernels->run_tile[step->operation](step->args, tile);
    }
  }
}

int32_t panamba_run(panamba_executor *executor, const panamba_step *steps, int64_t count, const void *keep0,
                    const void *keep1, const void *keep2, const void *keep3, const void *keep4, const void *keep5) {
  (void)keep0, (void)keep1, (void)keep2, (void)keep3, (void)keep4, (void)keep5;
  if (!executor || count < 0 || (count > 0 && !steps)) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT,
                        "run: the executor or the steps are null, or their count is negative");
  }
  int64_t together = 0;
  for (int64_t i = 0; i < count; i++) {
    if (steps[i].with_next != 0 && steps[i].with_next != 1) {
      return panamba_fail(PANAMBA_INVALID_ARGUMENT, "run: with_next of a step is neither 0 nor 1");
    }
    int32_t status = panamba_check(steps[i].operation, steps[i].args);
    if (status != PANAMBA_OK) {
      return status;
    }
    together += tiles_of(panamba_current_kernels(), &steps[i]);
    if (together > PANAMBA_MAX_TILES) {
      return panamba_fail(PANAMBA_INVALID_ARGUMENT, "run: the steps that run together are too large for one call");
    }
    together = steps[i].with_next ? together : 0;
  }
  if (count == 0) {
    return PANAMBA_OK;
  }
  float_mode mode = enter_float_mode();
  if (executor->workers > 0 && !atomic_flag_test_and_set(&executor->busy)) {
    run_with_workers(executor, steps, count);
    atomic_flag_clear(&executor->busy);
  } else {
    run_alone(steps, count);
  }
  leave_float_mode(mode);
  return PANAMBA_OK;
}

/* Ends the workers that have been started, and frees everything. */
static void stop(panamba_executor *executor, size_t started) {
  pthread_mutex_lock(&executor->mutex);
  atomic_store(&executor->stopping, 1);
  pthread_cond_broadcast(&executor->changed);
  pthread_mutex_unlock(&executor->mutex);
  for (size_t i = 0; i < started; i++) {
    pthread_join(executor->team[i].thread, 0);
  }
  pthread_cond_destroy(&executor->changed);
  pthread_mutex_destroy(&executor->mutex);
  free(executor->memory);
  free(executor->team);
  free(executor);
}

int32_t panamba_executor_create(int32_t threads, panamba_executor **result) {
  if (!result || threads < 1 || threads > MAX_THREADS) {
    return panamba_fail(PANAMBA_INVALID_ARGUMENT, "an executor has 1 to %d threads, not %d", MAX_THREADS, threads);
  }
  size_t workers = (size_t)threads - 1;
  panamba_executor *executor = calloc(1, sizeof *executor);
  /* Aligned by hand: not every C library has aligned_alloc(). */
  char *memory = malloc((size_t)threads * sizeof(share) + LINES);
  worker *team = calloc(workers + 1, sizeof *team);
  if (!executor || !memory || !team) {
    free(executor);
    free(memory);
    free(team);
    return panamba_fail(PANAMBA_OUT_OF_MEMORY, "no memory for an executor");
  }
  share *shares = (share *)(memory + (LINES - (uintptr_t)memory % LINES));
  executor->memory = memory;
  executor->shares = shares;
  executor->team = team;
  for (size_t i = 0; i <= workers; i++) {
    atomic_init(&shares[i].word, 0);
  }
  atomic_flag_clear(&executor->busy);
  pthread_mutex_init(&executor->mutex, 0);
  pthread_cond_init(&executor->changed, 0);
  /* All shares count from the start: workers read how many there are. */
  executor->workers = (int)workers;
  for (size_t i = 0; i < workers; i++) {
    team[i].executor = executor;
    team[i].share = (int)i + 1;
    int error = pthread_create(&team[i].thread, 0, work, &team[i]);
    if (error) {
      stop(executor, i);
      return panamba_fail(PANAMBA_SYSTEM_ERROR, "could not start worker thread %zu of %zu: error %d", i + 1, workers,
                          error);
    }
  }
  *result = executor;
  return PANAMBA_OK;
}

void panamba_executor_destroy(panamba_executor *executor) {
  if (executor) {
    stop(executor, (size_t)executor->workers);
  }
}

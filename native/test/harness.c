#include "harness.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_FAILURES 10
#define MOST_RECORDS 16
#define SKIPPED 77

#if defined(__x86_64__)
static const char *const tiers[] = {"portable", "avx2", "avx512", "avx512bf16"};
#elif defined(__aarch64__)
static const char *const tiers[] = {"portable", "neon", "neonbf16"};
#else
static const char *const tiers[] = {"portable"};
#endif
static const char *tier = "none";
static panamba_executor *executors[EXECUTORS];
static char description[512];
static int failures;

/* The largest error seen of each kind of result. */
typedef struct {
  const char *what;
  double error; /* over what is allowed */
} record;

static record records[MOST_RECORDS];
static size_t record_count;
static uint64_t random_state;

int exit_code(void) { return failures ? 1 : 0; }

const char *tier_under_test(void) { return tier; }

panamba_executor *executor_of(int threads) { return executors[threads - 1]; }

void describe(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(description, sizeof description, format, arguments);
  va_end(arguments);
}

void failed(const char *file, int line, const char *format, ...) {
  fprintf(stderr, "%s:%d: tier %s: %s: ", file, line, tier, description);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  if (++failures == MOST_FAILURES) {
    fprintf(stderr, "%d failures, the rest is not run\n", failures);
    exit(1);
  }
}

static void note_error(const char *what, double error) {
  size_t i = 0;
  while (i < record_count && records[i].what != what) {
    i++;
  }
  if (i == record_count) {
    if (i == MOST_RECORDS) {
      return;
    }
    records[record_count++] = (record){what, 0};
  }
  records[i].error = error > records[i].error ? error : records[i].error;
}

void check_close(const char *what, int64_t index, double got, double wanted, double allowed) {
  if (isnan(wanted) || isinf(wanted)) {
    CHECK(isnan(wanted) ? isnan(got) : got == wanted, "%s[%lld] is %g, not %g", what, (long long)index, got, wanted);
    return;
  }
  double error = fabs(got - wanted);
  CHECK(error <= allowed, "%s[%lld] is %.9g, not %.9g: the error %.3g is %.3g times what is allowed", what,
        (long long)index, got, wanted, error, error / allowed);
  if (error > 0) {
    note_error(what, error / allowed);
  }
}

/* A guard page was hit: say by what. Only with an ordinary build; a sanitizer has a better report. */
#if !defined(PANAMBA_TEST_SANITIZED)
static void crashed(int number) {
  static const char prefix[] = "\ncrashed while testing: ";
  ssize_t ignored = write(STDERR_FILENO, prefix, sizeof prefix - 1);
  ignored = write(STDERR_FILENO, description, strlen(description));
  ignored = write(STDERR_FILENO, "\n", 1);
  (void)ignored;
  signal(number, SIG_DFL);
  raise(number);
}
#endif

static int run_tier(const char *name, void (*test)(void)) {
  int32_t status = panamba_cap_tier(name);
  if (status == PANAMBA_UNSUPPORTED) {
    printf("%s: skipped: %s\n", name, panamba_message());
    return SKIPPED;
  }
  tier = name;
  record_count = 0;
  describe("start");
  CHECK(status == PANAMBA_OK && strcmp(panamba_tier(), name) == 0, "the tier is %s, status %d", panamba_tier(), status);
  for (int i = 0; i < EXECUTORS; i++) {
    CHECK(panamba_executor_create(i + 1, &executors[i]) == PANAMBA_OK, "executor: %s", panamba_message());
  }
  test();
  for (int i = 0; i < EXECUTORS; i++) {
    panamba_executor_destroy(executors[i]);
  }
  printf("%s: %s", name, failures ? "failed" : "passed");
  for (size_t i = 0; i < record_count; i++) {
    printf("%s%s %.2f", i ? ", " : "; errors over what is allowed: ", records[i].what, records[i].error);
  }
  printf("\n");
  return exit_code();
}

int on_each_tier(int argc, char **argv, void (*test)(void)) {
#if !defined(PANAMBA_TEST_SANITIZED)
  signal(SIGSEGV, crashed);
  signal(SIGBUS, crashed);
#endif
  if (argc > 1) {
    return run_tier(argv[1], test);
  }
  for (size_t i = 0; i < COUNT(tiers); i++) {
    run_tier(tiers[i], test);
  }
  return exit_code();
}

void seed(uint64_t value) { random_state = value; }

/* SplitMix64. */
static uint64_t next_random(void) {
  uint64_t z = random_state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

int64_t draw(int64_t below) { return (int64_t)(next_random() % (uint64_t)below); }

float draw_between(double low, double high) {
  return (float)(low + (high - low) * (double)(next_random() >> 11) * 0x1p-53);
}

void fill(float *values, int64_t count, double low, double high) {
  for (int64_t i = 0; i < count; i++) {
    values[i] = draw_between(low, high);
  }
}

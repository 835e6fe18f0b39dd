/* Version, description, the measured peak, and the choice of a tier against what the operating system says. */
#include <stdio.h>
#include <string.h>

#include "harness.h"

/* A tier and what it needs. The kernel lists a flag only if it has enabled its registers: CPUID and XCR0 both. */
typedef struct {
  const char *name;
  const char *flags[5];
} tier_needs;

#if defined(__x86_64__)
static const tier_needs tiers[] = {{"avx512bf16", {"avx512_bf16", "avx512f", "avx512dq", "avx512bw", "avx512vl"}},
                                   {"avx512", {"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx2"}},
                                   {"avx2", {"avx", "avx2", "fma"}},
                                   {"portable", {0}}};
#define FLAGS "flags"
#elif defined(__aarch64__)
static const tier_needs tiers[] = {{"neonbf16", {"asimd", "bf16"}}, {"neon", {"asimd"}}, {"portable", {0}}};
#define FLAGS "Features"
#else
static const tier_needs tiers[] = {{"portable", {0}}};
#define FLAGS "flags"
#endif

/* The first processor's flags between spaces; empty if there is no such file, or if it is of an emulator's host. */
static const char *processor_flags(void) {
  static char line[16384];
  FILE *file = fopen("/proc/cpuinfo", "r");
  if (!file) {
    return "";
  }
  while (fgets(line, sizeof line, file) && strncmp(line, FLAGS, strlen(FLAGS)) != 0) {
    line[0] = 0;
  }
  fclose(file);
  if (!line[0]) {
    return "";
  }
  line[strcspn(line, "\n")] = ' ';
  return line;
}

static int has_all(const char *flags, const tier_needs *needs) {
  for (size_t i = 0; i < COUNT(needs->flags) && needs->flags[i]; i++) {
    char word[40];
    snprintf(word, sizeof word, " %s ", needs->flags[i]);
    if (!strstr(flags, word)) {
      return 0;
    }
  }
  return 1;
}

static void about_the_library(void) {
  describe("the library");
  CHECK(panamba_abi_version() == PANAMBA_ABI_VERSION, "the ABI is %d", panamba_abi_version());
  CHECK(strcmp(panamba_message(), "") == 0, "the message before any failure is '%s'", panamba_message());
  CHECK(strstr(panamba_build_description(), "panamba ") == panamba_build_description(), "the description is '%s'",
        panamba_build_description());
  for (size_t i = 0; i < COUNT(tiers); i++) {
    CHECK(strstr(panamba_build_description(), tiers[i].name), "'%s' lacks %s", panamba_build_description(),
          tiers[i].name);
  }
}

/* The first choice is the fastest tier that the machine has, and the report says why. */
static void the_best_tier_is_chosen(void) {
  const char *flags = processor_flags();
  const char *best = 0;
  describe("the choice of a tier");
  printf("%s", panamba_tier_report());
  for (size_t i = 0; i < COUNT(tiers); i++) {
    char usable[40];
    char listed[40];
    snprintf(usable, sizeof usable, "%s: usable\n", tiers[i].name);
    snprintf(listed, sizeof listed, "%s: ", tiers[i].name);
    CHECK(strstr(panamba_tier_report(), listed), "%s is not in the report", tiers[i].name);
    int said = strstr(panamba_tier_report(), usable) != 0;
    if (flags[0]) {
      CHECK(said == has_all(flags, &tiers[i]), "%s is %susable by the report, unlike by /proc/cpuinfo", tiers[i].name,
            said ? "" : "not ");
    }
    best = best || !said ? best : tiers[i].name;
  }
  CHECK(best && strcmp(panamba_tier(), best) == 0, "%s is chosen, and %s is the best", panamba_tier(), best);
}

static void a_tier_can_be_named(void) {
  static const char *const wrong[] = {"", "sse2", "AVX2", "avx2 ", "avx512fp16", "portable\n"};
  describe("naming a tier");
  const char *before = panamba_tier();
  for (size_t i = 0; i < COUNT(wrong); i++) {
    CHECK(panamba_cap_tier(wrong[i]) == PANAMBA_INVALID_ARGUMENT, "'%s' is not refused", wrong[i]);
    CHECK(strstr(panamba_message(), wrong[i]) && strstr(panamba_message(), "portable"), "the message is '%s'",
          panamba_message());
  }
  CHECK(panamba_cap_tier(0) == PANAMBA_INVALID_ARGUMENT, "no name is not refused");
  CHECK(strcmp(panamba_tier(), before) == 0, "a refused name has changed the tier to %s", panamba_tier());
  for (size_t i = 0; i < COUNT(tiers); i++) {
    char usable[40];
    snprintf(usable, sizeof usable, "%s: usable\n", tiers[i].name);
    int32_t wanted = strstr(panamba_tier_report(), usable) ? PANAMBA_OK : PANAMBA_UNSUPPORTED;
    CHECK(panamba_cap_tier(tiers[i].name) == wanted, "%s: not status %d", tiers[i].name, wanted);
    CHECK(wanted != PANAMBA_OK || strcmp(panamba_tier(), tiers[i].name) == 0, "%s is not in use", tiers[i].name);
  }
}

static void the_peak_is_measured(void) {
  for (size_t i = 0; i < COUNT(tiers); i++) {
    describe("the peak of %s", tiers[i].name);
    if (panamba_cap_tier(tiers[i].name) == PANAMBA_OK) {
      double peaks[2] = {0, 0}; /* of PANAMBA_F32 and PANAMBA_BF16 */
      for (int32_t dtype = PANAMBA_F32; dtype <= PANAMBA_BF16; dtype++) {
        double *peak = &peaks[dtype];
        CHECK(panamba_measure_peak(2, 20, dtype, peak) == PANAMBA_OK, "%s", panamba_message());
        CHECK(*peak > 1e7 && *peak < 1e14, "%g floating-point operations a second", *peak);
      }
      printf("%s: %.1f GFLOP/s, in bfloat16 %.2f times that\n", tiers[i].name, peaks[0] * 1e-9, peaks[1] / peaks[0]);
    }
  }
  double peak = -1;
  CHECK(panamba_measure_peak(0, 1, PANAMBA_F32, &peak) == PANAMBA_INVALID_ARGUMENT, "no threads are not refused");
  CHECK(panamba_measure_peak(-1, 1, PANAMBA_F32, &peak) == PANAMBA_INVALID_ARGUMENT, "-1 threads are not refused");
  CHECK(panamba_measure_peak(1 << 20, 1, PANAMBA_F32, &peak) == PANAMBA_INVALID_ARGUMENT,
        "2^20 threads are not refused");
  CHECK(panamba_measure_peak(1, 0, PANAMBA_F32, &peak) == PANAMBA_INVALID_ARGUMENT, "no time is not refused");
  CHECK(panamba_measure_peak(1, -1, PANAMBA_F32, &peak) == PANAMBA_INVALID_ARGUMENT, "a negative time is not refused");
  static const int32_t wrong[] = {PANAMBA_F16, PANAMBA_F64, -1, 77};
  for (size_t i = 0; i < COUNT(wrong); i++) {
    CHECK(panamba_measure_peak(1, 1, wrong[i], &peak) == PANAMBA_INVALID_ARGUMENT, "dtype %d is not refused", wrong[i]);
  }
  CHECK(panamba_measure_peak(1, 1, PANAMBA_F32, 0) == PANAMBA_INVALID_ARGUMENT, "a null result is not refused");
  CHECK(peak == -1, "a refusal has written %g", peak);
}

int main(void) {
  about_the_library();
  the_best_tier_is_chosen();
  a_tier_can_be_named();
  the_peak_is_measured();
  return exit_code();
}

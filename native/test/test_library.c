/* Versions, messages, the measured peak, and the choice of a tier against what the operating system says of the
 * processor. */
#include <stdio.h>
#include <string.h>

#include "support.h"

/* 1 or 0 if the first "flags" line of /proc/cpuinfo has the word or not, -1 if there is no such file or line. */
static int has_flag(const char *flag) {
  FILE *file = fopen("/proc/cpuinfo", "r");
  if (!file) {
    return -1;
  }
  static char line[8192];
  char word[64];
  snprintf(word, sizeof word, " %s ", flag);
  int found = -1;
  while (found < 0 && fgets(line, sizeof line, file)) {
    if (strncmp(line, "flags", 5) == 0) {
      line[strcspn(line, "\n")] = ' ';
      found = strstr(line, word) != 0;
    }
  }
  fclose(file);
  return found;
}

/* The kernel lists a flag only if it has enabled the registers, so that it stands for CPUID and XCR0 both. */
static void check_tier(const char *tier, const char *const *flags, int count) {
  int usable = 1;
  for (int i = 0; i < count; i++) {
    int flag = has_flag(flags[i]);
    if (flag < 0) {
      printf("tier %s: not checked, there is no /proc/cpuinfo\n", tier);
      return;
    }
    usable = usable && flag;
  }
  int32_t status = panamba_cap_tier(tier);
  printf("tier %s: %s\n", tier, status == PANAMBA_OK ? "usable" : panamba_message());
  CHECK(status == (usable ? PANAMBA_OK : PANAMBA_UNSUPPORTED), "tier %s: status %d", tier, status);
}

int main(void) {
  CHECK(panamba_abi_version() == PANAMBA_ABI_VERSION, "%d", panamba_abi_version());
  CHECK(strstr(panamba_build_description(), "panamba ") != 0, "%s", panamba_build_description());
  CHECK(strcmp(panamba_message(), "") == 0, "a message before any failure: %s", panamba_message());
  const char *best = panamba_tier();
  CHECK(strncmp(panamba_tier_report(), best, strlen(best)) != 0 || strstr(panamba_tier_report(), "usable"), "%s",
        panamba_tier_report());
  CHECK(strstr(panamba_tier_report(), "portable: usable"), "%s", panamba_tier_report());
  CHECK(panamba_cap_tier("sse9") == PANAMBA_INVALID_ARGUMENT && strstr(panamba_message(), "sse9"), "%s",
        panamba_message());
  CHECK(panamba_cap_tier(0) == PANAMBA_INVALID_ARGUMENT, "no name");
#if defined(__x86_64__)
  static const char *const avx512[] = {"avx512f", "avx512dq", "avx512bw", "avx512vl"};
  static const char *const avx2[] = {"avx2", "fma"};
  check_tier("avx512", avx512, COUNT(avx512));
  check_tier("avx2", avx2, COUNT(avx2));
#endif
  CHECK(panamba_cap_tier("portable") == PANAMBA_OK && strcmp(panamba_tier(), "portable") == 0, "%s", panamba_tier());
  double flops = 0;
  CHECK(panamba_measure_peak(2, 20, &flops) == PANAMBA_OK && flops > 1e8, "%g", flops);
  CHECK(panamba_measure_peak(0, 20, &flops) == PANAMBA_INVALID_ARGUMENT, "no threads");
  CHECK(panamba_measure_peak(1, 20, 0) == PANAMBA_INVALID_ARGUMENT, "nowhere to put it");
  return 0;
}

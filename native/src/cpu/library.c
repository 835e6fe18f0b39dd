/* Version, description and the choice of a tier. */
#include <stdio.h>
#include <string.h>

#include "kernels.h"
#include "status.h"
#include "threads.h"
#include "tier_list.h"

#define DECLARE(tier) extern const panamba_kernels panamba_kernels_##tier;
PANAMBA_TIERS(DECLARE)

typedef struct {
  const panamba_kernels *kernels;
  const char *(*obstacle)(void);
} tier_entry;

#define ENTRY(tier) {&panamba_kernels_##tier, panamba_tier_obstacle_##tier},
static const tier_entry tiers[] = {PANAMBA_TIERS(ENTRY)};
enum { TIER_COUNT = sizeof tiers / sizeof tiers[0] };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const panamba_kernels *_Atomic current;
static char report[512];

static void choose(void) {
  size_t used = 0;
  for (int i = 0; i < TIER_COUNT; i++) {
    const char *obstacle = tiers[i].obstacle();
    if (!obstacle && !current) {
      current = tiers[i].kernels;
    }
    int written = snprintf(report + used, sizeof report - used, "%s: %s\n", tiers[i].kernels->name,
                           obstacle ? obstacle : "usable");
    used += written > 0 && used + (size_t)written < sizeof report ? (size_t)written : 0;
  }
}

const panamba_kernels *panamba_current_kernels(void) {
  pthread_once(&once, choose);
  return current;
}

const char *panamba_tier(void) { return panamba_current_kernels()->name; }

const char *panamba_tier_report(void) {
  pthread_once(&once, choose);
  return report;
}

int32_t panamba_cap_tier(const char *name) {
  pthread_once(&once, choose);
  for (int i = 0; i < TIER_COUNT; i++) {
    if (name && strcmp(name, tiers[i].kernels->name) == 0) {
      const char *obstacle = tiers[i].obstacle();
      if (obstacle) {
        return panamba_fail(PANAMBA_UNSUPPORTED, "tier %s: %s", name, obstacle);
      }
      current = tiers[i].kernels;
      return PANAMBA_OK;
    }
  }
  return panamba_fail(PANAMBA_INVALID_ARGUMENT, "there is no tier '%s'; this library has:\n%s", name ? name : "(null)",
                      report);
}

int32_t panamba_abi_version(void) { return PANAMBA_ABI_VERSION; }

#define NAME(tier) " " #tier
const char *panamba_build_description(void) {
  return "panamba " PANAMBA_VERSION
         ", "
#if defined(__clang__)
         "clang " __clang_version__
#else
         "gcc " __VERSION__
#endif
         ", tiers" PANAMBA_TIERS(NAME);
}

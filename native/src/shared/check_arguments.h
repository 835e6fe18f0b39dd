/* The checks that an operation's arguments pass before anything runs, on every device: panamba_check_NAME() returns
 * PANAMBA_OK or why they are refused. What a pointer points to is the caller's responsibility. */
#ifndef PANAMBA_CHECK_ARGUMENTS_H
#define PANAMBA_CHECK_ARGUMENTS_H

#include "operations.h"
#include "panamba_training.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PANAMBA_DECLARE_CHECK_(code, name, type) int32_t panamba_check_##name(const type *args);
PANAMBA_CPU_OPERATIONS(PANAMBA_DECLARE_CHECK_)

/* The part of panamba_check_patch_embedding() that looks at no pointer. */
int32_t panamba_check_patch_embedding_sizes(const panamba_patch_embedding_args *args);

#ifdef __cplusplus
}
#endif

#endif

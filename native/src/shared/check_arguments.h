/* The checks that an operation's arguments pass before anything runs, on every device. What a pointer points to is the
 * caller's promise. */
#ifndef PANAMBA_CHECK_ARGUMENTS_H
#define PANAMBA_CHECK_ARGUMENTS_H

#include "panamba.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The part of panamba_check_patch_embedding() that looks at no pointer. */
int32_t panamba_check_patch_embedding_sizes(const panamba_patch_embedding_args *args);

int32_t panamba_check_patch_embedding(const panamba_patch_embedding_args *args);
int32_t panamba_check_norm(const panamba_norm_args *args);
int32_t panamba_check_linear(const panamba_linear_args *args);
int32_t panamba_check_causal_conv(const panamba_causal_conv_args *args);
int32_t panamba_check_selective_scan(const panamba_selective_scan_args *args);
int32_t panamba_check_rotary(const panamba_rotary_args *args);
int32_t panamba_check_pool(const panamba_pool_args *args);
int32_t panamba_check_attention(const panamba_attention_args *args);

#ifdef __cplusplus
}
#endif

#endif

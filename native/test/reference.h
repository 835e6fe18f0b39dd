/* The operations in double precision, as plain as their formulas. Each gives, beside the result, the magnitude that
 * rounding errors scale with. */
#ifndef PANAMBA_TEST_REFERENCE_H
#define PANAMBA_TEST_REFERENCE_H

#include "panamba.h"

double reference_silu(double v);
double reference_softplus(double v);

/* weight (columns, depth) as it was before packing. */
void reference_linear(const panamba_linear_args *a, const float *weight, const float *old_out, double *out,
                      double *scale);

/* residual and out: dense (rows, dim). */
void reference_norm(const panamba_norm_args *a, const float *old_residual, double *residual, double *out);

/* One direction. */
void reference_conv(const panamba_causal_conv_args *a, const panamba_conv_direction *d, int backward, double *out,
                    double *scale);

/* Both directions, gate and all. States: (batch, states, channels) after the last step of each direction. */
void reference_scan(const panamba_selective_scan_args *a, const float *old_out, double *out, double *scale,
                    double *forward_state, double *backward_state);

/* weight (dim, channels * patch_height * patch_width). */
void reference_patch_embedding(const panamba_patch_embedding_args *a, const float *weight, double *out, double *scale);

#endif

#include "reference.h"

#include <math.h>
#include <string.h>

double reference_silu(double v) { return v / (1 + exp(-v)); }

double reference_softplus(double v) { return v > 20 ? v : log1p(exp(v)); }

void reference_linear(const panamba_linear_args *a, const float *weight, const float *old_out, double *out,
                      double *scale) {
  const float *input = a->input;
  for (int64_t row = 0; row < a->rows; row++) {
    for (int64_t n = 0; n < a->columns; n++) {
      double sum = a->bias ? (double)a->bias[n] : 0;
      double magnitude = fabs(sum);
      for (int64_t k = 0; k < a->depth; k++) {
        double term = (double)input[row * a->input_row_stride + k] * (double)weight[n * a->depth + k];
        sum += term;
        magnitude += fabs(term);
      }
      if (a->accumulate != 0) {
        double old = (double)a->accumulate * (double)old_out[row * a->out_row_stride + n];
        sum += old;
        magnitude += fabs(old);
      }
      out[row * a->columns + n] = sum;
      scale[row * a->columns + n] = magnitude;
    }
  }
}

void reference_norm(const panamba_norm_args *a, const float *old_residual, double *residual, double *out) {
  const float *addend = a->addend;
  for (int64_t row = 0; row < a->rows; row++) {
    double *r = residual + row * a->dim;
    double mean = 0;
    double square = 0;
    for (int64_t i = 0; i < a->dim; i++) {
      r[i] = (double)old_residual[row * a->residual_row_stride + i];
      if (addend) {
        r[i] = (double)a->residual_scale * r[i] + (double)addend[row * a->dim + i];
      }
      mean += r[i] / (double)a->dim;
    }
    if (a->kind == PANAMBA_RMS_NORM) {
      mean = 0;
    }
    for (int64_t i = 0; i < a->dim; i++) {
      square += (r[i] - mean) * (r[i] - mean) / (double)a->dim;
    }
    for (int64_t i = 0; i < a->dim; i++) {
      out[row * a->dim + i] =
          (r[i] - mean) / sqrt(square + (double)a->eps) * (double)a->weight[i] + (a->bias ? (double)a->bias[i] : 0);
    }
  }
}

void reference_conv(const panamba_causal_conv_args *a, const panamba_conv_direction *d, int backward, double *out,
                    double *scale) {
  const float *x = a->x;
  for (int64_t b = 0; b < a->batch; b++) {
    for (int64_t t = 0; t < a->length; t++) {
      for (int64_t c = 0; c < a->channels; c++) {
        double sum = d->bias ? (double)d->bias[c] : 0;
        double magnitude = fabs(sum) + 1e-30;
        for (int k = 0; k < a->kernel; k++) {
          int64_t at = backward ? t + (a->kernel - 1) - k : t - (a->kernel - 1) + k;
          if (at >= -a->rows_before && at < a->length + a->rows_after) {
            double term =
                (double)d->weight[k * a->channels + c] * (double)x[b * a->x_batch_stride + at * a->x_row_stride + c];
            sum += term;
            magnitude += fabs(term);
          }
        }
        out[(b * a->length + t) * a->channels + c] = reference_silu(sum);
        scale[(b * a->length + t) * a->channels + c] = magnitude;
      }
    }
  }
}

static void scan_direction(const panamba_selective_scan_args *a, const panamba_scan_direction *d, int backward,
                           int64_t b, int64_t c, double *y, double *magnitude, double *state) {
  const float *u = d->u;
  const float *projected = d->projected;
  double h[PANAMBA_MAX_STATES];
  double g[PANAMBA_MAX_STATES];
  for (int64_t n = 0; n < a->states; n++) {
    h[n] = d->initial_state ? (double)d->initial_state[(b * a->states + n) * a->channels + c] : 0;
    g[n] = fabs(h[n]);
  }
  for (int64_t i = 0; i < a->length; i++) {
    int64_t t = backward ? a->length - 1 - i : i;
    const float *row = projected + (b * a->length + t) * a->projected_row_stride;
    double v = d->dt_bias ? (double)d->dt_bias[c] : 0;
    for (int64_t r = 0; r < a->dt_rank; r++) {
      v += (double)d->dt_weight[r * a->channels + c] * (double)row[r];
    }
    double dt = reference_softplus(v);
    double input = (double)u[(b * a->length + t) * a->channels + c];
    double skip = d->d ? (double)d->d[c] * input : 0;
    y[t] += skip;
    magnitude[t] += fabs(skip);
    for (int64_t n = 0; n < a->states; n++) {
      double decay = exp2(dt * (double)d->a[n * a->channels + c]);
      double in = dt * input * (double)row[a->dt_rank + n];
      h[n] = decay * h[n] + in;
      g[n] = decay * g[n] + fabs(in);
      y[t] += h[n] * (double)row[a->dt_rank + a->states + n];
      magnitude[t] += g[n] * fabs((double)row[a->dt_rank + a->states + n]);
    }
  }
  for (int64_t n = 0; n < a->states; n++) {
    state[(b * a->states + n) * a->channels + c] = h[n];
  }
}

void reference_scan(const panamba_selective_scan_args *a, const float *old_out, double *out, double *scale,
                    double *forward_state, double *backward_state) {
  static double y[1 << 13];
  static double magnitude[1 << 13];
  for (int64_t b = 0; b < a->batch; b++) {
    for (int64_t c = 0; c < a->channels; c++) {
      memset(y, 0, (size_t)a->length * sizeof(double));
      memset(magnitude, 0, (size_t)a->length * sizeof(double));
      if (a->forward.u) {
        scan_direction(a, &a->forward, 0, b, c, y, magnitude, forward_state);
      }
      if (a->backward.u) {
        scan_direction(a, &a->backward, 1, b, c, y, magnitude, backward_state);
      }
      for (int64_t t = 0; t < a->length; t++) {
        int64_t i = (b * a->length + t) * a->channels + c;
        double gate =
            a->z ? reference_silu((double)((const float *)a->z)[(b * a->length + t) * a->z_row_stride + c]) : 1;
        double old = a->accumulate ? (double)old_out[i] : 0;
        out[i] = (double)a->scale * gate * (old + y[t]);
        scale[i] = fabs((double)a->scale * gate) * (fabs(old) + magnitude[t]) + 1e-30;
      }
    }
  }
}

void reference_patch_embedding(const panamba_patch_embedding_args *a, const float *weight, double *out, double *scale) {
  int64_t rows = (a->height - a->patch_height) / a->stride_height + 1;
  int64_t columns = (a->width - a->patch_width) / a->stride_width + 1;
  int64_t length = rows * columns + a->class_tokens;
  for (int64_t b = 0; b < a->batch; b++) {
    int64_t patch = 0;
    for (int64_t token = 0; token < length; token++) {
      int64_t class_token = -1;
      for (int64_t i = 0; i < a->class_tokens; i++) {
        class_token = a->class_index[i] == token ? i : class_token;
      }
      for (int64_t n = 0; n < a->dim; n++) {
        double sum = a->position ? (double)a->position[token * a->dim + n] : 0;
        double magnitude = fabs(sum) + 1e-30;
        if (class_token >= 0) {
          sum += (double)a->class_token[class_token * a->dim + n];
        } else {
          sum += a->bias ? (double)a->bias[n] : 0;
          for (int64_t i = 0; i < a->channels * a->patch_height * a->patch_width; i++) {
            int64_t channel = i / (a->patch_height * a->patch_width);
            int64_t y = patch / columns * a->stride_height + i / a->patch_width % a->patch_height;
            int64_t x = patch % columns * a->stride_width + i % a->patch_width;
            double term = (double)a->image[((b * a->channels + channel) * a->height + y) * a->width + x] *
                          (double)weight[n * a->channels * a->patch_height * a->patch_width + i];
            sum += term;
            magnitude += fabs(term);
          }
        }
        out[(b * length + token) * a->dim + n] = sum;
        scale[(b * length + token) * a->dim + n] = magnitude + fabs(sum);
      }
      patch += class_token < 0;
    }
  }
}

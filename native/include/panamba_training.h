/*
 * Panamba: the operations of training, as a C interface beside panamba.h, whose conventions hold here too.
 *
 *   - Every number is float32 but labels. "x_gradient" is the derivative of the loss with respect to x.
 *   - Nothing is stored in the forward pass but what the structs below ask for: they compute the rest again.
 *   - Results depend neither on the number of threads nor on the run, bit for bit, per instruction-set tier. What is
 *     summed over the rows of a batch is cut by shape alone: an operation leaves one part per cut ("..._parts"), and
 *     PANAMBA_SUM adds parts up in their order.
 *   - What an operation writes overlaps nothing else that it reads or writes, but for pointwise's and scale's out and x,
 *     and x_gradient and out_gradient of an activation's and of scale's gradient, which may be one and the same buffer.
 *
 * The gradient of a rotary embedding is PANAMBA_ROTARY of the gradient with sin negated; that of a bias or a position
 * embedding is PANAMBA_SUM over rows or over the batch; that of a linear layer is two PANAMBA_PRODUCTs.
 */
#ifndef PANAMBA_TRAINING_H
#define PANAMBA_TRAINING_H

#include "panamba.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Neighbouring channels that a scan gradient adds up to one part of projected_parts, rows that a norm gradient and a
 * scale gradient do to one part of their parameter_parts, and elements that PANAMBA_SQUARES does to one of its parts. */
#define PANAMBA_SCAN_PART_CHANNELS 64
#define PANAMBA_NORM_PART_ROWS 64
#define PANAMBA_SCALE_PART_ROWS 64
#define PANAMBA_SQUARES_PART 16384

/*
 * Matrix product of matrices as they are, for weights that change with every step:
 *   out = accumulate * out + left . right
 * accumulate 0 does not read out. For y = x . weight^T with weight (outputs, inputs),
 *   x_gradient = y_gradient . weight            left = y_gradient, by rows; right = weight
 *   weight_gradient = y_gradient^T . x          left = y_gradient, by columns: left_row_stride 1; right = x
 * Element (i, k) of left is at i * left_row_stride + k * left_depth_stride, and one of the two strides is 1.
 */
typedef struct {
  const float *left;  /* (rows, depth) */
  const float *right; /* (depth, columns), rows right_row_stride apart */
  float *out;         /* (rows, columns), rows out_row_stride apart */
  int64_t rows;
  int64_t depth;
  int64_t columns;
  int64_t left_row_stride;
  int64_t left_depth_stride;
  int64_t right_row_stride;
  int64_t out_row_stride;
  float accumulate;
  int32_t reserved;
} panamba_product_args;

enum panamba_pointwise_kind {
  PANAMBA_POINTWISE_SILU = 0,
  PANAMBA_POINTWISE_DECAY = 1,
  PANAMBA_POINTWISE_GELU = 2,
  PANAMBA_POINTWISE_RELU = 3
};

/*
 * A function of each element: out = x / (1 + e^-x) for PANAMBA_POINTWISE_SILU, out = x Phi(x) for
 * PANAMBA_POINTWISE_GELU, out = max(x, 0) for PANAMBA_POINTWISE_RELU (panamba_activation), and out = -e^x log2(e) for PANAMBA_POINTWISE_DECAY, which makes a scan's
 * `a` of A_log.
 */
typedef struct {
  const float *x; /* (rows, columns) */
  float *out;     /* (rows, columns) */
  int64_t rows;
  int64_t columns;
  int64_t x_row_stride;
  int64_t out_row_stride;
  int32_t kind; /* panamba_pointwise_kind */
  int32_t reserved;
} panamba_pointwise_args;

/*
 * Gradient of an activation at x, what a linear layer gives without one: x_gradient = out_gradient * activation'(x).
 *   silu'(x) = s (1 + x (1 - s)) with s = 1 / (1 + e^-x)        PANAMBA_ACTIVATION_SILU
 *   gelu'(x) = Phi(x) + x e^(-x^2/2) / sqrt(2 pi)               PANAMBA_ACTIVATION_GELU
 */
typedef struct {
  const float *x;            /* (rows, columns) */
  const float *out_gradient; /* (rows, columns) */
  float *x_gradient;         /* (rows, columns); may be out_gradient, with its stride */
  int64_t rows;
  int64_t columns;
  int64_t x_row_stride;
  int64_t out_gradient_row_stride;
  int64_t x_gradient_row_stride;
  int32_t activation; /* panamba_activation, but for PANAMBA_ACTIVATION_NONE */
  int32_t reserved;
} panamba_activation_gradient_args;

/*
 * Channels scaled, and whole images:
 *   out[b, t, c] = channel_scale[c] * image_scale[b] * x[b, t, c]
 * By channel it is LayerScale (Touvron et al., arXiv 2103.17239, equation 4), by image stochastic depth (arXiv
 * 1603.09382), which drops images with a 0.
 */
typedef struct {
  const float *x;             /* (batch, length, channels), rows x_row_stride apart */
  const float *channel_scale; /* (channels), or null for 1 */
  const float *image_scale;   /* (batch), or null for 1: one of the two is given */
  float *out;                 /* (batch, length, channels), rows out_row_stride apart; may be x, with its stride */
  int64_t batch;
  int64_t length;
  int64_t channels;
  int64_t x_row_stride;
  int64_t out_row_stride;
} panamba_scale_args;

/*
 * Gradient of PANAMBA_SCALE, of x and of channel_scale:
 *   x_gradient[b, t, c] = channel_scale[c] * image_scale[b] * out_gradient[b, t, c]
 *   parameter_parts[p, c] = sum over the part's rows of image_scale[b] * x[b, t, c] * out_gradient[b, t, c]
 */
typedef struct {
  const float *x;             /* (batch, length, channels), rows x_row_stride apart; null if channel_scale is */
  const float *channel_scale; /* (channels) or null, as in the forward pass */
  const float *image_scale;   /* (batch) or null, likewise */
  const float *out_gradient;  /* (batch, length, channels), rows out_gradient_row_stride apart */
  float *x_gradient;          /* (batch, length, channels); may be out_gradient, with its stride */
  float *parameter_parts;     /* (ceil(batch * length / PANAMBA_SCALE_PART_ROWS), channels): the gradient of
                                 channel_scale; null if that is */
  int64_t batch;
  int64_t length;
  int64_t channels;
  int64_t x_row_stride; /* not looked at where x is null */
  int64_t out_gradient_row_stride;
  int64_t x_gradient_row_stride;
} panamba_scale_gradient_args;

/*
 * One direction of the scan's gradient; u = null leaves it out. The first pointers are those of panamba_scan_direction,
 * whose run left saved_states; the scan began with states of zero.
 */
typedef struct {
  const float *u;
  const float *projected;
  const float *dt_weight;
  const float *dt_bias; /* or null */
  const float *a;
  const float *d; /* or null */
  const float *saved_states;
  float *u_gradient;      /* (batch, length, channels): what goes through the scan and D, not through projected */
  float *projected_parts; /* (parts, batch, length, dt_rank + 2 * states), of each PANAMBA_SCAN_PART_CHANNELS channels:
                             the sum over parts is the gradient of projected, dense */
  float *parameter_parts; /* (batch, states + dt_rank + 2, channels), of each image: rows are the gradients of A_log,
                             where a = -e^A_log log2(e); of dt_weight; of dt_bias; and of D */
} panamba_scan_gradient_direction;

/*
 * Gradient of PANAMBA_SELECTIVE_SCAN (Vim algorithm 1; Mamba section 3.3.2 on recomputation); z is its gate. The
 * states of a chunk of saved_interval rows are computed again from those before it, and live in registers and the
 * first-level cache. `out` is computed again too, if wanted: the gradient of out_proj's weight needs it, and a caller
 * need not have kept it. It may differ from the forward pass's in the last bits.
 */
typedef struct {
  const float *out_gradient; /* (batch, length, channels) */
  const float *z;            /* (batch, length, channels), rows z_row_stride apart; null for a gate of 1 */
  const float *image_scale;  /* (batch), as in the forward pass; or null */
  float *z_gradient;         /* (batch, length, channels), rows z_gradient_row_stride apart; null if z is */
  float *out;                /* (batch, length, channels) or null */
  panamba_scan_gradient_direction forward;
  panamba_scan_gradient_direction backward;
  int64_t batch;
  int64_t length;
  int64_t channels;
  int64_t states; /* 1 .. PANAMBA_MAX_STATES */
  int64_t dt_rank;
  int64_t projected_row_stride;
  int64_t z_row_stride;
  int64_t z_gradient_row_stride;
  float scale;
  int32_t saved_interval; /* 1 .. PANAMBA_MAX_SAVED_INTERVAL, as in the forward pass */
} panamba_scan_gradient_args;

/* One direction of the convolution's gradient; out_gradient = null leaves it out. */
typedef struct {
  const float *weight;       /* (kernel, channels) */
  const float *bias;         /* (channels) or null */
  const float *out_gradient; /* (batch, length, channels) */
  float *parameter_parts;    /* (batch, kernel + 1, channels), of each image: the gradients of weight and of bias */
} panamba_conv_gradient_direction;

/* Gradient of PANAMBA_CAUSAL_CONV over whole sequences. What came before SiLU is computed again from x. */
typedef struct {
  const float *x;    /* (batch, length, channels), rows x_row_stride apart */
  float *x_gradient; /* (batch, length, channels), rows x_gradient_row_stride apart: the sum of both directions */
  panamba_conv_gradient_direction forward;
  panamba_conv_gradient_direction backward;
  int64_t batch;
  int64_t length;
  int64_t channels;
  int64_t x_row_stride;
  int64_t x_gradient_row_stride;
  int32_t kernel; /* 2 .. PANAMBA_MAX_KERNEL */
  int32_t reserved;
} panamba_conv_gradient_args;

/*
 * Gradient of PANAMBA_NORM: residual_gradient = accumulate * residual_gradient + the gradient of the normalisation's
 * input, which is `residual` after the addition. With accumulate 1, the residual stream's gradient grows in place.
 */
typedef struct {
  const float *residual;     /* (rows, dim), rows residual_row_stride apart */
  const float *weight;       /* (dim) */
  const float *out_gradient; /* (rows, dim) */
  float *residual_gradient;  /* (rows, dim), rows residual_gradient_row_stride apart */
  float *parameter_parts;    /* (ceil(rows / PANAMBA_NORM_PART_ROWS), 2, dim): the gradients of weight and of bias */
  int64_t rows;
  int64_t dim;
  int64_t residual_row_stride;
  int64_t residual_gradient_row_stride;
  float accumulate; /* 0 does not read residual_gradient */
  float eps;
  int32_t kind; /* panamba_norm_kind */
  int32_t reserved;
} panamba_norm_gradient_args;

/* Gradient of PANAMBA_POOL: every row of input_gradient is written, those that were not pooled with zeros. Of equal
 * maxima the first gets it all. */
typedef struct {
  const float *input;        /* (batch, length, dim); null for a mean */
  const float *out_gradient; /* (batch, dim) */
  float *input_gradient;     /* (batch, length, dim) */
  int64_t batch;
  int64_t length;
  int64_t dim;
  int64_t first;
  int64_t count;
  int64_t step;
  int32_t kind; /* panamba_pool_kind */
  int32_t reserved;
} panamba_pool_gradient_args;

/*
 * Gradient of PANAMBA_ATTENTION of as many queries as keys. The weights of the softmax are computed again from q, k and the forward pass's
 * statistics (Dao et al., arXiv 2205.14135, algorithm 4), a block at a time: no memory grows with the square of the
 * length. Where q, k and v are columns of one buffer, so may their gradients be.
 */
typedef struct {
  const float *q;            /* (batch, length, heads * head_dim), rows q_row_stride apart, as in the forward pass */
  const float *k;            /* likewise */
  const float *v;            /* likewise */
  const float *out;          /* (batch, length, heads * head_dim): what the forward pass wrote */
  const float *statistics;   /* (batch, heads, 2, length): likewise */
  const float *out_gradient; /* (batch, length, heads * head_dim) */
  float *q_gradient;         /* (batch, length, heads * head_dim), rows q_gradient_row_stride apart */
  float *k_gradient;
  float *v_gradient;
  int64_t batch;
  int64_t length;
  int64_t heads;
  int64_t head_dim;
  int64_t q_row_stride;
  int64_t k_row_stride;
  int64_t v_row_stride;
  int64_t out_row_stride;
  int64_t out_gradient_row_stride;
  int64_t q_gradient_row_stride;
  int64_t k_gradient_row_stride;
  int64_t v_gradient_row_stride;
  float scale; /* as in the forward pass */
  int32_t reserved;
} panamba_attention_gradient_args;

/*
 * The patches of images as rows, in the sequence's order, class tokens' rows zero: patches^T . out_gradient, a product,
 * is the gradient of the patch embedding's weight. Fields are those of panamba_patch_embedding_args; length is the
 * grid's area plus class_tokens.
 */
typedef struct {
  const float *image; /* (batch, channels, height, width) */
  float *out;         /* (batch, length, channels * patch_height * patch_width) */
  int64_t batch;
  int64_t channels;
  int64_t height;
  int64_t width;
  int64_t patch_height;
  int64_t patch_width;
  int64_t stride_height;
  int64_t stride_width;
  int64_t padding; /* zeros on every side, fewer than a patch has pixels */
  int64_t class_tokens;
  int64_t class_index[PANAMBA_MAX_CLASS_TOKENS];
} panamba_patches_args;

/*
 * Gradient of PANAMBA_PATCHES, what goes on from a patch embedding to its image: of each pixel the sum of the gradients
 * of the patches that hold it, in the order of the patches; 0 where none does. The rows of class tokens are not read.
 */
typedef struct {
  const float *patch_gradient; /* (batch, length, channels * patch_height * patch_width) */
  float *image_gradient;       /* (batch, channels, height, width) */
  int64_t batch;
  int64_t channels;
  int64_t height;
  int64_t width;
  int64_t patch_height;
  int64_t patch_width;
  int64_t stride_height;
  int64_t stride_width;
  int64_t padding;
  int64_t class_tokens;
  int64_t class_index[PANAMBA_MAX_CLASS_TOKENS];
} panamba_patches_gradient_args;

/*
 * Gradient of PANAMBA_CONV2D's weight, channels last:
 *   weight_gradient[ky, kx] = accumulate * weight_gradient[ky, kx]
 *     + sum over b, y, x of input[b, stride y + ky - padding, stride x + kx - padding] out_gradient[b, y, x]^T
 * accumulate 0 does not read it. That of the input is PANAMBA_CONV2D transposed, that of the bias PANAMBA_SUM over rows.
 * Of planar input it is a PANAMBA_PRODUCT with PANAMBA_PATCHES.
 */
typedef struct {
  const float *input;        /* (batch, height, width, channels) */
  const float *out_gradient; /* (batch, out_height, out_width, columns) */
  float *weight_gradient;    /* (kernel_height, kernel_width, channels, columns) */
  int64_t batch;
  int64_t height;
  int64_t width;
  int64_t channels;
  int64_t columns;
  int64_t kernel_height; /* 1 .. PANAMBA_MAX_CONV_SIDE */
  int64_t kernel_width;
  int64_t stride;
  int64_t padding;
  float accumulate;
  int32_t reserved;
} panamba_conv2d_gradient_args;

/*
 * Gradient of PANAMBA_DEPTHWISE's parameters, without gate and activation:
 *   parameter_parts[b, ky, kx] = sum over y, x of x[b, y + ky - k/2, x + kx - k/2] * out_gradient[b, y, x]
 *   parameter_parts[b, k k]    = sum over y, x of out_gradient[b, y, x]
 * That of x is PANAMBA_DEPTHWISE flipped, without bias; that of a gate is PANAMBA_GATE.
 */
typedef struct {
  const float *x;            /* (batch, height, width, channels), pixels x_pixel_stride apart */
  const float *out_gradient; /* (batch, height, width, channels), pixels out_gradient_pixel_stride apart */
  float *parameter_parts;    /* (batch, side * side + 1, channels), of each image */
  int64_t batch;
  int64_t height;
  int64_t width;
  int64_t channels;
  int64_t x_pixel_stride;
  int64_t out_gradient_pixel_stride;
  int32_t side; /* 3, 5 or 7 */
  int32_t reserved;
} panamba_depthwise_gradient_args;

/*
 * Softmax cross-entropy with label smoothing (arXiv 1512.00567 section 7), and its gradient:
 *   target = (1 - smoothing) * [label] + smoothing / classes
 *   losses[b] = -sum target log softmax(logits[b])
 *   logits_gradient[b] = gradient_scale * (softmax(logits[b]) - target)
 * A label of PANAMBA_NO_LABEL gives a loss of zero, any other outside of 0 .. classes - 1 one of NaN; gradients are zero.
 */
#define PANAMBA_NO_LABEL (-1)

typedef struct {
  const float *logits;    /* (batch, classes) */
  const int32_t *labels;  /* (batch) */
  float *losses;          /* (batch) */
  float *logits_gradient; /* (batch, classes) or null */
  int64_t batch;
  int64_t classes;
  float smoothing;      /* 0 .. 1 */
  float gradient_scale; /* 1 / batch for the mean of the losses */
} panamba_cross_entropy_args;

/* parts[p] = the sum of the squares of x[p * PANAMBA_SQUARES_PART ...]. */
typedef struct {
  const float *x; /* (count) */
  float *parts;   /* (ceil(count / PANAMBA_SQUARES_PART)) */
  int64_t count;
} panamba_squares_args;

/*
 * The norm of a gradient from its squares, and the factor that clips it, as torch.nn.utils.clip_grad_norm_:
 *   result[0] = sqrt(sum of parts)
 *   result[1] = min(1, limit / (result[0] + 1e-6))
 */
typedef struct {
  const float *parts; /* (count) */
  float *result;      /* (2) */
  int64_t count;
  float limit; /* above 0; infinity for none */
  int32_t reserved;
} panamba_clip_args;

/*
 * One step of AdamW with decoupled weight decay (arXiv 1711.05101 algorithm 2, as torch.optim.AdamW), and of an
 * exponential moving average of the parameters. With g = gradient_factor * gradient and step t counted from 1,
 *   p = p - learning_rate weight_decay p
 *   m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
 *   p = p - learning_rate m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)
 *   average = average_decay average + (1 - average_decay) p
 * `rates` is memory, so that a schedule changes it between runs: learning_rate, 1 - beta1^t, sqrt(1 - beta2^t),
 * average_decay.
 */
typedef struct {
  float *parameters;            /* (count) */
  const float *gradient;        /* (count) */
  float *first_moment;          /* (count) */
  float *second_moment;         /* (count) */
  float *average;               /* (count) or null */
  const float *rates;           /* (4) */
  const float *gradient_factor; /* (1): result + 1 of panamba_clip_args; or null for 1 */
  int64_t count;
  float beta1;
  float beta2;
  float eps;
  float weight_decay;
} panamba_adamw_args;

/*
 * Gradient of PANAMBA_CROSS_SCAN (VMamba, arXiv 2401.10166, section 4.2), whose run left saved_states: those of a chunk
 * of saved_interval steps of a walk are computed again from the ones before it, as in PANAMBA_SCAN_GRADIENT. The
 * gradients of D are the same for all walks but for the order of their sums.
 */
typedef struct {
  const float *u; /* as in the forward pass, and so up to saved_states */
  const float *projected;
  const float *dt_weight;
  const float *dt_bias; /* or null */
  const float *a;
  const float *d; /* or null */
  const float *saved_states;
  const float *out_gradient; /* (batch, height, width, channels) */
  float *u_gradient;         /* (batch, height, width, channels): what goes through the scans and D, not through
                                projected */
  float *projected_parts;    /* (parts, batch, height * width, 4 * (dt_rank + 2 * states)), of each
                             PANAMBA_SCAN_PART_CHANNELS channels: the sum over parts is the gradient of projected, dense */
  float *parameter_parts;    /* (batch, 4 * (states + dt_rank + 2), channels), of each image: rows are the gradients of
                             A_log (4, states), where a = -e^A_log log2(e); of dt_weight (4, dt_rank); of dt_bias (4);
                             and of D (4) */
  int64_t batch;
  int64_t height;
  int64_t width;
  int64_t channels;
  int64_t states; /* 1 .. PANAMBA_MAX_STATES */
  int64_t dt_rank;
  int64_t projected_row_stride;
  int32_t walks;          /* panamba_walks, as in the forward pass */
  int32_t saved_interval; /* 1 .. PANAMBA_MAX_SAVED_INTERVAL, as in the forward pass */
} panamba_cross_scan_gradient_args;

/*
 * The gradient of PANAMBA_RESIZE with side 1 and without accumulation and activation:
 *   x_gradient = accumulate * x_gradient + the transpose of the resize, applied to out_gradient
 */
typedef struct {
  const float *out_gradient; /* (batch, out_height, out_width, channels), pixels out_pixel_stride apart */
  float *x_gradient;         /* (batch, height, width, channels), pixels x_pixel_stride apart */
  int64_t batch;
  int64_t height;
  int64_t width;
  int64_t channels;
  int64_t out_height;
  int64_t out_width;
  int64_t x_pixel_stride;
  int64_t out_pixel_stride;
  float accumulate;
  int32_t corners; /* 0 or 1 */
} panamba_resize_gradient_args;

/*
 * The gradient of PANAMBA_WINDOW_POOL. Of a maximum it goes to the first of the largest pixels of a window, row by row,
 * or to the first NaN.
 */
typedef struct {
  const float *x;            /* (batch, height, width, channels), pixels x_pixel_stride apart; null of a mean */
  const float *out_gradient; /* (batch, out_height, out_width, channels) */
  float *x_gradient;         /* (batch, height, width, channels) */
  int64_t batch;
  int64_t height;
  int64_t width;
  int64_t channels;
  int64_t out_height;
  int64_t out_width;
  int64_t x_pixel_stride; /* of a maximum */
  int64_t window;         /* of a maximum; 0 of a mean */
  int64_t stride;         /* likewise */
  int32_t kind;           /* panamba_pool_kind */
  int32_t reserved;
} panamba_window_pool_gradient_args;

#ifdef __cplusplus
}
#endif

#endif

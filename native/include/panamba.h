/*
 * Panamba: the operations of Vision Mamba and its relatives, as a C interface.
 *
 * Conventions
 *   - Tensors are dense along their last axis ("channels last"): activations are (batch, length, channels). A stride
 *     counts elements between neighbouring rows; where none is given, rows follow each other without a gap.
 *   - Every function returns a panamba_status. After a failure panamba_message() describes it, per thread. Nothing
 *     exits, aborts or prints.
 *   - An operation is a struct of arguments. Structs are read only while panamba_run() runs and hold no state: a caller
 *     fills them once and runs them any number of times, from one thread at a time per set of output buffers.
 *   - Numbers are IEEE float32 unless a struct says otherwise. Denormal inputs and results count as zero. A result
 *     never depends on the number of threads, on the other images of a batch or on the run: bit for bit, per
 *     instruction-set tier.
 *   - Reserved fields must be zero.
 *   - What an operation writes overlaps nothing else that it reads or writes, but for these pairs, which may be one and
 *     the same buffer, with elements of one type and rows at the same places: rotary's out and x; norm's out and
 *     addend; norm's out and residual, whose sum is then lost; a depthwise convolution's and a gate's out and gate; a
 *     gate's out and x; a scan direction's final_state and its own initial_state. A scan's out is none of its inputs,
 *     since the second direction reads what the first would have overwritten; a convolution's is not x, since its
 *     neighbours are read later. Inputs may overlap each other.
 *   - Parameters named keep are not looked at: a caller whose memory is checked for lifetime passes one pointer per
 *     memory owner, so that its runtime holds them for the duration of the call. They may be null.
 *
 * Formulas follow "Vision Mamba" (arXiv 2401.09417) and "Mamba" (arXiv 2312.00752).
 */
#ifndef PANAMBA_H
#define PANAMBA_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define PANAMBA_API __declspec(dllexport)
#else
#define PANAMBA_API __attribute__((visibility("default")))
#endif

/* Changes with a release that changes a struct, an enum value or the meaning of a function. */
#define PANAMBA_ABI_VERSION 6

/* Buffers and packed matrices need no alignment beyond that of their element; 64 bytes is fastest. */
#define PANAMBA_ALIGNMENT 64

/* Widest kernel of the causal convolution, largest state of the scan, most rows between states that it saves, most
 * class tokens of an embedding, widest head of attention. Of a 2-D convolution the longest side of a kernel, the most
 * channels, and the most pixels and colours under a kernel that reads planes; of a depthwise one the longest side. */
#define PANAMBA_MAX_KERNEL 4
#define PANAMBA_MAX_STATES 64
#define PANAMBA_MAX_SAVED_INTERVAL 64
#define PANAMBA_MAX_CLASS_TOKENS 2
#define PANAMBA_MAX_HEAD_DIM 128
#define PANAMBA_MAX_CONV_SIDE 16
#define PANAMBA_MAX_CONV_CHANNELS 8192
#define PANAMBA_MAX_PLANAR_DEPTH 768
#define PANAMBA_MAX_DEPTHWISE_SIDE 7

/* Most maps of which boxes are aligned, and the longest side of what is made of a box. */
#define PANAMBA_MAX_ROI_LEVELS 4
#define PANAMBA_MAX_ROI_SIDE 16

/* Walks of a cross scan. */
#define PANAMBA_WALKS 4

enum panamba_status {
  PANAMBA_OK = 0,
  PANAMBA_INVALID_ARGUMENT = 1,
  PANAMBA_OUT_OF_MEMORY = 2,
  PANAMBA_UNSUPPORTED = 3,
  PANAMBA_SYSTEM_ERROR = 4
};

/* Element types of activations (F32 and BF16), packed matrices and sources of packing. */
enum panamba_dtype { PANAMBA_F32 = 0, PANAMBA_BF16 = 1, PANAMBA_F16 = 2, PANAMBA_F64 = 3 };

/* ---- The library ---- */

PANAMBA_API int32_t panamba_abi_version(void);

/* A line of text: version, compiler, compiled tiers. Never null. */
PANAMBA_API const char *panamba_build_description(void);

/* What went wrong last on this thread; "" if nothing did. Valid until the thread's next failure. */
PANAMBA_API const char *panamba_message(void);

/*
 * Instruction-set tiers, from the slowest up: "portable", "avx2", "avx512", "avx512bf16" or, on aarch64, "portable",
 * "neon", "neonbf16". The best one that the processor has and the operating system has enabled is chosen on first use.
 * panamba_cap_tier() lowers the choice and has to come before anything else that depends on it: packed matrices belong
 * to the tier that packed them.
 */
PANAMBA_API const char *panamba_tier(void);

/* Each compiled tier and why it is or isn't usable here, as "name: reason" lines. */
PANAMBA_API const char *panamba_tier_report(void);

/* Uses the named tier. PANAMBA_INVALID_ARGUMENT: no such tier. PANAMBA_UNSUPPORTED: this machine lacks it. */
PANAMBA_API int32_t panamba_cap_tier(const char *name);

/*
 * The multiply-adds of products of `dtype` (PANAMBA_F32 or PANAMBA_BF16) on registers alone, on `threads` threads at
 * once for about `milliseconds`: the machine's peak, in floating-point operations a second over all threads (a
 * multiply-add counts two), for the current tier.
 */
PANAMBA_API int32_t panamba_measure_peak(int32_t threads, int32_t milliseconds, int32_t dtype,
                                         double *flops_per_second);

/* ---- Threads ---- */

/*
 * A team of `threads` threads: the one that calls panamba_run() and threads - 1 workers, which sleep when nothing runs.
 * Several callers may share an executor: one of them has the workers at a time, and the others run on their own thread
 * meanwhile.
 */
typedef struct panamba_executor panamba_executor;

PANAMBA_API int32_t panamba_executor_create(int32_t threads, panamba_executor **executor);

/* Waits for the workers to end. No run may be under way. Null is allowed. */
PANAMBA_API void panamba_executor_destroy(panamba_executor *executor);

/* ---- Packed matrices ---- */

/*
 * The weight of a linear layer, (columns, depth) as PyTorch stores it (out_features, in_features), rearranged for the
 * microkernels of the current tier: element (n, k) = row_scale[n] * source[n * column_stride + k * depth_stride].
 */
typedef struct {
  const void *source;
  const float *row_scale; /* (columns), or null for 1 */
  void *packed;           /* panamba_packed_size() bytes */
  int64_t columns;        /* n, out features */
  int64_t depth;          /* k, in features */
  int64_t column_stride;  /* in elements of the source */
  int64_t depth_stride;
  int32_t source_dtype; /* any panamba_dtype */
  int32_t dtype;        /* of the packed matrix: PANAMBA_F32, or PANAMBA_BF16, rounded to nearest even */
} panamba_pack_args;

/* Bytes of a packed matrix, or -1 if the sizes are not positive or too large. */
PANAMBA_API int64_t panamba_packed_size(int64_t columns, int64_t depth, int32_t dtype);

PANAMBA_API int32_t panamba_pack(const panamba_pack_args *args, const void *keep0, const void *keep1,
                                 const void *keep2);

/* ---- Operations ---- */

/*
 * Patch embedding, class tokens and positions (Vim section 3.2):
 *   out[b, j(m)] = weight . patch[b, m] + bias + position[j(m)]
 *   out[b, class_index[i]] = class_token[i] + position[class_index[i]]
 * with patches row-major over the grid, and j skipping the class tokens' places. The grid is
 * ((height - patch_height) / stride_height + 1) x ((width - patch_width) / stride_width + 1), and length its area plus
 * class_tokens.
 */
typedef struct {
  const void *image;         /* (batch, channels, height, width): float32, or bytes if there are pixel_values */
  const float *pixel_values; /* (channels, 256): the number that a byte of the image stands for; or null */
  const void *weight;        /* packed: columns = dim, depth = channels * patch_height * patch_width */
  const float *bias;         /* (dim) or null */
  const float *position;     /* (length, dim) or null */
  const float *class_token;  /* (class_tokens, dim), null if there are none */
  float *out;                /* (batch, length, dim) */
  int64_t batch;
  int64_t channels;
  int64_t height;
  int64_t width;
  int64_t patch_height;
  int64_t patch_width;
  int64_t stride_height;
  int64_t stride_width;
  int64_t dim;
  int64_t class_tokens;                          /* 0 .. PANAMBA_MAX_CLASS_TOKENS */
  int64_t class_index[PANAMBA_MAX_CLASS_TOKENS]; /* ascending, each below length */
  int32_t dtype; /* of weight, and what pixels are rounded to: PANAMBA_F32 or PANAMBA_BF16 */
  int32_t reserved;
} panamba_patch_embedding_args;

/*
 * x / (1 + e^-x); x Phi(x) = x (1 + erf(x / sqrt(2))) / 2, GELU in the form of the error function (Hendrycks and
 * Gimpel, arXiv 1606.08415); and max(x, 0), which is NaN of NaN.
 */
enum panamba_activation {
  PANAMBA_ACTIVATION_NONE = 0,
  PANAMBA_ACTIVATION_SILU = 1,
  PANAMBA_ACTIVATION_GELU = 2,
  PANAMBA_ACTIVATION_RELU = 3
};

enum panamba_norm_kind { PANAMBA_RMS_NORM = 0, PANAMBA_LAYER_NORM = 1 };

/*
 * Residual add and normalisation over the last axis:
 *   residual = residual_scale * residual + addend     (only if addend is given; residual is left alone otherwise)
 *   y = residual / sqrt(mean(residual^2) + eps) * weight + bias                          PANAMBA_RMS_NORM
 *   y = (residual - mean) / sqrt(mean((residual - mean)^2) + eps) * weight + bias        PANAMBA_LAYER_NORM
 *   out = activation(y)
 * Row r starts at residual + r * residual_row_stride; addend and out are dense.
 */
typedef struct {
  float *residual;     /* (rows, dim) */
  const float *addend; /* (rows, dim) or null */
  const float *weight; /* (dim) */
  const float *bias;   /* (dim) or null */
  void *out;           /* (rows, dim) */
  int64_t rows;
  int64_t dim;
  int64_t residual_row_stride;
  float residual_scale;
  float eps;
  int32_t kind;       /* panamba_norm_kind */
  int32_t dtype;      /* of out: PANAMBA_F32 or PANAMBA_BF16 */
  int32_t activation; /* panamba_activation */
  int32_t reserved;
} panamba_norm_args;

/*
 * Linear layer: out = activation(accumulate * out + input . weight^T + bias). accumulate 0 does not read out. Or, if it
 * multiplies, out = out * (input . weight^T + bias): out holds a gate. Sums are float32 whatever the types.
 */
typedef struct {
  const void *input;  /* (rows, depth) */
  const void *weight; /* packed: (columns, depth) */
  const float *bias;  /* (columns) or null */
  void *out;          /* (rows, columns) */
  int64_t rows;
  int64_t depth;
  int64_t columns;
  int64_t input_row_stride;
  int64_t out_row_stride;
  float accumulate;
  int32_t dtype;      /* of input and weight: PANAMBA_F32 or PANAMBA_BF16 */
  int32_t out_dtype;  /* PANAMBA_F32 or PANAMBA_BF16 */
  int32_t activation; /* panamba_activation */
  int32_t multiply;   /* 0; or 1 with accumulate 0 and no activation */
  int32_t reserved;
} panamba_linear_args;

/* One direction of the causal convolution; out = null leaves it out. */
typedef struct {
  const float *weight; /* (kernel, channels): weight[kernel - 1] multiplies the current row */
  const float *bias;   /* (channels) or null */
  void *out;           /* (batch, length, channels) */
} panamba_conv_direction;

/*
 * Depthwise causal convolution over the length, bias and SiLU, for both directions from one read of x (Vim algorithm 1,
 * lines 7-8):
 *   forward.out[t]  = silu(bias + sum_k weight[k] * x[t - (kernel - 1) + k])
 *   backward.out[t] = silu(bias + sum_k weight[k] * x[t + (kernel - 1) - k])
 * Rows before the first and after the last are zero, unless rows_before or rows_after say that so many rows of the same
 * sequence lie in memory there: then a piece of a sequence gives the bits of the whole.
 */
typedef struct {
  const void *x; /* (batch, length, channels) */
  panamba_conv_direction forward;
  panamba_conv_direction backward;
  int64_t batch;
  int64_t length;
  int64_t channels;
  int64_t x_row_stride;
  int64_t x_batch_stride;
  int64_t rows_before;
  int64_t rows_after;
  int32_t kernel; /* 2 .. PANAMBA_MAX_KERNEL */
  int32_t dtype;  /* of x and out: PANAMBA_F32 or PANAMBA_BF16 */
} panamba_causal_conv_args;

/*
 * One direction of the selective scan; u = null leaves it out. Row t of `projected` holds [dt (dt_rank) | B (states) |
 * C (states)]. States are channels last too: (batch, states, channels), in float32 in every mode.
 */
typedef struct {
  const void *u;              /* (batch, length, channels) */
  const float *projected;     /* (batch, length, dt_rank + 2 * states), rows projected_row_stride apart */
  const float *dt_weight;     /* (dt_rank, channels) */
  const float *dt_bias;       /* (channels) or null */
  const float *a;             /* (states, channels): A * log2(e), so that exp(dt * A) = exp2(dt * a) */
  const float *d;             /* (channels) or null */
  const float *initial_state; /* or null for zero */
  float *final_state;         /* or null */
  float *saved_states;        /* (batch, ceil(length / saved_interval), states, channels), in the order in which time
                                 runs: the states before every saved_interval-th row; or null */
} panamba_scan_direction;

/*
 * Selective state-space scan of one or both directions (Mamba algorithm 2; Vim algorithm 1, lines 9-22), fused with
 * everything pointwise:
 *   dt[t] = softplus(dt_bias + dt_weight . projected_dt[t])      softplus(v) = v > 20 ? v : log(1 + e^v)
 *   h[t]  = exp(dt[t] * A) h[t'] + dt[t] u[t] B[t]               t' = t - 1 forward, t + 1 backward
 *   y[t]  = C[t] . h[t] + D u[t]
 *   out[t] = scale * image_scale * silu(gate[t]) * (previous out[t] if accumulate + y_forward[t] + y_backward[t])
 * A long sequence may be run in pieces: hand each piece's final state to the next as its initial state, with the
 * directions in calls of their own (of a piece, either first, and the second accumulating, and gating); the bits are
 * those of one call.
 */
typedef struct {
  const void *gate;         /* z: (batch, length, channels), rows gate_row_stride apart; null for 1 */
  const float *image_scale; /* (batch), or null for 1: stochastic depth (arXiv 1603.09382) drops images here */
  void *out;                /* (batch, length, channels) */
  panamba_scan_direction forward;
  panamba_scan_direction backward;
  int64_t batch;
  int64_t length;
  int64_t channels;
  int64_t states; /* 1 .. PANAMBA_MAX_STATES */
  int64_t dt_rank;
  int64_t projected_row_stride;
  int64_t gate_row_stride;
  float scale;
  int32_t accumulate;     /* 0 or 1 */
  int32_t dtype;          /* of u, gate and out: PANAMBA_F32 or PANAMBA_BF16 */
  int32_t saved_interval; /* 1 .. PANAMBA_MAX_SAVED_INTERVAL; 0 if no states are saved */
} panamba_selective_scan_args;

/*
 * Rotary position embedding on adjacent pairs, as vim/rope.py:
 *   out[2j] = x[2j] cos[2j] - x[2j+1] sin[2j],  out[2j+1] = x[2j+1] cos[2j+1] + x[2j] sin[2j+1]
 * for tokens first .. first + positions - 1 of every sequence; the others are copied. In place if out is x.
 */
typedef struct {
  const float *x;   /* (batch, length, dim) */
  const float *cos; /* (positions, dim) */
  const float *sin; /* (positions, dim) */
  float *out;       /* (batch, length, dim) */
  int64_t batch;
  int64_t length;
  int64_t dim; /* even */
  int64_t positions;
  int64_t first;
} panamba_rotary_args;

enum panamba_pool_kind { PANAMBA_POOL_MEAN = 0, PANAMBA_POOL_MAX = 1 };

/* Mean or maximum of rows first, first + step, ..., count of them, of every sequence; count 1 picks a row. NaN wins a
 * maximum. */
typedef struct {
  const float *input; /* (batch, length, dim) */
  float *out;         /* (batch, dim) */
  int64_t batch;
  int64_t length;
  int64_t dim;
  int64_t first;
  int64_t count;
  int64_t step;
  int32_t kind; /* panamba_pool_kind */
  int32_t reserved;
} panamba_pool_args;

/*
 * Multi-head softmax attention (Vaswani et al., arXiv 1706.03762, section 3.2). Head h owns columns h * head_dim ..
 * (h + 1) * head_dim - 1 of q, k, v and out, and every image attends to itself alone:
 *   out[i] = sum over keys j of softmax over j of (scale * q[i] . k[j]) v[j]
 * Queries may be fewer than keys, where few rows of out are wanted: they have the bits that they have among all.
 * Keys are gone through in blocks, with a running maximum and a running sum per query (Milakov and Gimelshein, arXiv
 * 1805.02867; Dao et al., arXiv 2205.14135): no memory grows with the square of the length, and scores of any size are
 * right. Sums are float32 whatever the type; of bfloat16, weights e^(score - maximum) are rounded before they multiply v
 * and before they are summed. Where a linear layer writes rows of [q | k | v], the three pointers differ by heads *
 * head_dim columns, and the row strides are those of the whole row.
 */
typedef struct {
  const void *q;     /* (batch, queries, heads * head_dim), rows q_row_stride apart */
  const void *k;     /* (batch, length, heads * head_dim), rows k_row_stride apart */
  const void *v;     /* (batch, length, heads * head_dim), rows v_row_stride apart */
  void *out;         /* (batch, queries, heads * head_dim), rows out_row_stride apart */
  float *statistics; /* (batch, heads, 2, queries): per query, the maximum m of q[i] . k[j], and the sum over keys of
                        e^(scale (q[i] . k[j] - m)); or null */
  int64_t batch;
  int64_t queries; /* 1 .. length */
  int64_t length;
  int64_t heads;
  int64_t head_dim; /* 1 .. PANAMBA_MAX_HEAD_DIM */
  int64_t q_row_stride;
  int64_t k_row_stride;
  int64_t v_row_stride;
  int64_t out_row_stride;
  float scale;   /* above 0 and finite; head_dim^-1/2 as a rule */
  int32_t dtype; /* of q, k, v and out: PANAMBA_F32 or PANAMBA_BF16 */
} panamba_attention_args;

/*
 * Two-dimensional convolution (a cross-correlation, as torch.nn.Conv2d), with zeros around the image:
 *   out[b, y, x] = activation(accumulate * out[b, y, x] + bias
 *                  + sum over ky, kx of weight[ky, kx] . input[b, stride y + ky - padding, stride x + kx - padding])
 * where out_height = (height + 2 padding - kernel_height) / stride + 1, rounded down, and out_width likewise. Transposed
 * (torch.nn.ConvTranspose2d, and the gradient of the input of the convolution above) it is
 *   out[b, y, x] = activation(accumulate * out[b, y, x] + bias
 *                  + sum over ky, kx of weight[ky, kx] . input[b, (y + padding - ky) / stride, (x + padding - kx) / stride])
 * over those ky and kx for which both are whole numbers inside the input; height = (out_height + 2 padding -
 * kernel_height) / stride + 1, rounded down, and width likewise, so that several sizes of out belong to one of input.
 * Pixels of input are rows of channels; or input is planar, float32 or bytes, rounded to dtype, and no pixel is copied
 * but to the stack. Sums are float32 whatever the types, and accumulate 0 does not read out.
 */
typedef struct {
  const void *input;         /* (batch, height, width, channels), pixels input_pixel_stride apart; planar: (batch,
                                channels, height, width) */
  const float *pixel_values; /* (channels, 256): the number that a byte of a planar input stands for; or null */
  const void *weight; /* kernel_height * kernel_width packed matrices (columns, channels) one behind the other, in
                                the order of ky, kx; planar: one packed matrix (columns, channels * kernel_height *
                                kernel_width), as PyTorch stores it */
  const float *bias;  /* (columns) or null */
  void *out;          /* (batch, out_height, out_width, columns) */
  int64_t batch;
  int64_t height;
  int64_t width;
  int64_t channels; /* 1 .. PANAMBA_MAX_CONV_CHANNELS */
  int64_t columns;
  int64_t kernel_height; /* 1 .. PANAMBA_MAX_CONV_SIDE */
  int64_t kernel_width;
  int64_t stride;  /* 1 .. PANAMBA_MAX_CONV_SIDE */
  int64_t padding; /* 0 .. PANAMBA_MAX_CONV_SIDE, below both sides of the kernel */
  int64_t out_height;
  int64_t out_width;
  int64_t input_pixel_stride; /* not looked at where the input is planar */
  float accumulate;
  int32_t planar;     /* 0 or 1; channels * kernel_height * kernel_width <= PANAMBA_MAX_PLANAR_DEPTH then */
  int32_t transposed; /* 0 or 1, and not planar then */
  int32_t dtype;      /* of weight, and of input where it is not planar: PANAMBA_F32 or PANAMBA_BF16 */
  int32_t out_dtype;  /* PANAMBA_F32 or PANAMBA_BF16 */
  int32_t activation; /* panamba_activation */
} panamba_conv2d_args;

/*
 * Depthwise convolution of an odd side k over a grid, stride 1, with zeros around it:
 *   out[b, y, x] = gate[b, y, x] * activation(bias + sum over ky, kx of weight[ky, kx] * x[b, y + ky - k/2, x + kx - k/2])
 * channel by channel (torch.nn.Conv2d with groups = channels). Flipped, ky and kx count the other way round, which makes
 * it the gradient of x. Taps outside of the grid are left out.
 */
typedef struct {
  const void *x;       /* (batch, height, width, channels), pixels x_pixel_stride apart */
  const float *weight; /* (side, side, channels) */
  const float *bias;   /* (channels) or null */
  const void *gate;    /* (batch, height, width, channels), pixels gate_pixel_stride apart; or null for 1. May be out,
                          with its stride */
  void *out;           /* (batch, height, width, channels), pixels out_pixel_stride apart */
  int64_t batch;
  int64_t height;
  int64_t width;
  int64_t channels;
  int64_t x_pixel_stride;
  int64_t gate_pixel_stride;
  int64_t out_pixel_stride;
  int32_t side;       /* 3, 5 or 7 */
  int32_t dtype;      /* of x, gate and out: PANAMBA_F32 or PANAMBA_BF16 */
  int32_t activation; /* panamba_activation */
  int32_t flipped;    /* 0 or 1 */
} panamba_depthwise_args;

/* A gate: out = gate * x, element by element. */
typedef struct {
  const void *gate; /* (rows, columns), rows gate_row_stride apart */
  const void *x;    /* (rows, columns), rows x_row_stride apart */
  void *out;        /* (rows, columns), rows out_row_stride apart; may be gate or x, with its stride */
  int64_t rows;
  int64_t columns;
  int64_t gate_row_stride;
  int64_t x_row_stride;
  int64_t out_row_stride;
  int32_t dtype; /* of all three: PANAMBA_F32 or PANAMBA_BF16 */
  int32_t reserved;
} panamba_gate_args;

/*
 * Patch merging (Swin, arXiv 2103.14030, section 3.1; VMamba, arXiv 2401.10166): every 2 x 2 pixels as one row,
 *   out[b, y, x] = [x[b, 2y, 2x], x[b, 2y + 1, 2x], x[b, 2y, 2x + 1], x[b, 2y + 1, 2x + 1]]
 * with zeros below and at the right of odd sides. Reversed, x is written from out: the gradient.
 */
typedef struct {
  float *x;   /* (batch, height, width, channels); only read unless reversed */
  float *out; /* (batch, ceil(height / 2), ceil(width / 2), 4 * channels); only read if reversed */
  int64_t batch;
  int64_t height;
  int64_t width;
  int64_t channels;
  int32_t reversed; /* 0 or 1 */
  int32_t reserved;
} panamba_patch_merging_args;

/* out[i] = accumulate * out[i] + scale * sum over p < count of parts[p * part_stride + i], for i < width. accumulate 0
 * does not read out. */
typedef struct {
  const float *parts;
  float *out; /* (width) */
  int64_t count;
  int64_t width;
  int64_t part_stride; /* at least width */
  float accumulate;
  float scale;
} panamba_sum_args;

/* Rows in another type: out = x, rounded to nearest even from float32 to bfloat16. */
typedef struct {
  const void *x; /* (rows, columns), rows x_row_stride apart */
  void *out;     /* (rows, columns), rows out_row_stride apart */
  int64_t rows;
  int64_t columns;
  int64_t x_row_stride;
  int64_t out_row_stride;
  int32_t dtype;     /* of x: PANAMBA_F32 or PANAMBA_BF16 */
  int32_t out_dtype; /* PANAMBA_F32 or PANAMBA_BF16 */
} panamba_convert_args;

/*
 * Walks of the cross scan over the pixels of an image, in their order. "By rows" goes along every row, one row after the
 * other, and "by columns" along every column; reversed, a walk begins at the last pixel.
 *   PANAMBA_WALKS_CROSS   by rows, by columns, by rows reversed, by columns reversed
 *   PANAMBA_WALKS_UNIDI   by rows four times
 *   PANAMBA_WALKS_BIDI    by rows twice, by rows reversed twice
 */
enum panamba_walks { PANAMBA_WALKS_CROSS = 0, PANAMBA_WALKS_UNIDI = 1, PANAMBA_WALKS_BIDI = 2 };

/*
 * Selective scan of an image along four walks (VMamba's SS2D, arXiv 2401.10166, section 4.2). Walk k has parameters of
 * its own, and of the step t, at a pixel p,
 *   dt = softplus(dt_bias[k] + dt_weight[k] . projected_dt[p, k])       softplus as in PANAMBA_SELECTIVE_SCAN
 *   h  = exp(dt * A[k]) h + dt u[p] B[p, k]                             from 0 at the walk's first pixel
 *   y_k[p] = C[p, k] . h
 * A state goes on across the ends of rows and columns. All walks are added in their order:
 *   out[p] = (d[0] + d[1] + d[2] + d[3]) u[p] + y_0[p] + y_1[p] + y_2[p] + y_3[p]
 * A row of `projected` is of a pixel, whatever the walk: one product of u and the weights of all walks makes it. It holds
 * [dt (dt_rank) | B (states) | C (states)] of each walk.
 */
typedef struct {
  const void *u;          /* (batch, height, width, channels) */
  const float *projected; /* (batch, height * width, 4 * (dt_rank + 2 * states)), rows projected_row_stride apart */
  const float *dt_weight; /* (4, dt_rank, channels) */
  const float *dt_bias;   /* (4, channels) or null */
  const float *a;         /* (4, states, channels): A * log2(e) */
  const float *d;         /* (4, channels) or null */
  float *out;             /* (batch, height, width, channels) */
  float *saved_states;    /* (4, batch, ceil(height * width / saved_interval), states, channels), of each walk in its
                             order: the states before every saved_interval-th pixel; or null */
  int64_t batch;
  int64_t height;
  int64_t width;
  int64_t channels;
  int64_t states; /* 1 .. PANAMBA_MAX_STATES */
  int64_t dt_rank;
  int64_t projected_row_stride;
  int32_t walks;          /* panamba_walks */
  int32_t dtype;          /* of u: PANAMBA_F32 or PANAMBA_BF16 */
  int32_t saved_interval; /* 1 .. PANAMBA_MAX_SAVED_INTERVAL; 0 if no states are saved */
  int32_t reserved;
} panamba_cross_scan_args;

/*
 * Bilinear resize of a map, without smoothing (torch.nn.functional.interpolate). With side 1,
 *   out[b, y, x] = activation(accumulate * out[b, y, x] + resized[b, y, x])
 * where pixel i of an axis comes from position max((i + 1/2) size / out_size - 1/2, 0) of the other, or, if the corners
 * of both are to meet, from i (size - 1) / (out_size - 1), 0 if out_size is 1; positions between two pixels mix them, and
 * behind the last one count as the last. With side 3 pixels of x hold the products of a pixel and the nine taps of a
 * convolution, one tap after the other in the order of ky, kx, and
 *   out[b, y, x] = activation(accumulate * out[b, y, x] + sum over ky, kx of resized[ky, kx][b, y + ky - 1, x + kx - 1])
 * with zeros around the resized map: a convolution of the resized map, since a product of every pixel commutes with a
 * resize. accumulate 0 does not read out.
 */
typedef struct {
  const float *x; /* (batch, height, width, side * side * channels), pixels x_pixel_stride apart */
  float *out;     /* (batch, out_height, out_width, channels), pixels out_pixel_stride apart */
  int64_t batch;
  int64_t height;
  int64_t width;
  int64_t channels;
  int64_t out_height;
  int64_t out_width;
  int64_t x_pixel_stride;
  int64_t out_pixel_stride;
  float accumulate;
  int32_t side;       /* 1 or 3 */
  int32_t corners;    /* 0 or 1: whether the corners of both maps meet (align_corners) */
  int32_t activation; /* panamba_activation */
} panamba_resize_args;

/*
 * The mean or the maximum of windows of a map, channel by channel. The mean is that of adaptive windows
 * (torch.nn.AdaptiveAvgPool2d): window k of an axis has the pixels from floor(k size / out_size) up to, without,
 * ceil((k + 1) size / out_size). The maximum (torch.nn.MaxPool2d) is that of `window` x `window` pixels, `stride` apart,
 * with out_height = (height - window) / stride + 1, rounded down, and out_width likewise; NaN wins.
 */
typedef struct {
  const float *x; /* (batch, height, width, channels), pixels x_pixel_stride apart */
  float *out;     /* (batch, out_height, out_width, channels), pixels out_pixel_stride apart */
  int64_t batch;
  int64_t height;
  int64_t width;
  int64_t channels;
  int64_t out_height;
  int64_t out_width;
  int64_t x_pixel_stride;
  int64_t out_pixel_stride;
  int64_t window; /* of a maximum; 0 of a mean */
  int64_t stride; /* likewise */
  int32_t kind;   /* panamba_pool_kind */
  int32_t reserved;
} panamba_window_pool_args;

/*
 * What boxes of an image cover, each as a map of side x side pixels (RoIAlign: Mask R-CNN, arXiv 1703.06870, section 3).
 * A box is [left, top, right, bottom, level] in pixels of the image. On map `level`, the box is from corner * scale - 1/2
 * to corner * scale - 1/2, has no smallest size, and is cut into side x side bins. Along either axis a bin has
 * n = ceil(size / side) samples, at start + bin (p + (i + 1/2) / n); a sample outside of [-1, map size] counts as 0, others
 * mix the two pixels beside them, those before the first and behind the last counting as these. A bin's result is the
 * mean of its n_y n_x samples, or 0 without any. A box whose level is none of the maps, or that has a corner which is not
 * finite or a size beyond 2^30 pixels of the map, gives zeros.
 */
typedef struct {
  const float *maps[PANAMBA_MAX_ROI_LEVELS]; /* (heights[i], widths[i], channels) each; null from `levels` on */
  const float *boxes;                        /* (count, 5) */
  float *out;                                /* (count, side, side, channels) */
  int64_t heights[PANAMBA_MAX_ROI_LEVELS];
  int64_t widths[PANAMBA_MAX_ROI_LEVELS];
  int64_t channels;
  int64_t count;
  float scales[PANAMBA_MAX_ROI_LEVELS]; /* pixels of a map for one of the image */
  int32_t levels;                       /* 1 .. PANAMBA_MAX_ROI_LEVELS */
  int32_t side;                         /* 1 .. PANAMBA_MAX_ROI_SIDE */
} panamba_roi_align_args;

enum panamba_operation {
  PANAMBA_PATCH_EMBEDDING = 0,
  PANAMBA_NORM = 1,
  PANAMBA_LINEAR = 2,
  PANAMBA_CAUSAL_CONV = 3,
  PANAMBA_SELECTIVE_SCAN = 4,
  PANAMBA_ROTARY = 5,
  PANAMBA_POOL = 6,
  /* Of training; their structs are in panamba_training.h, but for panamba_pack_args and panamba_sum_args. */
  PANAMBA_PACK = 7,
  PANAMBA_PRODUCT = 8,
  PANAMBA_SUM = 9, /* of inference too */
  PANAMBA_POINTWISE = 10,
  PANAMBA_SCAN_GRADIENT = 11,
  PANAMBA_CONV_GRADIENT = 12,
  PANAMBA_NORM_GRADIENT = 13,
  PANAMBA_POOL_GRADIENT = 14,
  PANAMBA_PATCHES = 15,
  PANAMBA_CROSS_ENTROPY = 16,
  PANAMBA_SQUARES = 17,
  PANAMBA_CLIP = 18,
  PANAMBA_ADAMW = 19,
  PANAMBA_ATTENTION = 20,
  /* Of training too. */
  PANAMBA_ACTIVATION_GRADIENT = 21,
  PANAMBA_ATTENTION_GRADIENT = 22,
  PANAMBA_SCALE = 23,
  PANAMBA_SCALE_GRADIENT = 24,
  PANAMBA_PATCHES_GRADIENT = 25,
  PANAMBA_CONV2D = 26,
  PANAMBA_DEPTHWISE = 27,
  PANAMBA_GATE = 28,
  PANAMBA_PATCH_MERGING = 29,
  /* Of training too. */
  PANAMBA_CONV2D_GRADIENT = 30,
  PANAMBA_DEPTHWISE_GRADIENT = 31,
  PANAMBA_CONVERT = 32,
  PANAMBA_CROSS_SCAN = 33,
  /* Of training too. */
  PANAMBA_CROSS_SCAN_GRADIENT = 34,
  PANAMBA_RESIZE = 35,
  PANAMBA_WINDOW_POOL = 36,
  PANAMBA_ROI_ALIGN = 37,
  /* Of training too. */
  PANAMBA_RESIZE_GRADIENT = 38,
  PANAMBA_WINDOW_POOL_GRADIENT = 39
};

/* One operation of a program: its code and its struct of arguments. */
typedef struct {
  const void *args;
  int32_t operation; /* panamba_operation */
  int32_t with_next; /* 1: may run at the same time as the next step: neither writes what the other reads or writes */
} panamba_step;

/*
 * Runs `count` operations in order; each sees the results of those before it, but for steps that run with the next.
 * Threads are shared out over the tiles of all steps that run together: of two alike, each has half of the threads. All
 * arguments are checked before the first one runs, so that a refusal leaves every buffer as it was.
 */
PANAMBA_API int32_t panamba_run(panamba_executor *executor, const panamba_step *steps, int64_t count, const void *keep0,
                                const void *keep1, const void *keep2, const void *keep3, const void *keep4,
                                const void *keep5);

#ifdef __cplusplus
}
#endif

#endif

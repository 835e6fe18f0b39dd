/*
 * Panamba: the operations of Vision Mamba on an NVIDIA GPU, as a C interface.
 *
 * Conventions
 *   - Tensors, strides, formulas, element types and what may overlap are those of panamba.h, whose structs of arguments
 *     are used wherever they fit. Structs live in host memory and are read only while the function runs; every pointer
 *     to numbers in them is a device pointer, of the device that is current on the calling thread.
 *   - panamba_cuda_run() launches kernels on `stream`, a cudaStream_t (null is the default stream), and returns. It never
 *     synchronises and never allocates, so that a stream capture may contain it: call panamba_cuda_load() once per
 *     device before, since the first use of a kernel loads it. Arguments are checked before anything is launched.
 *   - Every function returns a panamba_status or PANAMBA_CUDA_ERROR. After a failure panamba_cuda_message() describes
 *     it and panamba_cuda_last_error() holds the CUDA runtime's code, per thread. What a kernel does wrong while it
 *     runs is reported by later calls of the CUDA runtime, not here.
 *   - Sums, states, dt and A are float32 whatever the types; denormal numbers count as zero. A result depends neither
 *     on the other images of a batch nor on the run: bit for bit, per architecture.
 *   - Any alignment of the element type is right. 16 bytes, with row strides and channels that are multiples of 8
 *     elements, is fastest.
 *   - Matrix products are not here: they are cuBLASLt's, on the plain row-major weights that panamba_cuda_pack() makes.
 */
#ifndef PANAMBA_CUDA_H
#define PANAMBA_CUDA_H

#include "panamba.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Changes with a release that changes a struct, an enum value or the meaning of a function of this header. */
#define PANAMBA_CUDA_ABI_VERSION 2

/* The CUDA runtime that the library is linked against, as its major version: libcudart.so.13. */
#define PANAMBA_CUDA_RUNTIME_MAJOR 13

/* Beside those of panamba_status: the CUDA runtime refused a call. */
enum panamba_cuda_status { PANAMBA_CUDA_ERROR = 16 };

/* ---- The library ---- */

PANAMBA_API int32_t panamba_cuda_abi_version(void);

/* A line of text: version, compiler, architectures. Never null. Touches no device. */
PANAMBA_API const char *panamba_cuda_build_description(void);

/* What went wrong last on this thread; "" if nothing did. Valid until the thread's next failure. */
PANAMBA_API const char *panamba_cuda_message(void);

/* The cudaError_t behind this thread's last PANAMBA_CUDA_ERROR; 0 if there was none. */
PANAMBA_API int32_t panamba_cuda_last_error(void);

/*
 * Loads every kernel onto the current device, so that nothing is left to load when work is captured.
 * PANAMBA_UNSUPPORTED: the library has no code for this device. Call it outside of stream captures.
 */
PANAMBA_API int32_t panamba_cuda_load(void);

/* Writes a device's name, with its final zero, to `bytes` bytes, cut off where they end. */
PANAMBA_API int32_t panamba_cuda_device_name(int32_t ordinal, char *name, int64_t bytes);

/* ---- Weights ---- */

/* Elements of a row of a packed matrix: the depth, and zeros that make it a multiple of 16 bytes. */
PANAMBA_API int64_t panamba_cuda_packed_depth(int64_t depth, int32_t dtype);

/* Bytes of a packed (columns, depth) matrix of `dtype`, or -1 if the sizes are not positive or too large. */
PANAMBA_API int64_t panamba_cuda_packed_size(int64_t columns, int64_t depth, int32_t dtype);

/*
 * On the host, from host memory to host memory: element n * panamba_cuda_packed_depth() + k of `packed` becomes
 * row_scale[n] * source[n * column_stride + k * depth_stride], in float32 or rounded once to bfloat16. The caller copies
 * the result to the device. As a cuBLASLt matrix (column-major) it is (depth, columns) with that leading dimension. keep0
 * and keep1 are not looked at, as in panamba.h.
 */
PANAMBA_API int32_t panamba_cuda_pack(const panamba_pack_args *args, const void *keep0, const void *keep1);

/* ---- Operations ---- */

/*
 * Codes beside those of panamba_operation, of which PANAMBA_NORM, PANAMBA_CAUSAL_CONV, PANAMBA_ROTARY, PANAMBA_POOL,
 * PANAMBA_SUM, PANAMBA_ATTENTION, PANAMBA_DEPTHWISE, PANAMBA_GATE, PANAMBA_PATCH_MERGING, PANAMBA_CONVERT and
 * PANAMBA_CROSS_SCAN run here, with the structs of panamba.h. Attention's products are of float32, without tensor cores,
 * unless its type is bfloat16, head_dim a multiple of 8, and k and v are aligned to 16 bytes, their strides included.
 * Around a depthwise convolution's grid are zeros, with which its weights are multiplied. Patch merging is not reversed
 * here, and a cross scan saves no states (PANAMBA_UNSUPPORTED).
 */
enum panamba_cuda_operation {
  PANAMBA_CUDA_GATHER = 256,       /* panamba_cuda_gather_args */
  PANAMBA_CUDA_PLACE_TOKENS = 257, /* panamba_cuda_embedding_args */
  PANAMBA_CUDA_EPILOGUE = 258,     /* panamba_cuda_epilogue_args */
  PANAMBA_CUDA_SCAN = 259          /* panamba_cuda_scan_args */
};

/* Bytes of workspace that a step needs on the current device; -1 if they depend on arguments that are refused. */
PANAMBA_API int64_t panamba_cuda_workspace(const panamba_step *step);

/*
 * Launches one step. `workspace` has panamba_cuda_workspace() bytes, aligned to 16, and is null if there are none; what
 * is in it before and after means nothing, so that all steps of a stream can share one. with_next is not looked at.
 */
PANAMBA_API int32_t panamba_cuda_run(const panamba_step *step, void *workspace, void *stream);

/*
 * What lies under the kernel of a convolution (of panamba_conv2d_args, or the patches of panamba_patch_embedding_args) as
 * rows of a matrix, whose product with the weight is the convolution. Row (b, y, x) of `patches` has the numbers under the
 * kernel at place (y, x) of image b, with zeros around the image: of a planar input in the order (channel, ky, kx), of any
 * other in the order (ky, kx, channel). Numbers are rounded to dtype, and a row is filled up with zeros to
 * patch_row_stride.
 */
typedef struct {
  const void *input;         /* (batch, height, width, channels) of dtype, pixels input_pixel_stride apart; planar:
                                (batch, channels, height, width), float32, or bytes if there are pixel_values */
  const float *pixel_values; /* (channels, 256): the number that a byte of a planar input stands for; or null */
  void *patches;             /* (batch * out_height * out_width, patch_row_stride) of dtype */
  int64_t batch;
  int64_t height;
  int64_t width;
  int64_t channels;
  int64_t kernel_height;
  int64_t kernel_width;
  int64_t stride_height;
  int64_t stride_width;
  int64_t padding;
  int64_t out_height;
  int64_t out_width;
  int64_t input_pixel_stride; /* not looked at where the input is planar */
  int64_t patch_row_stride;
  int32_t planar;     /* 0 or 1 */
  int32_t transposed; /* 0 or 1, as of panamba_conv2d_args */
  int32_t dtype;      /* PANAMBA_F32 or PANAMBA_BF16 */
  int32_t reserved;
} panamba_cuda_gather_args;

/*
 * The second half of the patch embedding, after the product of the gathered patches and weight^T:
 *   out[b, j(m)] = product[b, m] + bias + position[j(m)], j skipping the class tokens' places
 *   out[b, class_index[i]] = class_token[i] + position[class_index[i]]
 * image and weight of `embedding` are not looked at.
 */
typedef struct {
  panamba_patch_embedding_args embedding;
  const float *product; /* (batch * M, dim), where M is the number of patches of an image */
} panamba_cuda_embedding_args;

/*
 * out = gate * activation(input + bias): what cuBLASLt can't fuse with a product, SiLU and GELU above all, and conversion
 * between element types. out may be input, or gate, with elements of one type and rows at the same places.
 */
typedef struct {
  const void *input; /* (rows, columns) */
  const float *bias; /* (columns) or null */
  const void *gate;  /* (rows, columns) of out_dtype, or null for 1 */
  void *out;         /* (rows, columns) */
  int64_t rows;
  int64_t columns;
  int64_t input_row_stride;
  int64_t gate_row_stride; /* not looked at without a gate */
  int64_t out_row_stride;
  int32_t input_dtype; /* PANAMBA_F32 or PANAMBA_BF16 */
  int32_t out_dtype;   /* PANAMBA_F32 or PANAMBA_BF16 */
  int32_t activation;  /* panamba_activation */
  int32_t reserved;
} panamba_cuda_epilogue_args;

/*
 * The scan of panamba_selective_scan_args, both directions in one launch: they meet in the middle of the rows, and the
 * one that comes second to a row adds what the first left in `out` (rounded to its type) and applies the gate. Where
 * `accumulate` is 1, the first adds what `out` held before. Pieces of a sequence, whose directions need calls of their
 * own, have the states of one call to the bit; their out differs by the order of a sum if `accumulate` is 1, and by a
 * rounding between the directions if `out` is bfloat16.
 *
 * How the work is cut: a thread walks along one channel of one direction, or state_lanes 4 share its states, or 16, one
 * each of up to 16 states (of more always 4). Their sums are added in the order of the single thread, so the bits are
 * the same, and the library may choose by shape and device.
 *
 * With `chunk` rows above 0 the length is cut into chunks that run at the same time, each from the state that the ones
 * before it leave: three launches, and twice the exponentials, for few images of great length. Rounding then differs
 * from an uncut scan's: bits depend on `chunk`, but still not on the batch. A caller that wants the same bits for every
 * batch size therefore uses one chunk for all of them; 0 is no cut. The workspace depends on the device, the chunk and
 * the lanes.
 */
typedef struct {
  panamba_selective_scan_args scan;
  int64_t chunk;       /* rows of a chunk, or 0 */
  int32_t state_lanes; /* 1, 4, 16, or 0 for the library's choice */
  int32_t reserved;
} panamba_cuda_scan_args;

/* The `chunk` with which these arguments are likely fastest on the current device, perhaps 0; -1 if they are refused.
 */
PANAMBA_API int64_t panamba_cuda_scan_chunk(const panamba_cuda_scan_args *args);

#ifdef __cplusplus
}
#endif

#endif

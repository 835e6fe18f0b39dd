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
#define PANAMBA_CUDA_ABI_VERSION 1

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

/* Bytes of a (columns, depth) matrix of `dtype` without gaps, or -1 if the sizes are not positive or too large. */
PANAMBA_API int64_t panamba_cuda_packed_size(int64_t columns, int64_t depth, int32_t dtype);

/*
 * On the host, from host memory to host memory: element n * depth + k of `packed` becomes row_scale[n] * source[n *
 * column_stride + k * depth_stride], in float32 or rounded once to bfloat16. The caller copies the result to the
 * device. As a cuBLASLt matrix (column-major) it is (depth, columns) with leading dimension depth. keep0 and keep1 are
 * not looked at, as in panamba.h.
 */
PANAMBA_API int32_t panamba_cuda_pack(const panamba_pack_args *args, const void *keep0, const void *keep1);

/* ---- Operations ---- */

/*
 * Codes beside those of panamba_operation, of which PANAMBA_NORM, _CAUSAL_CONV, _ROTARY, _POOL, _ATTENTION and
 * _CROSS_SCAN run here, with the structs of panamba.h. Attention's products are of float32, without tensor cores.
 */
enum panamba_cuda_operation {
  PANAMBA_CUDA_GATHER_PATCHES = 256, /* panamba_cuda_embedding_args */
  PANAMBA_CUDA_PLACE_TOKENS = 257,   /* panamba_cuda_embedding_args */
  PANAMBA_CUDA_EPILOGUE = 258,       /* panamba_cuda_epilogue_args */
  PANAMBA_CUDA_SCAN = 259            /* panamba_cuda_scan_args */
};

/* Bytes of workspace that a step needs on the current device; -1 if they depend on arguments that are refused. */
PANAMBA_API int64_t panamba_cuda_workspace(const panamba_step *step);

/*
 * Launches one step. `workspace` has panamba_cuda_workspace() bytes, aligned to 16, and is null if there are none; what
 * is in it before and after means nothing, so that all steps of a stream can share one. with_next is not looked at.
 */
PANAMBA_API int32_t panamba_cuda_run(const panamba_step *step, void *workspace, void *stream);

/*
 * The patch embedding, in two steps around the product of `patches` and weight^T.
 *
 * PANAMBA_CUDA_GATHER_PATCHES: row b * M + m of `patches` becomes patch m of image b, rounded to embedding.dtype, where
 * M is the number of patches of an image. They are row-major over the grid, and a patch's numbers are ordered as the
 * convolution weight's (channel, row, column). Reads image and the sizes of `embedding`; nothing else in it is looked
 * at.
 *
 * PANAMBA_CUDA_PLACE_TOKENS:
 *   out[b, j(m)] = product[b, m] + bias + position[j(m)], j skipping the class tokens' places
 *   out[b, class_index[i]] = class_token[i] + position[class_index[i]]
 * image and weight of `embedding` are not looked at.
 */
typedef struct {
  panamba_patch_embedding_args embedding;
  void *patches;        /* (batch * M, channels * patch_height * patch_width), of embedding.dtype; to gather */
  const float *product; /* (batch * M, dim); to place */
} panamba_cuda_embedding_args;

/*
 * out = activation(input + bias): what cuBLASLt can't fuse with a product, SiLU and GELU above all, and conversion
 * between element types. In place if out is input, with elements of one type and rows at the same places.
 */
typedef struct {
  const void *input; /* (rows, columns) */
  const float *bias; /* (columns) or null */
  void *out;         /* (rows, columns) */
  int64_t rows;
  int64_t columns;
  int64_t input_row_stride;
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
 * How the work is cut: a thread has one channel of one direction and walks along the length. With state_lanes 4 four
 * neighbouring threads share a channel, each with a quarter of the states; their sums are added in the order of the
 * single thread, so the bits are the same, and the library may choose by shape and device.
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
  int32_t state_lanes; /* 1, 4, or 0 for the library's choice */
  int32_t reserved;
} panamba_cuda_scan_args;

/* The `chunk` with which these arguments are likely fastest on the current device, perhaps 0; -1 if they are refused.
 */
PANAMBA_API int64_t panamba_cuda_scan_chunk(const panamba_cuda_scan_args *args);

#ifdef __cplusplus
}
#endif

#endif

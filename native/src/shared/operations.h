/*
 * The one list of operations, in the order of their codes. A row has the code without PANAMBA_, the name and the struct
 * of arguments, and says where the operation runs:
 *
 *   CPU        on the processor; on a GPU it is made of other rows
 *   BOTH       on the processor and, with the same code and struct, on a GPU
 *   TRAINING   on the processor, of panamba_training.h
 *   GPU        on a GPU alone, of panamba_cuda.h
 *
 * Declarations of checks and kernels, the tables of both libraries and their switches over codes are made from it. CMake
 * reads it, too: a row's kernel is src/cpu/NAME.c or NAME_operation.c, and on a GPU src/cuda/NAME.cu or the folder
 * src/cuda/NAME; its test is test/test_NAME.c.
 */
#ifndef PANAMBA_OPERATIONS_H
#define PANAMBA_OPERATIONS_H

#define PANAMBA_OPERATIONS(CPU, BOTH, TRAINING, GPU)                                      \
  CPU(PATCH_EMBEDDING, patch_embedding, panamba_patch_embedding_args)                     \
  BOTH(NORM, norm, panamba_norm_args)                                                     \
  CPU(LINEAR, linear, panamba_linear_args)                                                \
  BOTH(CAUSAL_CONV, causal_conv, panamba_causal_conv_args)                                \
  CPU(SELECTIVE_SCAN, selective_scan, panamba_selective_scan_args)                        \
  BOTH(ROTARY, rotary, panamba_rotary_args)                                               \
  BOTH(POOL, pool, panamba_pool_args)                                                     \
  TRAINING(PACK, pack, panamba_pack_args)                                                 \
  TRAINING(PRODUCT, product, panamba_product_args)                                        \
  BOTH(SUM, sum, panamba_sum_args)                                                        \
  TRAINING(POINTWISE, pointwise, panamba_pointwise_args)                                  \
  TRAINING(SCAN_GRADIENT, scan_gradient, panamba_scan_gradient_args)                      \
  TRAINING(CONV_GRADIENT, conv_gradient, panamba_conv_gradient_args)                      \
  TRAINING(NORM_GRADIENT, norm_gradient, panamba_norm_gradient_args)                      \
  TRAINING(POOL_GRADIENT, pool_gradient, panamba_pool_gradient_args)                      \
  TRAINING(PATCHES, patches, panamba_patches_args)                                        \
  TRAINING(CROSS_ENTROPY, cross_entropy, panamba_cross_entropy_args)                      \
  TRAINING(SQUARES, squares, panamba_squares_args)                                        \
  TRAINING(CLIP, clip, panamba_clip_args)                                                 \
  TRAINING(ADAMW, adamw, panamba_adamw_args)                                              \
  BOTH(ATTENTION, attention, panamba_attention_args)                                      \
  TRAINING(ACTIVATION_GRADIENT, activation_gradient, panamba_activation_gradient_args)    \
  TRAINING(ATTENTION_GRADIENT, attention_gradient, panamba_attention_gradient_args)       \
  TRAINING(SCALE, scale, panamba_scale_args)                                              \
  TRAINING(SCALE_GRADIENT, scale_gradient, panamba_scale_gradient_args)                   \
  TRAINING(PATCHES_GRADIENT, patches_gradient, panamba_patches_gradient_args)             \
  CPU(CONV2D, conv2d, panamba_conv2d_args)                                                \
  BOTH(DEPTHWISE, depthwise, panamba_depthwise_args)                                      \
  BOTH(GATE, gate, panamba_gate_args)                                                     \
  BOTH(PATCH_MERGING, patch_merging, panamba_patch_merging_args)                          \
  TRAINING(CONV2D_GRADIENT, conv2d_gradient, panamba_conv2d_gradient_args)                \
  TRAINING(DEPTHWISE_GRADIENT, depthwise_gradient, panamba_depthwise_gradient_args)       \
  BOTH(CONVERT, convert, panamba_convert_args)                                            \
  BOTH(CROSS_SCAN, cross_scan, panamba_cross_scan_args)                                   \
  TRAINING(CROSS_SCAN_GRADIENT, cross_scan_gradient, panamba_cross_scan_gradient_args)    \
  CPU(RESIZE, resize, panamba_resize_args)                                                \
  CPU(WINDOW_POOL, window_pool, panamba_window_pool_args)                                 \
  CPU(ROI_ALIGN, roi_align, panamba_roi_align_args)                                       \
  TRAINING(RESIZE_GRADIENT, resize_gradient, panamba_resize_gradient_args)                \
  TRAINING(WINDOW_POOL_GRADIENT, window_pool_gradient, panamba_window_pool_gradient_args) \
  GPU(CUDA_GATHER, gather, panamba_cuda_gather_args)                                      \
  GPU(CUDA_PLACE_TOKENS, place_tokens, panamba_cuda_embedding_args)                       \
  GPU(CUDA_EPILOGUE, epilogue, panamba_cuda_epilogue_args)                                \
  GPU(CUDA_SCAN, scan, panamba_cuda_scan_args)

#define PANAMBA_NOT_HERE(code, name, type)

/* X(code, name, type) for every operation of the processor. Their codes count from 0. */
#define PANAMBA_CPU_OPERATIONS(X) PANAMBA_OPERATIONS(X, X, X, PANAMBA_NOT_HERE)

/* X(code, name, type) for every operation of a GPU. */
#define PANAMBA_CUDA_OPERATIONS(X) PANAMBA_OPERATIONS(PANAMBA_NOT_HERE, X, PANAMBA_NOT_HERE, X)

#define PANAMBA_POSITION_(code, name, type) PANAMBA_POSITION_##code,
enum { PANAMBA_CPU_OPERATIONS(PANAMBA_POSITION_) PANAMBA_OPERATION_COUNT };

#endif

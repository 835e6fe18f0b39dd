/** NVIDIA GPUs as devices: the CUDA runtime, cuBLASLt and Panamba's kernels. */
package io.panamba.runtime.internal.cuda;

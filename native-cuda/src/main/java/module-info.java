/** The kernels for NVIDIA GPUs, as the resource META-INF/native/OS-ARCH/libpanamba_cuda.so. */
module io.panamba.natives.cuda {}

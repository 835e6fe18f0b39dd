/** The native library of Panamba, as the resource META-INF/native/OS-ARCH/libpanamba.so. */
module io.panamba.natives {}

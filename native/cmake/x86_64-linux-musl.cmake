# Toolchain file: Linux on x86-64 with musl in place of glibc, by Debian's musl-gcc. Tests run on this machine.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER musl-gcc)

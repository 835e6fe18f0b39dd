# Toolchain file: GNU/Linux on aarch64, from another machine. Tests run under qemu-user, on a processor that has every
# tier.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
find_program(PANAMBA_QEMU qemu-aarch64)
if(PANAMBA_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${PANAMBA_QEMU} -cpu max -L /usr/aarch64-linux-gnu)
endif()

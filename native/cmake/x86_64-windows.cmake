# Toolchain file: Windows on x86-64, by clang with the headers and libraries of MinGW-w64. GCC won't do: it keeps AVX
# registers on a stack that Windows aligns to 16 bytes alone, by instructions that ask for 32 (its bug 54412).
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER clang)
set(CMAKE_C_COMPILER_TARGET x86_64-w64-mingw32)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)
# Debian names the folder of GCC's library so that clang does not find it.
execute_process(COMMAND x86_64-w64-mingw32-gcc -print-libgcc-file-name OUTPUT_VARIABLE libgcc
                OUTPUT_STRIP_TRAILING_WHITESPACE)
get_filename_component(libgcc_folder "${libgcc}" DIRECTORY)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-L${libgcc_folder}")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-L${libgcc_folder}")

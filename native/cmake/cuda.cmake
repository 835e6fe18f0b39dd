# libpanamba_cuda, where it is asked for: with nvcc, whatever GPU the machine has or lacks.

include(CheckLanguage)
# Wanted beyond nvcc's host side: tests compile the kernels for the host. A cross build has neither: the compilers found
# would be this machine's.
if(NOT CMAKE_CROSSCOMPILING)
  check_language(CXX)
endif()
if(CMAKE_CXX_COMPILER)
  set(CMAKE_CXX_STANDARD 17)
  set(CMAKE_CXX_EXTENSIONS OFF)
  enable_language(CXX)
else()
  message(STATUS "No C++ compiler: the CUDA kernels are not tested on the host, nor the headers as C++")
endif()

option(PANAMBA_CUDA "Build libpanamba_cuda, with nvcc of CUDA 13" OFF)

# From the oldest GPU that there is code for to the newest; anything newer translates the PTX.
set(PANAMBA_CUDA_ARCHITECTURES 80 86 89 90 100 120 CACHE STRING "Compute capabilities that libpanamba_cuda has code for")
set(cuda_targets ${PANAMBA_CUDA_ARCHITECTURES})

if(PANAMBA_CUDA)
  set(CMAKE_CUDA_ARCHITECTURES OFF)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
  endif()
  if(NOT CMAKE_CUDA_COMPILER_VERSION MATCHES "^13\\.")
    message(FATAL_ERROR "PANAMBA_CUDA is ON, but there is no nvcc of CUDA 13 on the PATH or in CUDACXX")
  endif()
endif()

# NAME.cu of every operation, or the folder NAME where it has several sources.
set(cuda_kernels "")
foreach(operation IN LISTS cuda_operations)
  set(kernel ${CMAKE_CURRENT_SOURCE_DIR}/src/cuda/${operation})
  if(IS_DIRECTORY ${kernel})
    file(GLOB sources CONFIGURE_DEPENDS ${kernel}/*.cu)
    list(APPEND cuda_kernels ${sources})
  else()
    list(APPEND cuda_kernels ${kernel}.cu)
  endif()
endforeach()
set(cuda_host_sources ${CMAKE_CURRENT_SOURCE_DIR}/src/cuda/host.c ${CMAKE_CURRENT_SOURCE_DIR}/src/cuda/run.c
                      ${shared_sources})
set(cuda_includes ${CMAKE_CURRENT_SOURCE_DIR}/include ${CMAKE_CURRENT_SOURCE_DIR}/src/cuda
                  ${CMAKE_CURRENT_SOURCE_DIR}/src/shared)

if(PANAMBA_CUDA)
  set(codes compute_80)
  foreach(target IN LISTS cuda_targets)
    list(APPEND codes sm_${target})
  endforeach()
  list(JOIN codes "," codes)

  set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
  add_library(panamba_cuda SHARED ${cuda_kernels} ${cuda_host_sources} src/cuda/library.cu)
  target_include_directories(panamba_cuda PRIVATE ${cuda_includes})
  set(description "panamba_cuda ${PROJECT_VERSION}, nvcc ${CMAKE_CUDA_COMPILER_VERSION}, ${codes}")
  target_compile_definitions(panamba_cuda PRIVATE "PANAMBA_CUDA_DESCRIPTION=\"${description}\"")
  # Products and sums are fused exactly where the source says so; denormals count as zero.
  list(JOIN warnings "," host_warnings)
  string(REGEX REPLACE "-W(pedantic|conversion|undef|strict-prototypes|missing-prototypes|vla|shadow),?" "" host_warnings
                       "${host_warnings}")
  target_compile_options(panamba_cuda PRIVATE
    "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-gencode arch=compute_80,code=[${codes}] --fmad=false --ftz=true --compress-mode=size -Xptxas -v -Werror all-warnings -Xcompiler ${host_warnings},-ffp-contract=off,-fno-exceptions,-fno-threadsafe-statics>"
    "$<$<COMPILE_LANGUAGE:C>:${warnings};${arithmetic}>")
  set_target_properties(panamba_cuda PROPERTIES
    CUDA_STANDARD 17 CUDA_STANDARD_REQUIRED ON CUDA_EXTENSIONS OFF CUDA_RUNTIME_LIBRARY Shared
    C_VISIBILITY_PRESET hidden CUDA_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON
    BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH ""
    CUDA_COMPILER_LAUNCHER ${CMAKE_CURRENT_SOURCE_DIR}/cmake/keep-resources)
  # Stripped: local symbols have names of nvcc's temporary files, which are another process's each time.
  target_link_options(panamba_cuda PRIVATE -Wl,-z,defs -Wl,--as-needed -Wl,--gc-sections -Wl,--strip-all)
  install(TARGETS panamba_cuda LIBRARY DESTINATION . COMPONENT cuda)
endif()

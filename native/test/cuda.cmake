# Tests of libpanamba_cuda. The programs of the operations run twice on top of it: with the kernels compiled for the
# host, where indices, borders and memory are checked without a GPU, and on a GPU; without one these show as skipped.

add_executable(test_cuda_arithmetic test_cuda_arithmetic.c)
target_include_directories(test_cuda_arithmetic PRIVATE ${cuda_includes})
target_link_libraries(test_cuda_arithmetic PRIVATE panamba_test_support)
add_test(NAME cuda_arithmetic COMMAND test_cuda_arithmetic)

include(cuda_support.cmake)

if(CMAKE_CXX_COMPILER)
  add_cuda_on_host(panamba_cuda_emulated)
  add_cuda_tests(cuda-emulated panamba_cuda_emulated cuda_device_host.c)
endif()

if(PANAMBA_CUDA)
  find_package(CUDAToolkit 13 REQUIRED)
  add_cuda_tests(cuda panamba_cuda cuda_device_gpu.c)
  target_link_libraries(cuda_support_cuda PUBLIC CUDA::cudart)
  add_executable(test_cuda_errors test_cuda_errors.c)
  target_link_libraries(test_cuda_errors PRIVATE cuda_support_cuda)
  add_test(NAME cuda_errors COMMAND test_cuda_errors)
  add_symbols_test(panamba_cuda)

  find_program(PANAMBA_CXXFILT c++filt)
  if(PANAMBA_CXXFILT)
    set(resources ${CMAKE_COMMAND} -DFOLDER=${PROJECT_BINARY_DIR}/CMakeFiles/panamba_cuda.dir
                  "-DCOMPILER=nvcc ${CMAKE_CUDA_COMPILER_VERSION}" -DCXXFILT=${PANAMBA_CXXFILT}
                  -DTABLE=${PROJECT_SOURCE_DIR}/../docs/cuda-resources.md)
    set(script -P ${CMAKE_CURRENT_SOURCE_DIR}/cuda_resources.cmake)
    add_test(NAME cuda_resources COMMAND ${resources} ${script})
    add_custom_target(cuda_resources COMMAND ${resources} -DWRITE=ON ${script} DEPENDS panamba_cuda VERBATIM)
  else()
    message(STATUS "No c++filt: the table of the CUDA kernels' registers is not checked")
  endif()

  add_test(NAME cuda_issue_slots COMMAND ${PROJECT_SOURCE_DIR}/../tools/scan-issue-slots)
  add_test(NAME cuda_cross_scan_issue_slots COMMAND ${PROJECT_SOURCE_DIR}/../tools/cross-scan-issue-slots)
  set_tests_properties(cuda_issue_slots cuda_cross_scan_issue_slots PROPERTIES SKIP_RETURN_CODE 77
                       ENVIRONMENT "NVCC=${CMAKE_CUDA_COMPILER}")

  # What tests libpanamba_cuda alone, without the processor's library: the target cuda_tests and the label cuda.
  list(TRANSFORM cuda_programs REPLACE "(.+)" "test_\\1_cuda" OUTPUT_VARIABLE programs)
  add_custom_target(cuda_tests DEPENDS ${programs} test_cuda_errors)
  get_property(tests DIRECTORY PROPERTY TESTS)
  list(FILTER tests INCLUDE REGEX "\\.cuda$|^cuda_|\\.panamba_cuda$")
  list(REMOVE_ITEM tests cuda_arithmetic)
  set_tests_properties(${tests} PROPERTIES LABELS cuda)
endif()

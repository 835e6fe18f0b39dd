# Tests of libpanamba_cuda. The programs of the operations run twice on top of it: with the kernels compiled for the
# host, where indices, borders and memory are checked without a GPU, and on a GPU; without one these show as skipped.

add_executable(test_cuda_arithmetic test_cuda_arithmetic.c)
target_include_directories(test_cuda_arithmetic PRIVATE ${cuda_includes})
target_link_libraries(test_cuda_arithmetic PRIVATE panamba_test_support)
add_test(NAME cuda_arithmetic COMMAND test_cuda_arithmetic)

set(cuda_programs causal_conv cuda_operations cuda_scan norm patch_embedding pool rotary scan_pieces selective_scan)

# A library of the test support on top of `library`, and the programs linked with it.
function(add_cuda_tests kind library device)
  add_library(cuda_support_${kind} STATIC ${support_sources} scan_case.c cuda_program.c ${device})
  target_include_directories(cuda_support_${kind} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${cuda_includes})
  target_compile_definitions(cuda_support_${kind} PUBLIC _GNU_SOURCE PANAMBA_TEST_CUDA PANAMBA_TEST_THIN)
  if(PANAMBA_SANITIZE)
    target_compile_definitions(cuda_support_${kind} PUBLIC PANAMBA_TEST_SANITIZED)
  endif()
  target_compile_options(cuda_support_${kind} PUBLIC $<$<COMPILE_LANGUAGE:C>:${warnings}> ${sanitizers})
  target_link_options(cuda_support_${kind} PUBLIC ${sanitizers})
  target_link_libraries(cuda_support_${kind} PUBLIC ${library} m)
  foreach(program IN LISTS cuda_programs)
    add_executable(test_${program}_${kind} test_${program}.c)
    target_link_libraries(test_${program}_${kind} PRIVATE cuda_support_${kind})
    add_test(NAME ${program}.${kind} COMMAND test_${program}_${kind} ${kind})
    set_tests_properties(${program}.${kind} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600)
  endforeach()
endfunction()

if(CMAKE_CXX_COMPILER)
  set_source_files_properties(${cuda_kernels} PROPERTIES LANGUAGE CXX)
  add_library(panamba_cuda_emulated STATIC ${cuda_kernels} ${cuda_host_sources})
  target_include_directories(panamba_cuda_emulated PRIVATE ${cuda_includes})
  target_compile_definitions(panamba_cuda_emulated PRIVATE "PANAMBA_CUDA_DESCRIPTION=\"emulated\"")
  list(REMOVE_ITEM warnings -Wstrict-prototypes -Wmissing-prototypes)
  target_compile_options(panamba_cuda_emulated PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-xc++> ${warnings} ${arithmetic} ${sanitizers} -O2)
  add_cuda_tests(cuda-emulated panamba_cuda_emulated cuda_device_host.c)
  target_link_libraries(cuda_support_cuda-emulated PUBLIC stdc++)
endif()

if(panamba_has_cuda)
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
  set_tests_properties(cuda_issue_slots PROPERTIES SKIP_RETURN_CODE 77
                       ENVIRONMENT "NVCC=${CMAKE_CUDA_COMPILER}")
endif()

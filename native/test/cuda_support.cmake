# What tests of the CUDA kernels are built of, on the host and on a GPU.

# The tests of operations that run on a GPU as they are, and of those that are made of several there.
set(cuda_programs ${shared_operations} conv2d cuda_cross_scan cuda_operations cuda_scan patch_embedding scan_pieces
                  selective_scan)

# The kernels compiled for the host.
function(add_cuda_on_host library)
  set_source_files_properties(${cuda_kernels} PROPERTIES LANGUAGE CXX)
  add_library(${library} STATIC ${cuda_kernels} ${cuda_host_sources})
  target_include_directories(${library} PRIVATE ${cuda_includes})
  target_compile_definitions(${library} PRIVATE "PANAMBA_CUDA_DESCRIPTION=\"on the host\"" ${ARGN})
  list(REMOVE_ITEM warnings -Wstrict-prototypes -Wmissing-prototypes)
  target_compile_options(${library} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-xc++> ${warnings} ${arithmetic} ${sanitizers} -O2)
  target_link_libraries(${library} PUBLIC Threads::Threads stdc++)
endfunction()

# A library of the test support on top of `library`.
function(add_cuda_support kind library device)
  add_library(cuda_support_${kind} STATIC ${support_sources} cross_case.c scan_case.c cuda_program.c ${device})
  target_include_directories(cuda_support_${kind} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${cuda_includes})
  target_compile_definitions(cuda_support_${kind} PUBLIC _GNU_SOURCE PANAMBA_TEST_CUDA PANAMBA_TEST_THIN)
  if(PANAMBA_SANITIZE STREQUAL "ADDRESS")
    target_compile_definitions(cuda_support_${kind} PUBLIC PANAMBA_TEST_SANITIZED)
  endif()
  target_compile_options(cuda_support_${kind} PUBLIC $<$<COMPILE_LANGUAGE:C>:${warnings}> ${sanitizers})
  target_link_options(cuda_support_${kind} PUBLIC ${sanitizers})
  target_link_libraries(cuda_support_${kind} PUBLIC ${library} m)
endfunction()

# The test support and the programs linked with it.
function(add_cuda_tests kind library device)
  add_cuda_support(${kind} ${library} ${device})
  foreach(program IN LISTS cuda_programs)
    add_executable(test_${program}_${kind} test_${program}.c)
    target_link_libraries(test_${program}_${kind} PRIVATE cuda_support_${kind})
    add_test(NAME ${program}.${kind} COMMAND test_${program}_${kind} ${kind})
    set_tests_properties(${program}.${kind} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600)
  endforeach()
endfunction()

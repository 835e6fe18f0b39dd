# The CUDA kernels with a thread of the host for each of theirs: a case of each in every build, and all the programs of
# their operations with PANAMBA_ALL_RACES.

option(PANAMBA_ALL_RACES "Watch every case of every CUDA kernel for races, not one of each" OFF)

if(NOT CMAKE_CXX_COMPILER)
  message(STATUS "No C++ compiler: the CUDA kernels are not watched for races")
  return()
endif()

include(cuda_support.cmake)
add_cuda_on_host(panamba_cuda_threads PANAMBA_CUDA_THREADS)

if(PANAMBA_ALL_RACES)
  add_cuda_tests(cuda-threads panamba_cuda_threads cuda_device_host.c)
else()
  add_cuda_support(cuda-threads panamba_cuda_threads cuda_device_host.c)
endif()

add_executable(test_cuda_races test_cuda_races.c)
target_link_libraries(test_cuda_races PRIVATE cuda_support_cuda-threads)
add_test(NAME cuda_races COMMAND test_cuda_races)
foreach(control IN ITEMS block.1 group.1 group.4 warp.4 block.16 group.16 warp.16)
  string(REPLACE "." ";" barrier_and_lanes ${control})
  set(name cuda_races.without_barrier.${control})
  add_test(NAME ${name} COMMAND test_cuda_races ${barrier_and_lanes})
  set_tests_properties(${name} PROPERTIES PASS_REGULAR_EXPRESSION "ThreadSanitizer: data race"
                       ENVIRONMENT "TSAN_OPTIONS=halt_on_error=1")
endforeach()

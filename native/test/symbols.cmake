# Fails unless LIBRARY exports exactly the functions that HEADER declares, and calls nothing that ends the process or
# writes to its streams. NM lists symbols.
cmake_policy(VERSION 3.18)

function(list_symbols result)
  execute_process(COMMAND ${NM} -D ${ARGN} ${LIBRARY} OUTPUT_VARIABLE output RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${NM} failed on ${LIBRARY}")
  endif()
  # The last word of each line, without a version.
  string(REGEX MATCHALL "[^ \n]+\n" words "${output}")
  string(REGEX REPLACE "(@[^;]*)?\n" "" words "${words}")
  list(SORT words)
  set(${result} ${words} PARENT_SCOPE)
endfunction()

file(READ ${HEADER} header)
string(REGEX MATCHALL "PANAMBA_API [^;#]*[ *]panamba_[a-z0-9_]+\\(" declared "${header}")
string(REGEX REPLACE "PANAMBA_API [^;]*[ *](panamba_[a-z0-9_]+)\\(" "\\1" declared "${declared}")
list(SORT declared)
list_symbols(exported --defined-only)
if(NOT exported STREQUAL declared)
  message(FATAL_ERROR "the header declares\n${declared}\nand the library exports\n${exported}")
endif()

list_symbols(imported --undefined-only)
foreach(name IN LISTS imported)
  if(name MATCHES "^_*(abort|assert_fail|assert|_?exit|quick_exit|raise|kill|p?system|err|errx|signal|sigaction|longjmp)$" OR
     name MATCHES "^_*(v?f?d?printf(_chk)?|puts|putchar|putc|fputs|fputc|fwrite|write|perror|stdout|stderr)$")
    message(FATAL_ERROR "the library uses ${name}")
  endif()
endforeach()
list(LENGTH exported count)
message(STATUS "${count} functions; what they call: ${imported}")

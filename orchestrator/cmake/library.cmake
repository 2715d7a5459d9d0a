# Flags for our own code, and the one way to declare a library of it.
add_library(orch_options INTERFACE)
target_include_directories(orch_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(orch_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                              -Woverloaded-virtual -Wno-missing-field-initializers -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(orch_options INTERFACE -Wthread-safety -Werror=thread-safety)
endif()
if(ORCH_SANITIZER)
  target_compile_options(orch_options INTERFACE -fsanitize=${ORCH_SANITIZER} -fno-omit-frame-pointer)
  target_link_options(orch_options INTERFACE -fsanitize=${ORCH_SANITIZER})
endif()

# orch_library(NAME SRCS ... [DEPS ...] [PRIVATE_DEPS ...]): target orch_NAME with alias orch::NAME.
function(orch_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(orch_${name} STATIC ${ARG_SRCS})
  add_library(orch::${name} ALIAS orch_${name})
  target_link_libraries(orch_${name} PUBLIC orch_options ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
endfunction()

# orch_test(NAME LABEL label SRCS ... [DEPS ...] [TIMEOUT seconds]): a gtest program, one ctest case per test.
function(orch_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SRCS;DEPS;PROPERTIES" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE orch_options ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST
                       PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT} ${ARG_PROPERTIES})
endfunction()

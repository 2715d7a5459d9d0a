# Flags for our own code, and the one way to declare a library of it.
add_library(orch_options INTERFACE)
target_include_directories(orch_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(orch_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                              -Woverloaded-virtual -Wno-missing-field-initializers -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(orch_options INTERFACE -Wthread-safety -Werror=thread-safety)
endif()
if(ORCH_SANITIZER)
  # Also for generated code. Without no-sanitize-recover, undefined behaviour is printed and the test passes.
  set(ORCH_SANITIZER_OPTIONS -fsanitize=${ORCH_SANITIZER} -fno-sanitize-recover=all -fno-omit-frame-pointer)
endif()
if(ORCH_SANITIZER STREQUAL "thread")
  # Protobuf's headers add members to maps when they see __SANITIZE_THREAD__, which Debian's library does not have.
  # libstdc++ derives its own macro from that one.
  list(APPEND ORCH_SANITIZER_OPTIONS -U__SANITIZE_THREAD__ -D_GLIBCXX_TSAN=1)
  # An object and no archive: it must take the place of Abseil's functions wherever it is on the command line.
  add_library(orch_tsan_abseil OBJECT ${PROJECT_SOURCE_DIR}/tests/support/tsan_abseil.cc)
  target_compile_options(orch_tsan_abseil PRIVATE -O2 -Wall -Wextra -Werror)
  target_link_options(orch_options INTERFACE $<TARGET_OBJECTS:orch_tsan_abseil>)
  target_link_libraries(orch_options INTERFACE ${CMAKE_DL_LIBS})
  add_dependencies(orch_options orch_tsan_abseil)
endif()
target_compile_options(orch_options INTERFACE ${ORCH_SANITIZER_OPTIONS})
target_link_options(orch_options INTERFACE ${ORCH_SANITIZER_OPTIONS})

# orch_library(NAME SRCS ... [DEPS ...] [PRIVATE_DEPS ...]): target orch_NAME with alias orch::NAME.
function(orch_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(orch_${name} STATIC ${ARG_SRCS})
  add_library(orch::${name} ALIAS orch_${name})
  target_link_libraries(orch_${name} PUBLIC orch_options ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
endfunction()

# orch_test(NAME LABEL label SRCS ... [DEPS ...] [TIMEOUT seconds]): a gtest program, one ctest case per test. All of one
# label are built by the target tests-LABEL. Under a sanitizer each may take ten times as long.
function(orch_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SRCS;DEPS;PROPERTIES" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  if(ORCH_SANITIZER)
    math(EXPR ARG_TIMEOUT "10 * ${ARG_TIMEOUT}")
  endif()
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE orch_options ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  if(NOT TARGET tests-${ARG_LABEL})
    add_custom_target(tests-${ARG_LABEL})
  endif()
  add_dependencies(tests-${ARG_LABEL} ${name})
  gtest_discover_tests(${name} NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST
                       PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT} ${ARG_PROPERTIES})
endfunction()

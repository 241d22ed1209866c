# The ways to declare a target. Folder = target = namespace.
# DEPS name our own targets and are checked against cmake/Layers.cmake; EXTERNAL names third-party
# ones. In the sanitizer and fuzz presets only the tests and targets which that preset is for are
# part of "all"; everything else is declared, so that it can be named, and built only on demand.

# What ./dev demo and the packages need: every program, no test.
add_custom_target(programs)

# The tests of a sanitizer preset are those with one of these labels, and never those labelled slow.
set(TILL_LABELS_asan unit contract decoder simulation)
set(TILL_LABELS_tsan runtime)
set(TILL_LABELS_fuzz)
# Four frames of each allocation are enough to find it, and cost a quarter less time than thirty.
set(TILL_ENVIRONMENT_asan "ASAN_OPTIONS=malloc_context_size=4:quarantine_size_mb=32"
  "UBSAN_OPTIONS=print_stacktrace=1")
set(TILL_ENVIRONMENT_tsan "TSAN_OPTIONS=ignore_noninstrumented_modules=1 second_deadlock_stack=1")

file(WRITE "${CMAKE_BINARY_DIR}/fuzz_targets.txt" "")

# till_build_on_demand(target): outside "all" in the presets that build only their own tests.
function(till_build_on_demand target)
  if(NOT "${TILLHOST_SANITIZER}" STREQUAL "")
    set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL TRUE)
  endif()
endfunction()

# Off in the release build of a whole ./dev test, which builds and runs these tests under asan: a
# third of all there is to compile is compiled once less.
option(TILLHOST_UNIT_TESTS "release: also build the tests that the asan preset runs" ON)

# till_test_runs_under(result sanitizer labels…)
function(till_test_runs_under result sanitizer)
  set(chosen FALSE)
  foreach(label IN LISTS ARGN)
    if(label IN_LIST TILL_LABELS_${sanitizer})
      set(chosen TRUE)
    endif()
  endforeach()
  if("slow" IN_LIST ARGN OR "integration" IN_LIST ARGN AND sanitizer STREQUAL "asan")
    set(chosen FALSE)
  endif()
  set(${result} ${chosen} PARENT_SCOPE)
endfunction()

# till_test_is_for_preset(result labels…): whether a test with these labels runs in this preset.
function(till_test_is_for_preset result)
  set(chosen TRUE)
  if(NOT "${TILLHOST_SANITIZER}" STREQUAL "")
    till_test_runs_under(chosen ${TILLHOST_SANITIZER} ${ARGN})
  elseif(NOT TILLHOST_UNIT_TESTS)
    till_test_runs_under(elsewhere asan ${ARGN})
    if(elsewhere)
      set(chosen FALSE)
    endif()
  endif()
  set(${result} ${chosen} PARENT_SCOPE)
endfunction()

# till_library(NAME base SOURCES a.cpp … DEPS os … [EXTERNAL PkgConfig::zmq …])
# EXTERNAL is linked privately, PUBLIC_EXTERNAL is for header-only vocabulary (fmt, tl::expected).
function(till_library)
  cmake_parse_arguments(A "" "NAME" "SOURCES;DEPS;EXTERNAL;PUBLIC_EXTERNAL" ${ARGN})
  if(A_SOURCES)
    add_library(${A_NAME} STATIC ${A_SOURCES})
    target_link_libraries(${A_NAME}
      PUBLIC till_options ${A_DEPS} ${A_PUBLIC_EXTERNAL}
      PRIVATE ${A_EXTERNAL})
    till_build_on_demand(${A_NAME})
  else()
    add_library(${A_NAME} INTERFACE)
    target_link_libraries(${A_NAME} INTERFACE till_options ${A_DEPS} ${A_PUBLIC_EXTERNAL})
  endif()
  till_record(${A_NAME} ${A_DEPS})
endfunction()

# till_program(NAME devd SOURCES main.cpp DEPS …): lands in build/<preset>/bin
function(till_program)
  cmake_parse_arguments(A "" "NAME" "SOURCES;DEPS;EXTERNAL" ${ARGN})
  add_executable(${A_NAME} ${A_SOURCES})
  target_link_libraries(${A_NAME} PRIVATE till_options ${A_DEPS} ${A_EXTERNAL})
  till_build_on_demand(${A_NAME})
  add_dependencies(programs ${A_NAME})
  till_record(${A_NAME} ${A_DEPS})
endfunction()

# How many times longer a test may take where every access is checked.
set(TILL_SLOWER 1)
if(NOT "${TILLHOST_SANITIZER}" STREQUAL "")
  set(TILL_SLOWER 5)
endif()

# till_test_properties(name labels timeout environment): what every entry of ctest has.
function(till_test_properties name labels timeout environment)
  math(EXPR bound "${timeout} * ${TILL_SLOWER}")
  set_tests_properties(${name} PROPERTIES
    LABELS "${labels}"
    TIMEOUT ${bound}
    ENVIRONMENT "${environment}${TILL_ENVIRONMENT_${TILLHOST_SANITIZER}}")
endfunction()

# till_test(NAME base_test SOURCES … DEPS … [EXTERNAL …] [LABELS unit] [TIMEOUT 120])
# A GoogleTest program, one ctest entry. Labels: unit (default), contract, integration, simulation
# or chaos; beside it slow (not in --quick, not under a sanitizer), decoder (bytes from outside,
# also under asan) and runtime (threads, also under tsan).
function(till_test)
  cmake_parse_arguments(A "" "NAME;TIMEOUT" "SOURCES;DEPS;EXTERNAL;LABELS" ${ARGN})
  if(NOT A_LABELS)
    set(A_LABELS unit)
  endif()
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  add_executable(${A_NAME} ${A_SOURCES})
  target_link_libraries(${A_NAME}
    PRIVATE till_options ${A_DEPS} ${A_EXTERNAL} GTest::gtest GTest::gtest_main)
  set_target_properties(${A_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  till_record(${A_NAME} ${A_DEPS})
  till_test_is_for_preset(chosen ${A_LABELS})
  if(NOT chosen)
    set_target_properties(${A_NAME} PROPERTIES EXCLUDE_FROM_ALL TRUE)
    return()
  endif()
  add_test(NAME ${A_NAME} COMMAND ${A_NAME} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  # Where .ci/tally.py counts the cases.
  till_test_properties(${A_NAME} "${A_LABELS}" ${A_TIMEOUT}
    "GTEST_OUTPUT=xml:${CMAKE_BINARY_DIR}/results/${A_NAME}.xml;")
endfunction()

# till_test_run(NAME simulation_20000 PROGRAM simulation [ARGS …] [LABELS …] [TIMEOUT 120])
# One more ctest entry for a program declared elsewhere, with arguments; one test in the count.
function(till_test_run)
  cmake_parse_arguments(A "" "NAME;PROGRAM;TIMEOUT" "ARGS;LABELS" ${ARGN})
  if(NOT A_LABELS)
    set(A_LABELS unit)
  endif()
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  till_test_is_for_preset(chosen ${A_LABELS})
  if(NOT chosen)
    return()
  endif()
  set_target_properties(${A_PROGRAM} PROPERTIES EXCLUDE_FROM_ALL FALSE)
  add_test(NAME ${A_NAME} COMMAND ${A_PROGRAM} ${A_ARGS} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  till_test_properties(${A_NAME} "${A_LABELS}" ${A_TIMEOUT} "")
endfunction()

# till_fuzz(NAME shtrih_protocol_fuzz SOURCES … DEPS … [CORPUS dir]): a libFuzzer target in preset
# fuzz, run by tests/fuzz/run; in preset asan a test that replays the seeds and changes of them.
# CORPUS is a folder of seed inputs, kept in the tree.
function(till_fuzz)
  cmake_parse_arguments(A "" "NAME;CORPUS" "SOURCES;DEPS;EXTERNAL" ${ARGN})
  if("${TILLHOST_SANITIZER}" STREQUAL "asan")
    add_executable(${A_NAME} ${A_SOURCES})
    target_link_libraries(${A_NAME} PRIVATE till_options ${A_DEPS} ${A_EXTERNAL} fuzz_replay)
    set_target_properties(${A_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/fuzz")
    till_record(${A_NAME} ${A_DEPS})
    add_test(NAME ${A_NAME} COMMAND ${A_NAME} ${A_CORPUS}
      WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
    till_test_properties(${A_NAME} decoder 120 "")
    return()
  endif()
  if(NOT "${TILLHOST_SANITIZER}" STREQUAL "fuzz")
    return()
  endif()
  add_executable(${A_NAME} ${A_SOURCES})
  target_link_libraries(${A_NAME} PRIVATE till_options ${A_DEPS} ${A_EXTERNAL} -fsanitize=fuzzer)
  set_target_properties(${A_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/fuzz")
  till_record(${A_NAME} ${A_DEPS})
  set(corpus "")
  if(A_CORPUS)
    set(corpus "${CMAKE_CURRENT_SOURCE_DIR}/${A_CORPUS}")
  endif()
  file(APPEND "${CMAKE_BINARY_DIR}/fuzz_targets.txt" "${A_NAME}|${corpus}\n")
endfunction()

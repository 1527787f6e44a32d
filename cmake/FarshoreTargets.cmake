# farshore_library(NAME dep...): a static library of every .cc in the calling folder except main files.
function(farshore_library NAME)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  list(FILTER sources EXCLUDE REGEX "main\\.cc$")
  add_library(${NAME} STATIC ${sources})
  target_link_libraries(${NAME} PUBLIC ${ARGN})
endfunction()

# farshore_test(NAME LABEL label [SANITIZE] [SERIAL] [WHOLE] [TIMEOUT s] [NEEDS fixture] DEPS dep...): one GoogleTest program
# of every *_test.cc here. Helper sources (anything else ending in .cc) are compiled in too. Labels: unit, simulation,
# integration. The sanitizer runs take unit, simulation and what is marked SANITIZE. WHOLE: the program is run once for
# all of its tests, because they share something that is slow to start.
function(farshore_test NAME)
  cmake_parse_arguments(T "SANITIZE;SERIAL;WHOLE" "LABEL;TIMEOUT;NEEDS" "DEPS;SOURCES" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  if(FARSHORE_SANITIZE)
    math(EXPR T_TIMEOUT "${T_TIMEOUT} * 5")
  endif()
  if(NOT T_SOURCES)
    file(GLOB T_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  endif()
  add_executable(${NAME} ${T_SOURCES})
  target_link_libraries(${NAME} PRIVATE ${T_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${NAME} PRIVATE
    FARSHORE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" FARSHORE_BINARY_DIR="${CMAKE_BINARY_DIR}")
  # The code of a test runs once for a moment; what it tests keeps its optimisation and its checks. Halves the
  # time of a build, and of one with sanitizers more than that. A simulation runs long enough to need both.
  if(NOT T_LABEL STREQUAL simulation)
    target_compile_options(${NAME} PRIVATE -O0 -g1)
    if(FARSHORE_SANITIZE MATCHES undefined)
      target_compile_options(${NAME} PRIVATE -fno-sanitize=undefined)
    endif()
  endif()
  # What the sanitizer runs do not take is not built for them either.
  if(FARSHORE_SANITIZE AND NOT T_SANITIZE AND T_LABEL STREQUAL integration)
    set_target_properties(${NAME} PROPERTIES EXCLUDE_FROM_ALL ON)
    return()
  endif()
  set(serial OFF)
  if(T_SERIAL)
    set(serial ON)
  endif()
  set(fixture)
  if(T_NEEDS)
    set(fixture FIXTURES_REQUIRED ${T_NEEDS})
  endif()
  # One label: a list does not survive gtest_discover_tests, and ctest -L matches a part of it anyway.
  if(T_SANITIZE)
    string(APPEND T_LABEL _sanitize)
  endif()
  if(T_WHOLE)
    add_test(NAME ${NAME} COMMAND ${NAME} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
    # CTest lets a match overrule a failure, so it must be: none passed, some skipped, and after that no failed one.
    set_tests_properties(${NAME} PROPERTIES LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT} RUN_SERIAL ${serial} ${fixture}
      SKIP_REGULAR_EXPRESSION "\\[  PASSED  \\] 0 tests\\.\n(\\[  SKIPPED \\][^\n]*\n)+\$")
    return()
  endif()
  include(GoogleTest)
  # Printed values would be addresses and bytes for most parameters, other ones in each run.
  gtest_discover_tests(${NAME} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 NO_PRETTY_VALUES
    WORKING_DIRECTORY ${CMAKE_BINARY_DIR}
    PROPERTIES LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT} RUN_SERIAL ${serial} ${fixture})
endfunction()

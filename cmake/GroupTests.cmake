# Tells ctest what tests there are: one entry for a suite instead of one for each test, since
# libtorch takes most of a second to start, and suites of many or long tests in several parts. Read
# by ctest itself (TEST_INCLUDE_FILES), each time it starts: the executable is asked, so that
# nothing is lost.
#
# In:  TEST_EXECUTABLE  the GoogleTest program
#      TEST_PARTS       a list of suite=parts; suite=each: an entry, and so a process, for each test
#      TEST_TIMEOUT     seconds of an entry, on a machine that has other things to do
if(NOT EXISTS ${TEST_EXECUTABLE})
  add_test(reverie_tests_NOT_BUILT ${TEST_EXECUTABLE})
  return()
endif()
execute_process(COMMAND ${TEST_EXECUTABLE} --gtest_list_tests OUTPUT_VARIABLE listed
                RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "${TEST_EXECUTABLE} cannot list its tests (${failed})")
endif()

# Of "every" tests of the filter, those of "part".
function(add_group name filter part parts)
  add_test(${name} ${TEST_EXECUTABLE} --gtest_filter=${filter} --gtest_brief=1)
  # ctest starts what takes longest first, as it remembers it; before it knows, suites in parts.
  set_tests_properties(${name} PROPERTIES TIMEOUT ${TEST_TIMEOUT} COST ${parts}
                       ENVIRONMENT "GTEST_TOTAL_SHARDS=${parts};GTEST_SHARD_INDEX=${part}")
endfunction()

string(REPLACE ";" "," listed "${listed}")
string(REGEX MATCHALL "[^\n]+" lines "${listed}")
set(suite "")
foreach(line IN LISTS lines)
  string(REGEX REPLACE " *#.*" "" line "${line}")  # the value of a parameter
  if(line MATCHES "^([^ ]+)\\.$")
    set(suite ${CMAKE_MATCH_1})
    set(parts 1)
    foreach(one IN LISTS TEST_PARTS)
      if(one MATCHES "^(.*)=(.*)$" AND suite STREQUAL CMAKE_MATCH_1)
        set(parts ${CMAKE_MATCH_2})
      endif()
    endforeach()
    if(parts STREQUAL "1")
      add_group(${suite} "${suite}.*" 0 1)
    elseif(NOT parts STREQUAL "each")
      foreach(part RANGE 1 ${parts})
        math(EXPR index "${part} - 1")
        add_group("${suite} (part ${part} of ${parts})" "${suite}.*" ${index} ${parts})
      endforeach()
    endif()
  elseif(parts STREQUAL "each" AND line MATCHES "^  (.+)$")
    add_group("${suite}.${CMAKE_MATCH_1}" "${suite}.${CMAKE_MATCH_1}" 0 1)
  endif()
endforeach()

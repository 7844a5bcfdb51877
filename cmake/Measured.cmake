# What is measured when the build is configured stays until what it was measured of changes: asked
# at each start, or at each configuring, it could differ from run to run, and so would the bits.

# Sets `result` to whether variable `name` is to be measured (anew): it never was, or of something
# else than `key` names. What a person has set stays.
function(reverie_to_be_measured name key result)
  set(${result} OFF PARENT_SCOPE)
  if(NOT DEFINED ${name})
    set(${result} ON PARENT_SCOPE)
  elseif(DEFINED ${name}_OF AND NOT "${${name}_OF}" STREQUAL "${key}")
    set(${result} ON PARENT_SCOPE)
  endif()
endfunction()

# Keeps what was measured of what `key` names.
function(reverie_measured name key value doc)
  set(${name} "${value}" CACHE STRING "${doc}" FORCE)
  set(${name}_OF "${key}" CACHE INTERNAL "What ${name} was measured of" FORCE)
endfunction()

# A room is a folder, a namespace and a static library of the same name. Its sources are the .cpp files in it.
function(stagedoor_room name)
  cmake_parse_arguments(ROOM "" "FLOOR" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${name}/*.cpp)
  add_library(stagedoor_${name} STATIC ${sources})
  target_link_libraries(stagedoor_${name} PUBLIC stagedoor::toolchain ${ROOM_LINKS})
  stagedoor_precompiled(stagedoor_${name})
  stagedoor_together(stagedoor_${name})
endfunction()

# Several files of a target as one for the compiler, which then reads their headers once (docs/decisions/0046). So names in unnamed
# namespaces are given once in a room; that a file includes what it needs is checked by the release build, which takes each by itself.
function(stagedoor_together target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${STAGEDOOR_TOGETHER} UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# One precompiled header for all: Asio alone costs six seconds in every file that includes it.
# The tests have a second one, with Boost.Test.
function(stagedoor_precompiled target)
  if(target STREQUAL "stagedoor_test_support")
    target_precompile_headers(${target} PRIVATE <cmake/precompiled.hpp> <boost/test/unit_test.hpp>)
  elseif(target MATCHES "^test_")
    target_precompile_headers(${target} REUSE_FROM stagedoor_test_support)
  elseif(target STREQUAL "stagedoor_core")
    target_precompile_headers(${target} PRIVATE <cmake/precompiled.hpp>)
  else()
    target_precompile_headers(${target} REUSE_FROM stagedoor_core)
  endif()
  # Coverage for libFuzzer in everything it can reach; the tests, half of all code, it cannot.
  if(STAGEDOOR_FUZZ AND NOT target MATCHES "^(test_|stagedoor_test)")
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

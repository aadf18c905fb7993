# A room is a folder, a namespace and a static library of the same name. Its sources are the .cpp files in it.
function(stagedoor_room name)
  cmake_parse_arguments(ROOM "" "FLOOR" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${name}/*.cpp)
  add_library(stagedoor_${name} STATIC ${sources})
  target_link_libraries(stagedoor_${name} PUBLIC stagedoor::toolchain ${ROOM_LINKS})
  stagedoor_precompiled(stagedoor_${name})
endfunction()

# One precompiled header for all: Asio alone costs six seconds in every file that includes it.
function(stagedoor_precompiled target)
  if(target STREQUAL "stagedoor_core")
    target_precompile_headers(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/precompiled.hpp)
  else()
    target_precompile_headers(${target} REUSE_FROM stagedoor_core)
  endif()
endfunction()

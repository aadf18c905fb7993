# The compiler, its warnings and sanitizers: everything that every target of ours is compiled with.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# The level that distributions package servers with.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
# Lines for the sanitizers' reports; types and variables for a debugger would be a quarter of the build's time.
# Debugging: cmake --preset dev -DSTAGEDOOR_DEBUG_INFO=-g
set(STAGEDOOR_DEBUG_INFO "-g1" CACHE STRING "What a debug build is compiled with for debuggers")
set(CMAKE_CXX_FLAGS_DEBUG "${STAGEDOOR_DEBUG_INFO}")

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "g++ ${CMAKE_CXX_COMPILER_VERSION} destroys temporaries twice inside co_await expressions (GCC bug 101367). "
    "Install clang-19 and configure with CC=clang-19 CXX=clang++-19 (./dev does both), or use g++ 13 or later.")
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 17)
  message(FATAL_ERROR "clang ${CMAKE_CXX_COMPILER_VERSION} is too old for this code: install clang-19.")
endif()

find_program(STAGEDOOR_CCACHE ccache)
if(STAGEDOOR_CCACHE)
  # Precompiled headers are cached by content: without the sloppiness ccache gives up on every file that uses one.
  set(STAGEDOOR_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${STAGEDOOR_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${STAGEDOOR_LAUNCHER})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${STAGEDOOR_LAUNCHER})
endif()

# SSE4.2 lets llhttp read header values sixteen bytes at a time. main() refuses to run on a processor without it.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(STAGEDOOR_CPU "x86-64-v2" CACHE STRING "The oldest processor that the program has to run on (-march)")
  add_compile_options(-march=${STAGEDOOR_CPU})
endif()

# What joins run through most is laid out for it (docs/decisions/0009). `./dev profile` makes the profile anew.
set(STAGEDOOR_PROFILE "use" CACHE STRING "Profile-guided optimisation: use, make or off")
set(STAGEDOOR_PROFILE_FILE ${PROJECT_SOURCE_DIR}/cmake/join.profdata)
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND
   CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 19 AND NOT STAGEDOOR_SANITIZE)
  if(STAGEDOOR_PROFILE STREQUAL "make")
    add_compile_options(-fprofile-generate -fprofile-update=atomic)
    add_link_options(-fprofile-generate)
  elseif(STAGEDOOR_PROFILE STREQUAL "use")
    # Code that has changed since is compiled as if there were no profile of it. Its digest is on the command line, as
    # nothing else tells ninja that the compiler reads it.
    file(SHA256 ${STAGEDOOR_PROFILE_FILE} profile_digest)
    set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${STAGEDOOR_PROFILE_FILE})
    add_compile_definitions(STAGEDOOR_PROFILED=${profile_digest})
    add_compile_options(-fprofile-use=${STAGEDOOR_PROFILE_FILE}
      -Wno-profile-instr-out-of-date -Wno-profile-instr-unprofiled -Wno-backend-plugin)
  endif()
endif()

add_library(stagedoor_toolchain INTERFACE)
add_library(stagedoor::toolchain ALIAS stagedoor_toolchain)
target_include_directories(stagedoor_toolchain INTERFACE ${PROJECT_SOURCE_DIR})
# Everything goes into executables, and the precompiled header has to be compiled as its users are: PIE throughout.
target_compile_options(stagedoor_toolchain INTERFACE
  -fPIE -Wall -Wextra -Wpedantic -Wconversion -Wnon-virtual-dtor
  # To g++ a parameter named as a type or a function of its namespace is shadowing too; to us and to clang it is not.
  # Among several files compiled as one it would be the neighbour's names.
  $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local>
  $<$<AND:$<CXX_COMPILER_ID:Clang>,$<NOT:$<BOOL:${STAGEDOOR_TOGETHER}>>>:-Wshadow>
  $<$<BOOL:${STAGEDOOR_WERROR}>:-Werror>
  $<$<CXX_COMPILER_ID:Clang>:-Xclang -fno-pch-timestamp>
  # g++ reports these inside coroutine frames, std::variant and std::string + where there is nothing to report: of a pair
  # of operators (Asio's for coroutine frames) it has inlined one, and moving a short string it takes for a long one.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-missing-field-initializers -Wno-mismatched-new-delete
  -Wno-array-bounds -Wno-stringop-overflow>
  $<$<CXX_COMPILER_ID:Clang>:-Wno-missing-designated-field-initializers -Wno-missing-field-initializers>)
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  # Standard hardening of a process that reads from strangers; the cost is within the noise of the benchmarks.
  target_compile_options(stagedoor_toolchain INTERFACE -fstack-protector-strong)
  target_compile_definitions(stagedoor_toolchain INTERFACE _GLIBCXX_ASSERTIONS)
  if(NOT STAGEDOOR_SANITIZE)
    target_compile_definitions(stagedoor_toolchain INTERFACE _FORTIFY_SOURCE=2)
  endif()
endif()
if(STAGEDOOR_SANITIZE)
  target_compile_options(stagedoor_toolchain INTERFACE
    -fsanitize=${STAGEDOOR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(stagedoor_toolchain INTERFACE -fsanitize=${STAGEDOOR_SANITIZE})
endif()
if(STAGEDOOR_FUZZ)
  # What takes the coverage in programs other than libFuzzer's; cmake/rooms.cmake says what is compiled for it.
  target_link_options(stagedoor_toolchain INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  find_program(STAGEDOOR_LLD NAMES ld.lld-19 ld.lld)
  if(STAGEDOOR_LLD)
    target_link_options(stagedoor_toolchain INTERFACE --ld-path=${STAGEDOOR_LLD})
  endif()
endif()
target_link_options(stagedoor_toolchain INTERFACE -pie -Wl,-z,relro,-z,now)

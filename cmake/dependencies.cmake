# What we build on. Each package that is missing or too old stops the configuration with the name of what to install.
function(stagedoor_need found what install)
  if(NOT ${found})
    message(FATAL_ERROR "${what} was not found. Install it with: apt-get install ${install}")
  endif()
endfunction()

find_package(Threads REQUIRED)

find_package(OpenSSL 3.0 QUIET)
stagedoor_need(OpenSSL_FOUND "OpenSSL 3.0 or later" libssl-dev)

find_package(SQLite3 3.40 QUIET)
stagedoor_need(SQLite3_FOUND "SQLite 3.40 or later" libsqlite3-dev)

find_package(fmt 9 QUIET)
stagedoor_need(fmt_FOUND "fmt 9 or later" libfmt-dev)

find_package(EXPAT 2.5 QUIET)
stagedoor_need(EXPAT_FOUND "expat 2.5 or later" libexpat1-dev)

# Its package calls only the very same minor version compatible, so the version is compared here.
find_package(simdjson QUIET)
if(simdjson_FOUND AND simdjson_VERSION VERSION_LESS 3.0)
  set(simdjson_FOUND FALSE)
endif()
stagedoor_need(simdjson_FOUND "simdjson 3.0 or later" libsimdjson-dev)
add_library(simdjson_packaged INTERFACE)
target_link_libraries(simdjson_packaged INTERFACE simdjson::simdjson)

find_path(STAGEDOOR_EXPECTED_DIR tl/expected.hpp)
stagedoor_need(STAGEDOOR_EXPECTED_DIR "tl::expected 1.0 or later" libexpected-dev)
add_library(tl_expected INTERFACE)
target_include_directories(tl_expected SYSTEM INTERFACE ${STAGEDOOR_EXPECTED_DIR})

find_path(STAGEDOOR_TOML_DIR toml++/toml.h)
stagedoor_need(STAGEDOOR_TOML_DIR "toml++ 3.3 or later" libtomlplusplus-dev)
add_library(tomlplusplus_packaged INTERFACE)
target_include_directories(tomlplusplus_packaged SYSTEM INTERFACE ${STAGEDOOR_TOML_DIR})

find_package(CLI11 2.1 QUIET)
stagedoor_need(CLI11_FOUND "CLI11 2.1 or later" libcli11-dev)

if(POLICY CMP0167)
  cmake_policy(SET CMP0167 NEW)  # CMake 3.30 and later leave finding Boost to Boost's own package
endif()
find_package(Boost 1.81 QUIET COMPONENTS unit_test_framework)
stagedoor_need(Boost_FOUND "Boost 1.81 or later" "libboost1.81-dev libboost-test1.81-dev (Debian 12) or libboost-dev libboost-test-dev")

# Standalone Asio: a header library without a CMake package. Its own detection knows only the experimental coroutine
# header, so clang has to be told that it has coroutines.
find_path(STAGEDOOR_ASIO_DIR asio.hpp)
stagedoor_need(STAGEDOOR_ASIO_DIR "standalone Asio 1.22 or later" libasio-dev)
add_library(asio_packaged INTERFACE)
add_library(asio::asio ALIAS asio_packaged)
target_include_directories(asio_packaged SYSTEM INTERFACE ${STAGEDOOR_ASIO_DIR})
target_compile_definitions(asio_packaged INTERFACE
  ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_SEPARATE_COMPILATION ASIO_HAS_CO_AWAIT=1 ASIO_HAS_STD_COROUTINE=1)
target_link_libraries(asio_packaged INTERFACE Threads::Threads)
# Asio's loop over io_uring instead of epoll: for measuring only (docs/decisions/0011).
option(STAGEDOOR_IO_URING "Let Asio wait with io_uring instead of epoll" OFF)
if(STAGEDOOR_IO_URING)
  find_library(STAGEDOOR_URING_LIB uring)
  stagedoor_need(STAGEDOOR_URING_LIB "liburing 2.3 or later" liburing-dev)
  target_compile_definitions(asio_packaged INTERFACE ASIO_HAS_IO_URING=1 ASIO_DISABLE_EPOLL=1)
  target_link_libraries(asio_packaged INTERFACE ${STAGEDOOR_URING_LIB})
endif()

# llhttp: Debian 12 ships it as C sources that each user compiles (node-llhttp); later releases as a library.
find_file(STAGEDOOR_LLHTTP_C NAMES llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH)
if(STAGEDOOR_LLHTTP_C)
  get_filename_component(llhttp_dir ${STAGEDOOR_LLHTTP_C} DIRECTORY)
  add_library(llhttp_strict STATIC ${llhttp_dir}/llhttp.c ${llhttp_dir}/http.c ${llhttp_dir}/api.c)
  target_include_directories(llhttp_strict SYSTEM PUBLIC /usr/share/include/llhttp)
  # The default of these sources is the loose parser, which obeys smuggled framing (CVE-2023-30589 and others).
  target_compile_definitions(llhttp_strict PUBLIC LLHTTP_STRICT_MODE=1)
  target_compile_options(llhttp_strict PRIVATE -O2 -w)
else()
  find_path(STAGEDOOR_LLHTTP_DIR llhttp.h)
  find_library(STAGEDOOR_LLHTTP_LIB llhttp)
  stagedoor_need(STAGEDOOR_LLHTTP_LIB "llhttp 8.1 or later" "node-llhttp (Debian 12) or libllhttp-dev")
  add_library(llhttp_strict INTERFACE)
  target_include_directories(llhttp_strict SYSTEM INTERFACE ${STAGEDOOR_LLHTTP_DIR})
  target_link_libraries(llhttp_strict INTERFACE ${STAGEDOOR_LLHTTP_LIB})
endif()

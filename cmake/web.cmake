# Scripts for browsers, written in TypeScript under web/ and bundled by esbuild: one program, without npm.
find_program(STAGEDOOR_ESBUILD esbuild)
stagedoor_need(STAGEDOOR_ESBUILD "esbuild 0.17 or later" esbuild)
execute_process(COMMAND ${STAGEDOOR_ESBUILD} --version OUTPUT_VARIABLE esbuild_version OUTPUT_STRIP_TRAILING_WHITESPACE)
if(esbuild_version VERSION_LESS 0.17)
  message(FATAL_ERROR "${STAGEDOOR_ESBUILD} is version ${esbuild_version}, and 0.17 or later is needed. "
                      "Install it with: apt-get install esbuild")
endif()

# stagedoor_bundle(room entry name): web/<entry> with all that it imports as a std::string_view `name` in the room's namespace.
function(stagedoor_bundle room entry name)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/web/${name}.js)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/web/src/*.ts ${PROJECT_SOURCE_DIR}/web/pages/*.ts ${PROJECT_SOURCE_DIR}/web/room/*.js)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${STAGEDOOR_ESBUILD} ${PROJECT_SOURCE_DIR}/web/${entry} --bundle --format=esm --minify --target=es2022
            --legal-comments=none --log-level=warning --outfile=${output}
    DEPENDS ${sources}
    COMMENT "Bundling web/${entry}"
    VERBATIM)
  stagedoor_embed(${room} ${output} ${name})
endfunction()

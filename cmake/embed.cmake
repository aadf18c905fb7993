# Files that the program carries with it. As a script (cmake -P) it writes one file as a C++ array; included, it gives
# stagedoor_embed(room file name): a std::string_view `name` in the room's namespace, declared in a header by hand. The file is one
# of the project's, or one that the build makes, by its full path.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${INPUT}" bytes HEX)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," array "${bytes}")
  file(WRITE "${OUTPUT}"
    "// ${NAME}: made from ${INPUT} by cmake/embed.cmake.\n#include <string_view>\n\n"
    "namespace ${ROOM} {\nnamespace {\nconstexpr char bytes[] = {${array}};\n}\n"
    "extern const std::string_view ${NAME};\n"
    "const std::string_view ${NAME}(bytes, sizeof bytes);\n}  // namespace ${ROOM}\n")
  return()
endif()

set(stagedoor_embed_script ${CMAKE_CURRENT_LIST_FILE})
function(stagedoor_embed room file name)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${room}/${name}.cpp)
  cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE input)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${input} -DOUTPUT=${output} -DROOM=${room} -DNAME=${name}
            -P ${stagedoor_embed_script}
    DEPENDS ${input} ${stagedoor_embed_script}
    COMMENT "Embedding ${file}"
    VERBATIM)
  target_sources(stagedoor_${room} PRIVATE ${output})
  set_source_files_properties(${output} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

// The program: hands its arguments to the commands and catches what nobody expected.
#include <cstdio>
#include <exception>

#include "app/commands.hpp"

int main(int argument_count, char** arguments) {
#ifdef __SSE4_2__
  // Compiled for processors since 2009 (cmake/compiler.cmake); others would end at a stray place.
  if (!__builtin_cpu_supports("sse4.2")) {
    std::fputs("stagedoor: this processor has no SSE4.2; build with -DSTAGEDOOR_CPU=x86-64\n",
               stderr);
    return 1;
  }
#endif
  try {
    return app::run_command(argument_count, arguments);
  } catch (const std::exception& surprise) {
    std::fprintf(stderr, "stagedoor: %s\n", surprise.what());
    return 1;
  }
}

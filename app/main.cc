// The program: hands its arguments to the commands and catches what nobody expected.
#include <cstdio>
#include <exception>

#include "app/commands.hpp"

int main(int argument_count, char** arguments) {
  try {
    return app::run_command(argument_count, arguments);
  } catch (const std::exception& surprise) {
    std::fprintf(stderr, "stagedoor: %s\n", surprise.what());
    return 1;
  }
}

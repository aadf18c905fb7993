// commands: what `stagedoor <command>` does. Each gives the process's exit status.
#pragma once

namespace app {

// 0: done. 1: it did not work, and standard error says why. 2: wrong usage.
int run_command(int argument_count, char** arguments);

}  // namespace app

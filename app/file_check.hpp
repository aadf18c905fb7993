// file_check: whether the files and folders that a configuration names can be used. Not part of
// reading it, because commands that only sign or explain must work for users who may not read the
// key.
#pragma once

#include "app/config.hpp"

namespace app {

// Notes every mistake at its key: certificate and key, the authorities, the store's folder, the
// log's file. Opens only what is read at start, and writes nothing.
void check_files(core::options& root, const config& settings);

}  // namespace app

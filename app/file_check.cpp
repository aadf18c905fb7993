#include "app/file_check.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "net/trusted_roots.hpp"

namespace app {
namespace {

std::string error_text() { return std::generic_category().message(errno); }

bool is_there(const std::string& path) {
  struct stat facts{};
  return ::stat(path.c_str(), &facts) == 0;
}

std::string folder_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

void check_folder(core::options& from, std::string_view key, const std::string& folder) {
  if (::access(folder.c_str(), F_OK) != 0)
    from.note(key, fmt::format("needs the folder {}: {}", folder, error_text()));
  else if (!std::filesystem::is_directory(folder))
    from.note(key, fmt::format("needs the folder {}, which is no folder", folder));
  else if (::access(folder.c_str(), W_OK | X_OK) != 0)
    from.note(key, fmt::format("needs to write in the folder {}: {}", folder, error_text()));
}

void check_writable(core::options& from, std::string_view key, const std::string& path) {
  if (std::filesystem::is_directory(path))
    from.note(key, fmt::format("names a folder, not a file: {}", path));
  else if (::access(path.c_str(), W_OK) != 0)
    from.note(key, fmt::format("names a file that cannot be written: {}: {}", path, error_text()));
}

// SQLite keeps its journal beside the file, so the folder must be writable too.
void check_store(core::options& from, const std::string& path) {
  if (path.empty() || path == ":memory:") return;
  check_folder(from, "path", folder_of(path));
  if (is_there(path)) check_writable(from, "path", path);
}

void check_log(core::options& from, const std::string& path) {
  if (path.empty()) return;
  if (is_there(path))
    check_writable(from, "file", path);
  else
    check_folder(from, "file", folder_of(path));
}

void check_authorities(core::options& from, const std::string& path) {
  const auto made = net::trusted_roots::from(path);
  if (!made) from.note("ca_file", "cannot be used: " + made.error().detail);
}

}  // namespace

void check_files(core::options& root, const config& settings) {
  if (settings.tls) net::check_tls_files(root.section("tls"), *settings.tls);
  check_store(root.section("store"), settings.store.path);
  check_authorities(root.section("http_client"), settings.client.ca_file);
  check_log(root.section("log"), settings.log.file);
  check_log(root.section("audit"), settings.audit.file);
}

}  // namespace app

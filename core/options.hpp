// options: one table of the configuration. Each key is asked for once, with its rule; mistakes are
// collected with their place, so that all of them can be shown at once; a key that nobody asked for
// is a mistake too.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/secret.hpp"
#include "core/small_file.hpp"

namespace core {

struct mistake {
  std::string
      where;        // "stagedoor.toml:12" or "STAGEDOOR__SERVER__LISTEN"; empty for what is missing
  std::string key;  // "server.listen"
  std::string what;  // a sentence
  std::string hint;  // what to do instead; may be empty
};
using mistakes = std::vector<mistake>;

class options {
 public:
  struct entry;
  using list = std::vector<entry>;
  using table = std::shared_ptr<options>;
  using any = std::variant<std::string, std::int64_t, double, bool, list, table>;
  struct entry {
    any value;
    std::string where;
  };

  // `path` is the table's own name ("providers.main"), empty for the root. `found` collects and
  // outlives this object. Files that settings name are read with `reader`.
  options(std::string path, std::string where, mistakes& found,
          file_reader reader = read_small_file)
      : path_(std::move(path)), where_(std::move(where)), found_(&found), reader_(reader) {}

  // Filling, by app/config.cpp and by tests.
  void set(std::string key, any value, std::string where = {});
  entry* find(std::string_view key);
  std::map<std::string, entry, std::less<>>& entries() { return entries_; }

  // Reading. Every call marks the key as known; a value of the wrong type or outside its range is
  // noted as a mistake and the default is returned, so that reading goes on to the next mistake.
  bool has(std::string_view key);
  std::string text(std::string_view key, std::string fallback);
  std::optional<std::string> text(std::string_view key);
  std::string required_text(std::string_view key);
  std::string one_of(std::string_view key, std::string fallback,
                     const std::vector<std::string>& allowed);
  std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t least,
                       std::int64_t most);
  bool flag(std::string_view key, bool fallback);
  // "90s", "15m", "1h", "250ms"; see duration_from.
  std::chrono::milliseconds duration(std::string_view key, std::chrono::milliseconds fallback,
                                     std::chrono::milliseconds least,
                                     std::chrono::milliseconds most);
  std::vector<std::string> texts(std::string_view key, std::vector<std::string> fallback = {});
  // `key`, or the content of the file that `key`_file names (without its last newline). Both set is
  // a mistake, and so is a sample value ("changeme", "secret", "your-…") or one shorter than
  // `bytes_min`; `hint` says where a good one comes from.
  std::optional<secret> secret_text(std::string_view key, std::size_t bytes_min,
                                    std::string_view hint = "openssl rand -base64 48");
  // The same for material that may be public or is no shared secret (PEM, JWKS): no check of its
  // content.
  std::optional<secret> material(std::string_view key);
  // https, or http where the host is loopback. Without a trailing slash.
  std::optional<std::string> url(std::string_view key, bool http_on_loopback);
  // A sub-table; an empty one where the key is absent.
  options& section(std::string_view key);
  // All keys of this table whose values are tables: the names under [providers].
  std::vector<std::string> section_names();
  std::vector<std::pair<std::string, std::string>> text_pairs(std::string_view key);

  // The whole file that the value of `key` names; nullopt, and a mistake at the key, where it
  // cannot be read.
  std::optional<std::string> file_content(std::string_view key, const std::string& path);

  // Notes a mistake at the key's own place.
  void note(std::string_view key, std::string what, std::string hint = {});
  // Whether the key has a mistake already: what only follows from it need not be told.
  bool noted(std::string_view key) const;
  // Notes every key that was set and never asked for, here and below, with the nearest known name.
  void note_unknown();

  const std::string& path() const { return path_; }
  // Every key that was asked for: what the documentation has to explain.
  const std::vector<std::string>& asked() const { return asked_; }

 private:
  std::string full(std::string_view key) const;
  entry* ask(std::string_view key);

  std::string path_;
  std::string where_;
  mistakes* found_;
  file_reader reader_;
  std::map<std::string, entry, std::less<>> entries_;
  std::vector<std::string> asked_;
};

// The candidate with the smallest edit distance, if it is near enough to be what was meant.
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

// True for http:// or https:// addresses of this machine only: localhost, 127.0.0.0/8, [::1].
bool is_loopback_host(std::string_view host);

}  // namespace core

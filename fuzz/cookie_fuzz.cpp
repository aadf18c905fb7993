// Bytes as a request's fields, one a line: the token that is found is a piece of one of them, and
// is found again. The same bytes as what somebody pastes for `explain --token`.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <vector>

#include "auth/pasted_credential.hpp"
#include "auth/verifier.hpp"
#include "core/encoding.hpp"

namespace {

auth::session_settings settings_of(bool bearer) {
  auth::session_settings out;
  out.bearer = bearer;
  out.cookies = {"session", "__Host-session"};
  return out;
}

std::vector<http::field_view> fields_of(std::string_view text) {
  std::vector<http::field_view> out;
  while (!text.empty() && out.size() < 100) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto colon = std::min(line.find(':'), line.size());
    out.push_back(
        {line.substr(0, colon), core::trimmed(line.substr(std::min(colon + 1, line.size())))});
  }
  return out;
}

// Cookies that are put together: pieces of Auth.js and Supabase, and those that are passed on.
auth::session_settings settings_of_pieces() {
  auth::session_settings out;
  out.bearer = false;
  out.supabase_cookies = {"sb-x-auth-token"};
  out.authjs.emplace();
  out.authjs->cookies.push_back({"authjs.session-token", {}, {}});
  out.callback.emplace();
  out.callback->cookies = {"sid"};
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto fields = fields_of(text);
  http::request_head head;
  head.fields = fields;
  std::string pieces;
  const auto together = auth::find_credential(settings_of_pieces(), head, false, pieces);
  if (together && together->text.size() > 2 * size + 16) std::abort();
  // One line of it, and no more than a name added.
  const http::field pasted = auth::field_of_pasted(settings_of_pieces(), text);
  if (pasted.value.find_first_of("\r\n") != std::string::npos || pasted.value.size() > size + 64)
    std::abort();
  for (const bool bearer : {true, false}) {
    std::string buffer;
    const auto got = auth::find_credential(settings_of(bearer), head, false, buffer);
    if (!got || got->text.empty()) continue;
    const std::string_view* found = &got->text;
    const std::less_equal<const char*> before;
    if (!before(text.data(), found->data()) ||
        !before(found->data() + found->size(), text.data() + text.size()))
      std::abort();
    if (found->find(';') != found->npos) std::abort();
  }
  return 0;
}

// Bytes as what a login answers: discovery documents, sessions of a callback, introspections. The
// first byte is the status, a line of Cache-Control follows, then the body.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/asked_answer.hpp"
#include "auth/key_fetch.hpp"

namespace {

auth::asked_settings settings_of(auth::asked_kind kind) {
  auth::asked_settings out;
  out.kind = kind;
  out.rules.audiences = {"door"};
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line_end = std::min(text.find('\n'), text.size());
  http::response answer;
  answer.status = data[0] % 2 == 0 ? 200 : 100 + data[0] * 2;
  answer.fields.push_back({"Cache-Control", std::string(text.substr(1, line_end - 1))});
  answer.body = text.substr(std::min(line_end + 1, text.size()));

  const auto fresh = auth::freshness_of(answer);
  if (fresh < std::chrono::minutes(5) || fresh > std::chrono::hours(24)) std::abort();
  const auto url = auth::jwks_url_in(answer.body, "https://login.example.com");
  if (url && !auth::may_be_fetched(*url)) std::abort();
  for (const auto kind : {auth::asked_kind::callback, auth::asked_kind::introspection}) {
    const auto [who, server_fails] =
        auth::read_answer(settings_of(kind), answer, core::wall_time{});
    if (who && server_fails) std::abort();
    if (who && (who->user.empty() || answer.status != 200)) std::abort();
  }
  return 0;
}

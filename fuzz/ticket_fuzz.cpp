// Bytes as a ticket, and as the claims of a ticket that is signed properly: what is read can be
// written again and says the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "join/tickets.hpp"
#include "jose/jwt.hpp"

namespace {

const jose::key& key() {
  static const jose::key one =
      jose::key::from_secret(core::secret(std::string(32, 'k')), jose::algorithm::hs256).value();
  return one;
}

const join::tickets& doors() {
  static const join::tickets one = [] {
    auto settings = std::make_shared<join::ticket_settings>();
    settings->keys.push_back(key());
    return join::tickets(settings, "https://door.example");
  }();
  return one;
}

void check(const std::string& text) {
  const auto now = core::from_unix_seconds(1'795'341'600);
  const auto shown = doors().read(text, now);
  if (!shown) return;
  if (shown->expired != (now >= shown->what.expires_at)) std::abort();
  if (!doors().way_back(shown->what).starts_with("https://door.example/")) std::abort();
  const auto again = doors().address_of(shown->what, now);
  if (!again) std::abort();
  const auto reread = doors().read(again->substr(again->rfind('/') + 1), now);
  if (!reread || reread->what.room != shown->what.room || reread->what.user != shown->what.user ||
      reread->what.generation != shown->what.generation || reread->expired != shown->expired)
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(std::string(text));
  const auto good = jose::sign_jwt(key(), text, "stagedoor-ticket+jwt");
  if (good) check(*good);
  return 0;
}

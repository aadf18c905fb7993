#include "api/session_api.hpp"

#include "api/error.hpp"
#include "api/parameters.hpp"
#include "core/json.hpp"
#include "core/time_text.hpp"

namespace api {
namespace {

constexpr core::json_limits revocation_limits{4 * 1024, 2, 16};
constexpr std::size_t token_id_bytes_max = 256;

core::result<std::string> text_of(const core::json_value& value, std::string_view name,
                                  std::size_t bytes_max) {
  const std::string* text = value.as_string();
  if (text && !text->empty() && text->size() <= bytes_max) return *text;
  return core::fail(bad_parameter(name, std::string(name) + " must be a text of 1 to " +
                                            std::to_string(bytes_max) + " bytes."));
}

core::result<void> read_member(core::revocation& to, std::string_view name,
                               const core::json_value& value, bool& dated) {
  if (name == "userId") {
    auto text = text_of(value, name, 255);
    if (!text) return core::same_failure(text);
    if (!core::user_id::from(*text))
      return core::fail(bad_parameter(name, "userId must be a user id."));
    to.user = std::move(*text);
    return {};
  }
  if (name == "tokenId") {
    auto text = text_of(value, name, token_id_bytes_max);
    if (!text) return core::same_failure(text);
    to.token_id = std::move(*text);
    return {};
  }
  if (name != "before")
    return core::fail(bad_parameter(name, "Members are userId, tokenId and before."));
  const auto at = value.as_string() ? core::from_rfc3339(*value.as_string()) : std::nullopt;
  if (!at) return core::fail(bad_parameter(name, "before must be a time as in RFC 3339."));
  to.before = *at;
  dated = true;
  return {};
}

// `latest`: no session that there can be now was made at that instant or later.
core::result<core::revocation> read_revocation(std::string_view body, core::wall_time latest) {
  const auto json = core::read_json(body, revocation_limits);
  if (!json || !json->as_object())
    return core::fail(bad_parameter("body", "The body must be a JSON object."));
  core::revocation out;
  bool dated = false;
  for (const auto& [name, value] : *json->as_object())
    if (auto read = read_member(out, name, value, dated); !read) return core::same_failure(read);
  if (!out.token_id.empty() && (!out.user.empty() || dated))
    return core::fail(bad_parameter("tokenId", "tokenId stands alone: it names one session."));
  if (out.token_id.empty() && out.user.empty() && !dated)
    return core::fail(bad_parameter("userId", "One of userId, tokenId and before is required."));
  // Sessions that nobody has made yet are nobody's to take back; and of two instants the later one
  // counts, so that a slip of the pen would lock people out for good.
  if (dated && out.before > latest)
    return core::fail(bad_parameter(
        "before", "before lies ahead: at most " + core::to_rfc3339(latest) + " counts now."));
  if (!dated && out.token_id.empty()) out.before = latest;
  return out;
}

}  // namespace

http::answer session_api::revoke(http::exchange& about, http::reply& out) {
  auto what = read_revocation(about.body, desk_.parts.sessions.made_before(about.now));
  if (what) return desk_.later(about, out, keep(&about, &out, std::move(*what)));
  desk_.refuse(about, out, what.error());
  return http::answered_now{};
}

core::task<void> session_api::keep(http::exchange* about, http::reply* out, core::revocation what) {
  const core::wall_time forgotten = desk_.parts.sessions.forgotten_before(about->now);
  auto kept = co_await desk_.parts.store.revoke(what, about->now, forgotten, about->deadline);
  if (!kept) {
    desk_.refuse(*about, *out, kept.error());
    co_return;
  }
  // It holds from here on, whether or not the caller stays for the answer.
  desk_.audit.revoked(*about, what);
  co_await desk_.parts.shards.announce_revocation(what);
  out->fields += "Content-Type: application/json\r\n";
  core::json_writer json(out->body);
  json.begin_object();
  if (!what.user.empty()) json.member("userId", what.user);
  if (!what.token_id.empty()) json.member("tokenId", what.token_id);
  if (what.token_id.empty()) json.member("before", core::to_rfc3339(what.before));
  json.end_object();
}

}  // namespace api

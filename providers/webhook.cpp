#include "providers/webhook.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/encoding.hpp"
#include "providers/error.hpp"

namespace providers {
namespace {

constexpr core::json_limits body_limits{64 * 1024, 12, 4'000};
// Seconds stay below this until the year 5138; milliseconds have been above it since 1973.
constexpr std::int64_t milliseconds_least = 100'000'000'000;
// What system_clock can hold of both.
constexpr std::int64_t seconds_most = 9'000'000'000;
constexpr std::int64_t milliseconds_most = seconds_most * 1000;
// Where the vendor chooses the secret, its length is the vendor's too.
constexpr std::size_t text_bytes_min = 8;
constexpr std::size_t key_bytes_min = 16;
// Several signatures stand side by side while a vendor rotates its secret.
constexpr std::size_t signatures_tried_max = 8;

tl::unexpected<core::failure> forged(std::string why) {
  return core::fail(errc::forged_webhook, std::move(why));
}

// Base64 holds '=' itself: each part is split at its first one.
struct timed_signature {
  std::string_view time;
  std::vector<std::string_view> values;
};
timed_signature read_timed_signature(std::string_view field) {
  timed_signature out;
  while (!field.empty() && out.values.size() < signatures_tried_max) {
    const std::size_t end = std::min(field.find(','), field.size());
    const std::string_view one = core::trimmed(field.substr(0, end));
    field.remove_prefix(std::min(end + 1, field.size()));
    if (one.starts_with("t=")) out.time = one.substr(2);
    if (one.starts_with("v1=")) out.values.push_back(one.substr(3));
  }
  return out;
}

std::optional<std::string> key_of(std::string_view text, webhook_secrets::form how) {
  if (how == webhook_secrets::form::text) return std::string(text);
  if (text.starts_with("whsec_")) text.remove_prefix(6);
  return core::from_base64(text);
}

}  // namespace

webhook_reading reading_of(call_news what, std::string digest, const std::string* id,
                           core::wall_time at) {
  room_event out;
  out.what = what;
  out.about.digest = std::move(digest);
  out.id = id ? *id : "";
  out.at = at;
  return reading_of(std::move(out));
}

webhook_reading reading_of(room_event only) {
  webhook_reading out;
  out.events.push_back(std::move(only));
  return out;
}

webhook_secrets webhook_secrets::read(core::options& from, form how, const std::string& at) {
  webhook_secrets out;
  for (const std::string& each : {at, "previous_" + at}) {
    const auto text = from.secret_text(each, text_bytes_min, "openssl rand -base64 32");
    if (!text) continue;
    auto key = key_of(text->reveal(), how);
    if (!key || (how == form::base64 && key->size() < key_bytes_min)) {
      from.note(each, "must be base64 of at least 16 bytes", "openssl rand -base64 32");
      continue;
    }
    out.keys_.emplace_back(*key, 32);
    out.texts_.push_back(*text);
  }
  return out;
}

const jose::hmac_key* webhook_secrets::signer_of(std::string_view message, std::string_view given,
                                                 digits how) const {
  const auto bytes = how == digits::hex ? core::from_hex(given) : core::from_base64(given);
  if (!bytes) return nullptr;
  const auto found = std::ranges::find_if(keys_, [&](const jose::hmac_key& one) {
    return core::same_in_constant_time(one.of(message).view(), *bytes);
  });
  return found == keys_.end() ? nullptr : &*found;
}

std::string webhook_secrets::sign(std::string_view message) const {
  std::string out;
  for (const jose::hmac_key& one : keys_) {
    if (!out.empty()) out += ' ';
    out += "v1," + core::to_base64(core::as_bytes(one.of(message).view()));
  }
  return out;
}

bool webhook_secrets::knows(std::string_view given) const {
  return std::ranges::any_of(texts_, [&](const core::secret& one) {
    return core::same_in_constant_time(one.reveal(), given);
  });
}

std::optional<std::string_view> only_field(const http::request_head& head, std::string_view name) {
  if (head.count(name) != 1) return std::nullopt;
  return head.find(name);
}

core::result<core::wall_time> check_webhook_time(core::wall_time stated, core::wall_time now) {
  const std::int64_t off = core::unix_seconds(stated) - core::unix_seconds(now);
  if (off > webhook_age_max.count() || off < -webhook_age_max.count())
    return forged(fmt::format("its time is {} s off", off));
  return stated;
}

core::result<core::wall_time> read_webhook_time(std::string_view text, core::wall_time now) {
  std::int64_t stated = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), stated);
  if (error != std::errc{} || end != text.data() + text.size() || stated < 0)
    return forged("the signed time is no number");
  if (stated >= milliseconds_least) stated /= 1000;
  if (stated > seconds_most) return forged("the signed time is out of range");
  return check_webhook_time(core::from_unix_seconds(stated), now);
}

core::result<core::wall_time> check_timed_signature(const webhook& from, std::string_view name,
                                                    const webhook_secrets& secrets,
                                                    webhook_secrets::digits how) {
  const auto field = only_field(from.head, name);
  if (!field) return forged(fmt::format("no single {}", name));
  const timed_signature read = read_timed_signature(*field);
  auto fresh = read_webhook_time(read.time, from.now);
  if (!fresh) return fresh;
  const std::string message = fmt::format("{}.{}", read.time, from.body);
  for (const std::string_view one : read.values)
    if (secrets.signed_with(message, one, how)) return fresh;
  return forged("its signature is not ours");
}

std::optional<core::wall_time> read_milliseconds(const core::json_value* at) {
  const auto* number = at ? at->as_integer() : nullptr;
  if (!number || *number <= 0 || *number > milliseconds_most) return std::nullopt;
  return core::wall_time{std::chrono::milliseconds{*number}};
}

core::result<core::json_value> read_webhook_body(std::string_view body) {
  auto json = core::read_json(body, body_limits);
  if (!json) return core::fail(errc::bad_webhook, "the body is no JSON: " + json.error().detail);
  if (!json->as_object()) return core::fail(errc::bad_webhook, "the body is no JSON object");
  return json;
}

core::result<void> check_standard_webhook(const webhook& from, const webhook_secrets& secrets) {
  const auto id = only_field(from.head, "webhook-id");
  const auto time = only_field(from.head, "webhook-timestamp");
  auto list = only_field(from.head, "webhook-signature");
  if (!id || !time || !list || id->empty() || id->size() > 256)
    return forged("webhook-id, webhook-timestamp and webhook-signature must be there once each");
  auto fresh = read_webhook_time(*time, from.now);
  if (!fresh) return core::same_failure(fresh);
  const std::string message = fmt::format("{}.{}.{}", *id, *time, from.body);
  for (std::size_t tried = 0; !list->empty() && tried < signatures_tried_max; ++tried) {
    const std::size_t end = std::min(list->find(' '), list->size());
    const std::string_view one = list->substr(0, end);
    list->remove_prefix(std::min(end + 1, list->size()));
    if (one.starts_with("v1,") && secrets.signed_with(message, one.substr(3))) return {};
  }
  return forged("no signature of ours");
}

std::vector<http::field> sign_standard_webhook(const webhook_secrets& secrets, std::string id,
                                               core::wall_time now, std::string_view body) {
  std::string time = std::to_string(core::unix_seconds(now));
  std::string signature = secrets.sign(fmt::format("{}.{}.{}", id, time, body));
  return {{"webhook-id", std::move(id)},
          {"webhook-timestamp", std::move(time)},
          {"webhook-signature", std::move(signature)}};
}

}  // namespace providers

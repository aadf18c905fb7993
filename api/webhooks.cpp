#include "api/webhooks.hpp"

#include <chrono>
#include <functional>

#include "core/time_text.hpp"
#include "http/error.hpp"
#include "providers/error.hpp"

namespace api {
namespace {

constexpr std::chrono::seconds warning_pause{30};

void answer(http::reply& out, std::string_view type, std::string_view body) {
  out.status = 200;
  out.field("Content-Type", type);
  out.body = body;
}

// Some vendors take nothing but a 200 for a yes.
void answer_thanks(http::reply& out) { answer(out, "application/json", "{}"); }

rooms::call_report report_of(const core::provider_name& from, const providers::room_event& event) {
  rooms::call_report out;
  out.provider = from;
  out.digest = event.about.digest;
  out.room = event.about.room;
  out.remembered = event.about.remembered;
  out.live = event.what == providers::call_news::live;
  out.at = event.at;
  out.room_is_gone = event.room_is_gone;
  out.is_timeless = event.is_timeless;
  return out;
}

}  // namespace

std::uint64_t seen_reports::hash_of(std::string_view provider, std::string_view id) {
  std::string text(provider);
  text.append("\n").append(id);
  return std::hash<std::string>{}(text);
}

bool seen_reports::has(std::string_view provider, std::string_view id) const {
  return !id.empty() && known_.contains(hash_of(provider, id));
}

void seen_reports::add(std::string_view provider, std::string_view id) {
  if (id.empty() || !known_.insert(hash_of(provider, id)).second) return;
  by_age_.push_back(hash_of(provider, id));
  if (by_age_.size() <= most_) return;
  known_.erase(by_age_.front());
  by_age_.pop_front();
}

void webhooks::count(const core::provider_name& from, std::string_view outcome) {
  desk_.parts.metrics
      .count("webhooks_total", "Webhooks of providers by what became of them.",
             {{"provider", from.text()}, {"outcome", std::string(outcome)}})
      .add();
}

// A secret that does not fit any more is the operator's to mend. Once in a while is enough: anybody
// can send what is refused.
void webhooks::warn(const core::provider_name& from, const core::failure& why,
                    const http::exchange& about) {
  core::steady_time& quiet = quiet_until_[from];
  if (about.started < quiet) return;
  quiet = about.started + warning_pause;
  desk_.parts.log.warn("webhook_refused", {{"provider", from.text()},
                                           {"error", why.code.message()},
                                           {"detail", why.detail},
                                           {"request_id", about.request_id()}});
}

http::answer webhooks::handle(http::exchange& about, http::reply& out, const std::string& name) {
  const auto known = core::provider_name::from(name);
  const providers::provider* vendor = known ? desk_.parts.providers.find(*known) : nullptr;
  if (!vendor) {
    desk_.refuse(about, out, core::failure(make_error_code(http::errc::not_found)));
    return http::answered_now{};
  }
  if (about.head->method != http::method::post && !vendor->traits().reports_by_get) {
    out.field("Allow", "POST, OPTIONS");
    desk_.refuse(about, out, core::failure(make_error_code(http::errc::method_not_allowed)));
    return http::answered_now{};
  }
  auto read = vendor->read_webhook({*about.head, about.body, about.now});
  if (!read) {
    count(*known, "refused");
    warn(*known, read.error(), about);
    desk_.refuse(about, out, read.error());
    return http::answered_now{};
  }
  if (read->reply_to_anybody) {
    count(*known, "answered");
    answer(out, read->reply_type, read->reply);
    return http::answered_now{};
  }
  // Only now: whoever cannot sign takes nothing from the provider's bucket.
  auto counted = desk_.count(ratelimit::policy::service, "webhooks/" + known->text(), about, out);
  if (!counted) {
    desk_.refuse(about, out, counted.error());
    return http::answered_now{};
  }
  if (!read->reply.empty()) {
    count(*known, "answered");
    answer(out, read->reply_type, read->reply);
    return http::answered_now{};
  }
  if (read->events.empty()) count(*known, "ignored");
  std::erase_if(read->events, [&](const providers::room_event& one) {
    const bool repeated = seen_.has(known->view(), one.id);
    if (repeated) count(*known, "repeated");
    return repeated;
  });
  if (read->events.empty()) {
    answer_thanks(out);
    return http::answered_now{};
  }
  return desk_.later(about, out, keep(&about, &out, *known, std::move(read->events)));
}

core::task<void> webhooks::keep(http::exchange* about, http::reply* out, core::provider_name from,
                                std::vector<providers::room_event> events) {
  for (providers::room_event& one : events) {
    auto kept = co_await keep_one(about, from, std::move(one));
    if (kept) continue;
    count(from, "failed");
    desk_.refuse(*about, *out, kept.error());  // the vendor comes again
    co_return;
  }
  answer_thanks(*out);
}

core::task<core::result<void>> webhooks::keep_one(http::exchange* about, core::provider_name from,
                                                  providers::room_event event) {
  const front_parts& parts = desk_.parts;
  auto kept = co_await parts.store.report_call(report_of(from, event), about->now, about->deadline);
  if (!kept) co_return core::same_failure(kept);
  seen_.add(from.view(), event.id);
  const bool live = event.what == providers::call_news::live;
  count(from, !kept->stored    ? "unknown_room"
              : !kept->changed ? "repeated"
              : live           ? "live"
                               : "ended");
  if (kept->stored && kept->changed) {
    co_await parts.shards.announce_change(kept->stored->room);
    parts.log.info("call_reported", {{"provider", from.text()},
                                     {"room", kept->stored->room.text()},
                                     {"call", rooms::name_of(kept->stored->call.state)},
                                     {"at", core::to_rfc3339(event.at)}});
  }
  co_return core::result<void>();
}

}  // namespace api

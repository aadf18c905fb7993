#include "app/explain.hpp"

#include "app/demo.hpp"
#include "core/log.hpp"

namespace app {
namespace {

constexpr std::chrono::seconds store_patience{5};

rooms::booking booking_of(const rooms::booking_draft& draft, const core::provider_name& provider) {
  rooms::booking out;
  out.room = draft.room;
  out.starts_at = draft.starts_at;
  out.ends_at = draft.ends_at;
  out.provider = draft.provider.value_or(provider);
  out.participants = draft.participants;
  return out;
}

using found_booking = core::result<std::optional<rooms::booking>>;

found_booking find_seeded(const config& settings, const core::room_id& room, core::wall_time now) {
  for (const auto& draft : demo_bookings(now))
    if (draft.room == room) return booking_of(draft, settings.default_provider);
  return std::nullopt;
}

found_booking find_stored(const config& settings, const core::room_id& room) {
  core::silent_logger silence;
  asio::io_context context(1);
  found_booking answer = core::fail(core::errc::timed_out, "the store did not answer");
  rooms::sqlite_settings looking = settings.store;
  looking.look_only = true;
  rooms::sqlite_store store(std::move(looking), silence);
  auto ask = [](rooms::sqlite_store* from, core::room_id wanted,
                found_booking* to) -> core::task<void> {
    const auto until = core::deadline::after(std::chrono::steady_clock::now(), store_patience);
    *to = co_await from->find(std::move(wanted), until);
  };
  asio::co_spawn(context, ask(&store, room, &answer), [](std::exception_ptr surprise) {
    if (surprise) std::rethrow_exception(surprise);
  });
  context.run_for(store_patience + std::chrono::seconds{1});
  return answer;
}

}  // namespace

core::result<std::string> explain_decision(const config& settings, const explain_question& asked) {
  const auto found = settings.demo
                         ? find_seeded(settings, asked.room, core::system_clock().wall_now())
                         : find_stored(settings, asked.room);
  if (!found) return core::same_failure(found);
  const rooms::booking* one = *found ? &**found : nullptr;
  const rooms::caller who{asked.user, true, {&asked.seat, 1}};
  const auto decision = rooms::decide(one, who, asked.seat, asked.at, settings.windows);
  return rooms::explain(decision, one, who, asked.seat, asked.at);
}

}  // namespace app

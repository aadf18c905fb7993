// room_api: the built-in room: its page, the events that introduce two pages to each other, and
// what they say to one another. Nothing of it exists where no provider is "builtin".
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/desk.hpp"
#include "api/room_hall.hpp"
#include "api/room_message.hpp"
#include "providers/builtin.hpp"

namespace api {

class room_api {
 public:
  explicit room_api(desk& at);

  bool exists() const { return !vendors_.empty(); }
  http::answer page(http::exchange& about, http::reply& out, const std::string& room_text);
  http::answer asset(http::reply& out, route what);
  http::answer events(http::exchange& about, http::reply& out, const std::string& room_text);
  http::answer signal(http::exchange& about, http::reply& out, const std::string& room_text);

  // Streams of this room look at its booking again.
  void booking_changed(const core::room_id& room);
  void bookings_changed();  // any of them

  const std::shared_ptr<room_hall>& hall() const { return halls_[0]; }
  // The halls of all shards by their index, ours included. A front that meets nobody is alone.
  void meet(std::vector<std::shared_ptr<room_hall>> halls) { halls_ = std::move(halls); }

 private:
  // A provider of the type; there may be several, each with its own secret.
  struct vendor {
    const providers::provider* self = nullptr;
    const providers::builtin_tokens* tokens = nullptr;
    const providers::builtin_rules* rules = nullptr;
  };
  // Somebody whose token is good for this room.
  struct visitor {
    providers::room_pass pass;
    vendor by;
  };
  struct line;
  struct scene;

  core::result<visitor> check(std::string_view token, const core::room_id& room,
                              core::wall_time now) const;
  core::result<visitor> caller(const http::exchange& about, http::reply& out,
                               const std::string& room_text);
  // The booking, as it is now. A room that went to another provider is not ours any more.
  core::task<core::result<rooms::window>> look(visitor who);

  core::task<void> open_page(http::exchange* about, http::reply* out, visitor who);
  void refuse_page(http::exchange& about, http::reply& out, const core::failure& why) const;
  core::task<void> pass_on(http::reply* out, visitor who, room_message said);

  // Event streams, in room_stream.cpp.
  core::task<void> run(std::shared_ptr<scene> at, http::event_stream* events);
  core::task<bool> sit_down(std::shared_ptr<scene> at, http::event_stream* events);
  core::task<bool> deliver(std::shared_ptr<scene> at, http::event_stream* events);
  core::task<bool> look_again(std::shared_ptr<scene> at, http::event_stream* events);
  core::task<bool> renew(std::shared_ptr<scene> at, rooms::window open, http::event_stream* events);
  void plan_renewal(scene& at, core::wall_time now) const;

  // Asks the hall of the shard that owns the room, and resumes here with its answer.
  template <class Answer>
  core::task<Answer> ask(core::room_id room, std::function<Answer(room_hall&)> question);

  desk& desk_;
  std::vector<vendor> vendors_;
  std::vector<std::shared_ptr<room_hall>> halls_;
  std::multimap<core::room_id, std::shared_ptr<line>> lines_;
};

// Not by co_spawn over there: a caller that is cancelled would then cancel across threads.
template <class Answer>
core::task<Answer> room_api::ask(core::room_id room, std::function<Answer(room_hall&)> question) {
  struct meeting {
    explicit meeting(core::executor on) : ready(on) {}
    core::notice ready;
    Answer said{};
  };
  // A shard that has stopped never answers.
  constexpr std::chrono::seconds wait_max{30};
  const core::executor home = desk_.parts.on;
  const std::size_t owner = desk_.parts.shards.owner_of(room);
  auto met = std::make_shared<meeting>(home);
  desk_.parts.shards.post(owner, [hall = halls_.at(owner), home, met, question] {
    met->said = question(*hall);
    asio::post(home, [met] { met->ready.give(); });
  });
  const auto until = core::deadline::after(desk_.parts.clock.steady_now(), wait_max);
  const bool answered = co_await met->ready.wait(until);
  if (!answered)
    throw std::system_error(make_error_code(core::errc::timed_out), "the owner of a room");
  co_return std::move(met->said);
}

}  // namespace api

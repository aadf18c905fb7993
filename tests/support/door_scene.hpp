// door_scene: one shard with everything behind the door, made of fakes: time, store, provider.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "join/join_service.hpp"
#include "join/provisioner.hpp"
#include "rooms/booking_cache.hpp"
#include "support/fake_provider.hpp"
#include "support/fakes.hpp"
#include "support/memory_store.hpp"
#include "support/run.hpp"
#include "support/scripted_client.hpp"

namespace providers {
provider_maker make_builtin(provider_setup setup);
}

namespace tests {

// One shard that owns every room.
class lone_shard final : public join::neighbours {
 public:
  explicit lone_shard(core::executor on) : on_(on) {}
  std::size_t owner_of(const core::room_id&) const override { return 0; }
  void post(std::size_t, std::function<void()> call) override { asio::post(on_, std::move(call)); }
  core::task<void> announce(rooms::news what) override {
    for (const core::room_id& room : what.rooms) {
      announced.push_back(room.text());
      for (const auto& hear : listeners) hear(room);
    }
    for (const core::revocation& one : what.revocations)
      for (const auto& hear : revocation_listeners) hear(one);
    if (what.everything) ++everything;
    co_return;
  }

  std::vector<std::function<void(const core::revocation&)>> revocation_listeners;
  std::vector<std::string> announced;
  int everything = 0;  // announcements that nothing counts
  std::vector<std::function<void(const core::room_id&)>> listeners;

 private:
  core::executor on_;
};

struct door_scene {
  explicit door_scene(join::provision_settings settings = {}) {
    shards.listeners.push_back([this](const core::room_id& room) { bookings.forget(room); });
    provisioner = std::make_unique<join::provisioner>(
        join::provisioner_parts{0,
                                context.get_executor(),
                                shards,
                                store,
                                providers,
                                clock,
                                log,
                                metrics,
                                {},
                                settings,
                                "alone",
                                [this](core::deadline until) { return sleep(until); }});
    provisioner->meet({provisioner.get()});
    joins = std::make_unique<join::join_service>(
        join::join_parts{bookings, providers, *provisioner, clock, {}, doors});
  }

  static std::shared_ptr<fake_vendor> without_rooms(std::string name) {
    auto out = std::make_shared<fake_vendor>();
    out->name = std::move(name);
    out->needs_room = false;
    return out;
  }

  static providers::configured_provider builtin_room() {
    core::mistakes found;
    core::options settings("providers.builtin", "test.toml:1", found);
    settings.set("secret", std::string("rB7yKm3xQz9wTn5vLc2hJp8gDf4sEa6u"));
    settings.set("ice_servers", std::string("stun:stun.example.com,turn:turn.example.com:3478"));
    settings.set("turn_secret", std::string("north-wind-and-sun"));
    const auto name = core::provider_name::from("builtin").value();
    auto make = providers::make_builtin({name, settings, "https://door.example"});
    return {name, "builtin", std::move(make)};
  }

  template <class T>
  T run(core::task<T> work) {
    return tests::run(context, std::move(work));
  }
  // Runs what is ready, without waiting for anything.
  void settle() {
    context.restart();
    context.poll();
  }

  static auth::identity_ptr person(std::string_view user, std::string name = {}) {
    auth::identity who;
    who.user = core::user_id::from(user).value();
    who.name = std::move(name);
    who.expires_at = core::from_rfc3339("2026-11-22T23:00:00Z").value();
    return std::make_shared<const auth::identity>(std::move(who));
  }
  static join::join_call call(std::string_view room, core::role seat = core::role::expert) {
    return {core::room_id::from(room).value(), seat, {}, {}};
  }
  core::task<core::result<join::joined>> join(std::string_view room) {
    return joins->join(call(room), person("u1"), far_deadline());
  }

  asio::io_context context{1};
  core::sleeper sleep = core::sleep_until;
  fake_clock clock;
  fake_random random;
  core::silent_logger log;
  core::metrics_page metrics;
  scripted_client client;
  std::shared_ptr<fake_vendor> vendor = std::make_shared<fake_vendor>();
  std::shared_ptr<fake_vendor> own = without_rooms("own");
  memory_store store;
  lone_shard shards{context.get_executor()};
  rooms::booking_cache bookings{store, {}, context.get_executor()};
  providers::registry providers{{configured(vendor), configured(own), builtin_room()},
                                {client, clock, random, log, metrics, context.get_executor()}};
  static std::shared_ptr<const join::ticket_settings> ticket_keys() {
    core::mistakes found;
    core::options settings("tickets", "test.toml:1", found);
    settings.set("secret", std::string("tQ7zLk3mXv9pWc2rBn5yHs8dJf4gEa6u"));
    return std::make_shared<const join::ticket_settings>(join::read_ticket_settings(settings));
  }
  join::tickets doors{ticket_keys(), "https://door.example"};
  std::unique_ptr<join::provisioner> provisioner;
  std::unique_ptr<join::join_service> joins;
};

}  // namespace tests

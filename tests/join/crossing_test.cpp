// Two shards: who asks on the one is answered by the other, which owns the room.
#include <boost/test/unit_test.hpp>
#include <future>

#include "join/provisioner.hpp"
#include "net/shard.hpp"
#include "support/fake_provider.hpp"
#include "support/fakes.hpp"
#include "support/memory_store.hpp"
#include "support/run.hpp"
#include "support/scripted_client.hpp"

BOOST_AUTO_TEST_SUITE(crossing)

namespace {

struct two_shards {
  two_shards() {
    std::vector<join::provisioner*> peers;
    for (std::size_t i = 0; i < 2; ++i) {
      registries.push_back(std::make_unique<providers::registry>(
          std::vector{tests::configured(vendor)},
          providers::provider_tools{client, clock, random, log, metrics, group.at(i).executor()}));
      made.push_back(std::make_unique<join::provisioner>(join::provisioner_parts{
          i, group.at(i).executor(), shards, store, *registries[i], clock, log, metrics, {}, {}}));
      peers.push_back(made[i].get());
    }
    for (auto& one : made) one->meet(peers);
    group.start();
  }
  ~two_shards() { group.stop(); }

  core::system_clock clock;
  tests::fake_random random;
  core::silent_logger log;
  core::metrics_page metrics;
  tests::scripted_client client;
  tests::memory_store store;  // only the owner's shard asks it
  std::shared_ptr<tests::fake_vendor> vendor = std::make_shared<tests::fake_vendor>();
  std::atomic<int> heard{0};
  net::shard_group group{2, clock};
  join::shard_neighbours shards{group, [this](std::size_t, const rooms::news&) { ++heard; }};
  std::vector<std::unique_ptr<providers::registry>> registries;
  std::vector<std::unique_ptr<join::provisioner>> made;
};

core::task<void> ask(join::provisioner* whom, rooms::booking_ptr one,
                     std::promise<std::string>* answer) {
  auto ready = co_await whom->ready(std::move(one), std::nullopt, tests::far_deadline());
  answer->set_value(ready ? (*ready)->provider_room : ready.error().code.message());
}

}  // namespace

BOOST_AUTO_TEST_CASE(all_shards_ask_the_owner_and_one_room_is_made) {
  two_shards at;
  std::string room = "room0";
  for (int i = 1; at.group.owner_of(room).index() != 1; ++i) room = "room" + std::to_string(i);
  at.store.add(tests::booking_of(room));
  const auto booking = std::make_shared<const rooms::booking>(*at.store.peek(room));

  std::array<std::promise<std::string>, 4> answers;
  for (std::size_t i = 0; i < answers.size(); ++i)
    at.group.at(i % 2).post([&at, &answers, i, booking] {
      asio::co_spawn(at.group.at(i % 2).executor(), ask(at.made[i % 2].get(), booking, &answers[i]),
                     [](std::exception_ptr) {});
    });
  for (auto& one : answers) {
    auto arrives = one.get_future();
    BOOST_REQUIRE((arrives.wait_for(std::chrono::seconds(9)) == std::future_status::ready));
    BOOST_TEST(arrives.get() == "made-" + room + "-1");
  }
  BOOST_TEST(at.vendor->prepared.size() == 1u);
  BOOST_TEST(at.heard == 2);
}

BOOST_AUTO_TEST_SUITE_END()

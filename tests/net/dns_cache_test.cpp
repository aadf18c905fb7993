// dns_cache: names are looked up once, remembered for a while, and a resolver that fails does
// little harm.
#include "net/dns_cache.hpp"

#include <boost/test/unit_test.hpp>

#include "core/task_group.hpp"
#include "support/fakes.hpp"
#include "support/run.hpp"

using namespace std::chrono_literals;

namespace {

net::ip_address ip(const char* text) { return net::ip_address::from(text).value(); }

// A resolver that answers what it is told to, and may be made to wait.
struct fake_resolver {
  std::vector<std::string> asked;
  core::result<net::addresses> answer = net::addresses{ip("192.0.2.1")};
  std::optional<core::notice> gate;

  net::name_lookup lookup() {
    return [this](std::string host, core::deadline until) {
      return look(this, std::move(host), until);
    };
  }
  static core::task<core::result<net::addresses>> look(fake_resolver* self, std::string host,
                                                       core::deadline) {
    self->asked.push_back(host);
    if (self->gate) {
      core::notice gate = *self->gate;
      const bool opened = co_await gate.wait(tests::far_deadline());
      if (!opened) co_return core::fail(core::errc::timed_out, "waited for the gate");
    }
    co_return self->answer;
  }
};

struct dns_scene {
  asio::io_context context{1};
  tests::fake_clock clock;
  fake_resolver resolver;
  net::dns_cache names{context.get_executor(), clock, resolver.lookup()};

  core::result<net::addresses> find(std::string host) {
    return tests::run(context, names.find(std::move(host), tests::far_deadline()));
  }
  void resolver_fails() { resolver.answer = core::fail(net::errc::name_not_found, "no such name"); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(dns_cache, dns_scene)

BOOST_AUTO_TEST_CASE(says_why_a_name_has_no_address) {
  resolver_fails();
  auto found = find("video.example");
  BOOST_REQUIRE(!found);
  BOOST_TEST(found.error().code == net::errc::name_not_found);
  BOOST_TEST(found.error().detail == "no such name");
}

BOOST_AUTO_TEST_CASE(repeats_a_failure_for_a_second_without_asking) {
  resolver_fails();
  BOOST_TEST(!find("video.example"));
  clock.advance(999ms);
  BOOST_TEST(!find("video.example"));
  BOOST_TEST(resolver.asked.size() == 1u);
  clock.advance(1ms);
  resolver.answer = net::addresses{ip("192.0.2.7")};
  BOOST_TEST(find("video.example").value().front().text() == "192.0.2.7");
  BOOST_TEST(resolver.asked.size() == 2u);
}

BOOST_AUTO_TEST_CASE(an_empty_answer_is_a_failure) {
  resolver.answer = net::addresses{};
  auto found = find("video.example");
  BOOST_REQUIRE(!found);
  BOOST_TEST(found.error().code == net::errc::name_not_found);
}

BOOST_AUTO_TEST_CASE(a_waiter_leaves_at_its_own_deadline_and_the_answer_is_kept) {
  core::notice gate(context.get_executor());
  resolver.gate = gate;
  const auto soon = core::deadline::after(std::chrono::steady_clock::now(), 1ms);
  auto found = tests::run(context, names.find("video.example", soon));
  BOOST_REQUIRE(!found);
  BOOST_TEST(found.error().code == net::errc::timed_out);
  gate.give();
  context.restart();
  context.poll();
  BOOST_TEST(find("video.example").has_value());
  BOOST_TEST(resolver.asked.size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_answer_serves_for_thirty_seconds) {
  BOOST_TEST(find("video.example").has_value());
  clock.advance(29'999ms);
  BOOST_TEST(find("VIDEO.example").has_value());
  BOOST_TEST(resolver.asked.size() == 1u);
  clock.advance(1ms);
  resolver.answer = net::addresses{ip("192.0.2.9")};
  BOOST_TEST(find("video.example").value().front().text() == "192.0.2.9");
  BOOST_TEST(resolver.asked.size() == 2u);
}

BOOST_AUTO_TEST_CASE(an_old_answer_serves_while_the_resolver_fails_but_not_for_ever) {
  BOOST_TEST(find("video.example").has_value());
  resolver_fails();
  clock.advance(31s);
  BOOST_TEST(find("video.example").value().front().text() == "192.0.2.1");
  BOOST_TEST(find("video.example").has_value());  // within the second in which nobody is asked
  BOOST_TEST(resolver.asked.size() == 2u);
  clock.advance(1h);
  BOOST_TEST(!find("video.example"));
}

BOOST_AUTO_TEST_CASE(an_old_answer_serves_while_the_resolver_is_silent) {
  net::dns_settings impatient;
  impatient.stale_wait = 1ms;
  core::system_clock real;
  impatient.good_for = 0ms;
  net::dns_cache quick(context.get_executor(), real, resolver.lookup(), impatient);
  BOOST_TEST(tests::run(context, quick.find("video.example", tests::far_deadline())).has_value());
  core::notice gate(context.get_executor());
  resolver.gate = gate;
  auto found = tests::run(context, quick.find("video.example", tests::far_deadline()));
  BOOST_REQUIRE(found);
  BOOST_TEST(found->front().text() == "192.0.2.1");
  BOOST_TEST(resolver.asked.size() == 2u);
  gate.give();
  context.restart();
  context.poll();
}

BOOST_AUTO_TEST_CASE(a_hundred_callers_cause_one_look_up) {
  core::notice gate(context.get_executor());
  resolver.gate = gate;
  int good = 0;
  core::task_group group(context.get_executor());
  for (int i = 0; i < 100; ++i)
    group.spawn([](net::dns_cache* from, int* count) -> core::task<void> {
      auto found = co_await from->find("video.example", tests::far_deadline());
      if (found) ++*count;
    }(&names, &good));
  context.poll();
  gate.give();
  group.close(false);
  BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  BOOST_TEST(good == 100);
  BOOST_TEST(resolver.asked.size() == 1u);
}

BOOST_AUTO_TEST_CASE(addresses_and_localhost_need_no_look_up) {
  BOOST_TEST(find("192.0.2.5").value().front().text() == "192.0.2.5");
  BOOST_TEST(find("2001:db8::1").value().front().text() == "2001:db8::1");
  BOOST_TEST(find("localhost").value().front().text() == "127.0.0.1");
  BOOST_TEST(find("app.LOCALHOST").value().front().is_loopback());
  BOOST_TEST(resolver.asked.empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_host_name_is_never_asked_for) {
  for (const char* odd : {"", ".", "a..b", "-\n", "a b.example", "2130706433", "127.1", "0x7f.0x1",
                          "a/b", "ü.example"})
    BOOST_TEST(!find(odd), "\"" << odd << "\" was looked up");
  BOOST_TEST(!find(std::string(64, 'a') + ".example"));
  BOOST_TEST(!find(std::string(300, 'a')));
  BOOST_TEST(resolver.asked.empty());
  BOOST_TEST(net::is_host_name("my_turn-1.example."));
}

BOOST_AUTO_TEST_CASE(remembers_a_bounded_number_of_names_and_forgets_the_least_used) {
  net::dns_settings small;
  small.names_max = 2;
  net::dns_cache few(context.get_executor(), clock, resolver.lookup(), small);
  for (const char* name : {"a.example", "b.example", "a.example", "c.example", "a.example"})
    BOOST_TEST(tests::run(context, few.find(name, tests::far_deadline())).has_value());
  BOOST_TEST(few.size() == 2u);
  const std::vector<std::string> expected = {"a.example", "b.example", "c.example"};
  BOOST_TEST(resolver.asked == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(closing_ends_the_look_ups_that_run) {
  core::notice gate(context.get_executor());
  resolver.gate = gate;
  bool ended = false;
  core::task_group group(context.get_executor());
  group.spawn([](net::dns_cache* from, bool* flag) -> core::task<void> {
    auto found = co_await from->find("video.example", tests::far_deadline());
    *flag = !found && found.error().code == net::errc::cancelled;
  }(&names, &ended));
  context.poll();
  names.close();
  group.close(false);
  BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  BOOST_TEST(ended);
  BOOST_TEST(!find("other.example"));
}

BOOST_AUTO_TEST_CASE(the_system_is_asked_on_a_thread_of_its_own) {
  asio::io_context other(1);
  net::lookup_threads threads(1);
  const net::name_lookup lookup = threads.lookup();
  // An address is answered by getaddrinfo itself: no name server takes part in this test.
  auto found = tests::run(other, lookup("127.0.0.3", tests::far_deadline()));
  BOOST_REQUIRE(found);
  BOOST_REQUIRE(found->size() == 1u);
  BOOST_TEST(found->front().text() == "127.0.0.3");
}

BOOST_AUTO_TEST_SUITE_END()

// Streams over real sockets: waits, deadlines, ends, cancellation.
#include "net/poller.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <functional>
#include <string>
#include <vector>

#include "core/task_group.hpp"
#include "net/buffer_pool.hpp"
#include "net/error.hpp"
#include "net/socket_stream.hpp"
#include "support/fakes.hpp"
#include "support/run.hpp"

using namespace std::chrono_literals;

namespace {

struct pair_of_streams {
  asio::io_context context{1};
  tests::fake_clock clock;
  net::deadline_wheel wheel{context.get_executor(), clock};
  net::poller poller{context.get_executor(), wheel};
  std::unique_ptr<net::socket_stream> here, there;
  int ends[2];

  pair_of_streams() {
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    here = std::make_unique<net::socket_stream>(poller, ends[0], net::peer{});
    there = std::make_unique<net::socket_stream>(poller, ends[1], net::peer{});
  }
  core::deadline in(std::chrono::nanoseconds wait) const {
    return core::deadline::after(clock.steady_now(), wait);
  }
  void pass(std::chrono::nanoseconds time) {
    clock.advance(time);
    wheel.turn(clock.steady_now());
    settle();
  }
  // Runs what is ready now.
  void settle() {
    context.restart();
    while (context.poll() > 0) {
    }
  }
  std::string sent(std::string_view text) {
    auto result = there->write_available(text);
    BOOST_REQUIRE(result);
    return std::string(text.substr(0, *result));
  }
};

struct outcome {
  bool done = false;
  core::result<std::size_t> got = core::fail(core::errc::internal);
  std::string text;
};

core::task<void> read_into(net::stream* from, outcome* into, core::deadline until) {
  char buffer[64];
  auto got = co_await from->read_some(buffer, until);
  into->got = got;
  if (got) into->text.assign(buffer, *got);
  into->done = true;
}

core::task<void> write_all_of(net::stream* to, std::string data, core::result<void>* result,
                              bool* done, core::deadline until) {
  *result = co_await to->write_all(data, until);
  *done = true;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(socket_stream, pair_of_streams)

BOOST_AUTO_TEST_CASE(a_silent_peer_is_waited_for_until_the_deadline_and_no_longer) {
  outcome read;
  core::task_group group(context.get_executor());
  group.spawn(read_into(here.get(), &read, in(1s)));
  settle();
  pass(900ms);
  BOOST_TEST(!read.done);
  pass(200ms);
  BOOST_REQUIRE(read.done);
  BOOST_TEST(read.got.error().code == net::errc::timed_out);
  BOOST_TEST(poller.waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(bytes_wake_the_reader) {
  outcome read;
  core::task_group group(context.get_executor());
  group.spawn(read_into(here.get(), &read, in(1s)));
  settle();
  sent("hello");
  settle();
  BOOST_REQUIRE(read.done);
  BOOST_TEST(read.text == "hello");
  BOOST_TEST(wheel.armed() == 0u);
}

BOOST_AUTO_TEST_CASE(an_end_that_came_with_the_last_bytes_is_noticed_without_a_further_event) {
  // Both arrive before the first look, so that epoll speaks only once.
  sent("last words");
  there->finish_writing();
  outcome first, second;
  core::task_group group(context.get_executor());
  group.spawn(read_into(here.get(), &first, in(1s)));
  settle();
  BOOST_REQUIRE(first.done);
  BOOST_TEST(first.text == "last words");
  group.spawn(read_into(here.get(), &second, in(1s)));
  settle();
  BOOST_REQUIRE(second.done);
  BOOST_REQUIRE(!second.got);
  BOOST_TEST(second.got.error().code == net::errc::closed);
}

BOOST_AUTO_TEST_CASE(after_a_half_close_answers_still_arrive) {
  here->finish_writing();
  outcome asked, answered;
  core::task_group group(context.get_executor());
  group.spawn(read_into(there.get(), &asked, in(1s)));
  group.spawn(read_into(here.get(), &answered, in(1s)));
  settle();
  BOOST_REQUIRE(asked.done);
  BOOST_TEST(asked.got.error().code == net::errc::closed);
  sent("answer");
  settle();
  BOOST_REQUIRE(answered.done);
  BOOST_TEST(answered.text == "answer");
}

BOOST_AUTO_TEST_CASE(writing_to_a_peer_that_has_gone_is_a_failure_and_no_signal) {
  there->close();
  auto sent_to_nobody = here->write_available("anybody?");
  BOOST_REQUIRE(!sent_to_nobody);
  BOOST_TEST(sent_to_nobody.error().code == net::errc::closed);
}

BOOST_AUTO_TEST_CASE(a_peer_that_does_not_read_stops_the_writer_at_its_deadline) {
  core::result<void> result;
  bool done = false;
  core::task_group group(context.get_executor());
  group.spawn(write_all_of(here.get(), std::string(8 << 20, 'x'), &result, &done, in(2s)));
  settle();
  BOOST_TEST(!done);
  pass(2100ms);
  BOOST_REQUIRE(done);
  BOOST_REQUIRE(!result);
  BOOST_TEST(result.error().code == net::errc::timed_out);
}

BOOST_AUTO_TEST_CASE(a_long_answer_goes_out_as_the_peer_reads_it) {
  core::result<void> result = core::fail(core::errc::internal);
  bool done = false;
  constexpr std::size_t size = 3 << 20;
  core::task_group group(context.get_executor());
  group.spawn(write_all_of(here.get(), std::string(size, 'x'), &result, &done, in(2s)));
  settle();
  std::size_t received = 0;
  std::vector<char> buffer(100'000);
  while (received < size) {
    auto got = there->read_available(buffer);
    BOOST_REQUIRE(got);
    received += *got;
    settle();
  }
  BOOST_TEST(done);
  BOOST_TEST(result.has_value());
  BOOST_TEST(received == size);
}

BOOST_AUTO_TEST_CASE(a_reader_and_a_writer_may_wait_beside_each_other) {
  core::result<void> result = core::fail(core::errc::internal);
  bool done = false;
  outcome read;
  core::task_group group(context.get_executor());
  group.spawn(write_all_of(here.get(), std::string(1 << 20, 'x'), &result, &done, in(2s)));
  group.spawn(read_into(here.get(), &read, in(2s)));
  settle();
  BOOST_TEST(poller.waiting() == 2u);
  sent("stop");
  std::vector<char> buffer(2 << 20);
  for (int i = 0; i < 100 && !done; ++i) {
    (void)there->read_available(buffer);
    settle();
  }
  BOOST_TEST(done);
  BOOST_TEST(read.text == "stop");
}

BOOST_AUTO_TEST_CASE(closing_wakes_who_waits) {
  outcome read;
  core::task_group group(context.get_executor());
  group.spawn(read_into(here.get(), &read, in(1s)));
  settle();
  here->close();
  BOOST_TEST(!read.done);  // not in the middle of the closer's work
  settle();
  BOOST_REQUIRE(read.done);
  BOOST_TEST(read.got.error().code == net::errc::cancelled);
}

BOOST_AUTO_TEST_CASE(a_cancelled_reader_leaves_and_nothing_stays_armed) {
  outcome read;
  core::task_group group(context.get_executor());
  group.spawn(read_into(here.get(), &read, in(1s)));
  settle();
  group.close(true);
  settle();
  BOOST_TEST(tests::run(context, group.ended(tests::far_deadline())));
  BOOST_TEST(wheel.armed() == 0u);
  BOOST_TEST(poller.waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(a_reader_that_destroys_another_stream_of_the_same_batch_does_no_harm) {
  int ends[2];
  BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  auto other = std::make_unique<net::socket_stream>(poller, ends[0], net::peer{});
  outcome read;
  auto destroy_on_read = [](net::stream* from, std::unique_ptr<net::socket_stream>* victim,
                            core::deadline until) -> core::task<void> {
    auto ready = co_await from->wait_readable(until);
    if (ready) victim->reset();
  };
  core::task_group group(context.get_executor());
  group.spawn(destroy_on_read(here.get(), &other, in(1s)));
  group.spawn(read_into(other.get(), &read, in(1s)));
  settle();
  sent("now");
  BOOST_REQUIRE(::write(ends[1], "me too", 6) == 6);
  settle();
  BOOST_TEST(!other);
  BOOST_TEST(read.done);
  ::close(ends[1]);
}

BOOST_AUTO_TEST_CASE(the_loop_ends_when_nobody_waits) {
  outcome read;
  core::task_group group(context.get_executor());
  group.spawn(read_into(here.get(), &read, in(1s)));
  settle();
  pass(2s);
  context.restart();
  context.run();  // would hang if our own operation or timer stayed behind
  BOOST_TEST(read.done);
}

BOOST_AUTO_TEST_CASE(coroutines_that_still_wait_die_with_their_loop) {
  auto flag = std::make_shared<int>(0);
  auto wait_for_ever = [](std::unique_ptr<net::socket_stream> mine, std::shared_ptr<int>,
                          core::deadline until) -> core::task<void> {
    co_await mine->wait_readable(until);
  };
  {
    asio::io_context own(1);
    net::deadline_wheel own_wheel(own.get_executor(), clock);
    auto own_poller = std::make_unique<net::poller>(own.get_executor(), own_wheel);
    int ends[2];
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    asio::co_spawn(
        own,
        wait_for_ever(std::make_unique<net::socket_stream>(*own_poller, ends[0], net::peer{}), flag,
                      in(1h)),
        [](std::exception_ptr) {});
    own.poll();
    BOOST_TEST(flag.use_count() > 1);
    own_poller.reset();
    ::close(ends[1]);
  }
  BOOST_TEST(flag.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_connection_with_surplus_bytes_or_an_end_is_stale) {
  BOOST_TEST(!here->is_stale());
  sent("?");
  BOOST_TEST(here->is_stale());
  char byte;
  settle();
  BOOST_TEST(::recv(here->descriptor(), &byte, 1, 0) == 1);
  BOOST_TEST(!here->is_stale());
  there->close();
  BOOST_TEST(here->is_stale());
}

BOOST_AUTO_TEST_CASE(a_buffer_goes_back_to_its_pool_and_comes_again_empty) {
  net::buffer_pool pool;
  auto one = pool.take();
  one->used = 17;
  const void* const place = one.get();
  one.reset();
  auto again = pool.take();
  BOOST_TEST(again.get() == place);
  BOOST_TEST(again->used == 0u);
  auto another = pool.take();
  BOOST_TEST(another.get() != place);
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

// What write_soon() takes leaves when the batch of events has been worked through.
struct batch : pair_of_streams {
  core::task_group group{context.get_executor()};
  // Runs `act` where the loop hands out events.
  void when_read(std::function<void()> act) {
    auto once = [](net::stream* from, std::function<void()> what,
                   core::deadline until) -> core::task<void> {
      co_await from->wait_readable(until);
      char byte;
      static_cast<void>(from->read_available({&byte, 1}));
      what();
    };
    group.spawn(once(here.get(), std::move(act), in(1s)));
    settle();
    sent("?");
    settle();
  }
  // Asks the kernel, also in the middle of a batch.
  static std::string arrived_at(int descriptor) {
    std::string all;
    for (char buffer[4096];;) {
      const auto got = ::recv(descriptor, buffer, sizeof buffer, MSG_DONTWAIT);
      if (got <= 0) return all;
      all.append(buffer, static_cast<std::size_t>(got));
    }
  }
  std::string arrived() const { return arrived_at(ends[1]); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(outbox, batch)

BOOST_AUTO_TEST_CASE(an_answer_leaves_after_the_batch) {
  std::string early = "?";
  when_read([&] {
    std::string answer = "answer";
    BOOST_TEST(here->write_soon(answer));
    BOOST_TEST(answer.empty());
    early = arrived();
  });
  BOOST_TEST(early == "");
  BOOST_TEST(arrived() == "answer");
}

BOOST_AUTO_TEST_CASE(outside_of_a_batch_nothing_is_taken) {
  std::string answer = "answer";
  BOOST_TEST(!here->write_soon(answer));
  BOOST_TEST(answer == "answer");
}

BOOST_AUTO_TEST_CASE(what_is_written_after_it_comes_after_it) {
  when_read([&] {
    std::string first = "first ", second = "second ";
    BOOST_TEST(here->write_soon(first));
    BOOST_TEST(!here->write_soon(second));
    BOOST_TEST(here->write_available(second).value() == second.size());
    BOOST_TEST(arrived() == "first second ");
  });
  BOOST_TEST(arrived() == "");
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_closed_meanwhile_has_said_it) {
  when_read([&] {
    std::string answer = "last words";
    BOOST_TEST(here->write_soon(answer));
    here->close();
  });
  BOOST_TEST(arrived() == "last words");
}

BOOST_AUTO_TEST_CASE(more_answers_than_the_outbox_holds_all_leave_in_order) {
  struct other_pair {
    std::unique_ptr<net::socket_stream> from;
    int to = -1;
  };
  std::vector<other_pair> others(net::poller::outbox_max + 3);
  for (auto& one : others) {
    int ends[2];
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    one.from = std::make_unique<net::socket_stream>(poller, ends[0], net::peer{});
    one.to = ends[1];
  }
  when_read([&] {
    for (std::size_t i = 0; i < others.size(); ++i) {
      std::string answer = std::to_string(i);
      BOOST_TEST(others[i].from->write_soon(answer));
    }
  });
  for (std::size_t i = 0; i < others.size(); ++i) {
    BOOST_TEST(arrived_at(others[i].to) == std::to_string(i));
    ::close(others[i].to);
  }
}

BOOST_AUTO_TEST_CASE(what_the_socket_has_no_room_for_goes_when_it_has_and_before_the_rest) {
  int ends[2];
  BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  net::socket_stream full(poller, ends[0], net::peer{});
  // Filled behind the stream's back, so that it learns of it only when it sends.
  const std::string filling(4096, 'x');
  while (::send(ends[0], filling.data(), filling.size(), MSG_DONTWAIT) > 0) {
  }
  when_read([&] {
    std::string answer = "late ";
    BOOST_TEST(full.write_soon(answer));
  });
  BOOST_TEST(full.has_unsent());
  BOOST_TEST(full.write_available("later").value() == 0u);
  outcome read;
  group.spawn(read_into(&full, &read, in(1s)));  // as every connection does
  settle();
  BOOST_TEST(!arrived_at(ends[1]).empty());
  settle();
  BOOST_TEST(!full.has_unsent());
  BOOST_TEST(full.write_available("later").value() == 5u);
  BOOST_TEST(arrived_at(ends[1]) == "late later");
  ::close(ends[1]);
  settle();
}

namespace {

// Notes what had been told when the events of a turn were over.
struct turn_notes final : net::waker, net::turn_work {
  explicit turn_notes(net::socket_stream& with) : stream(with) {}
  void woken(bool readable) override {
    woke = readable;
    asked = stream.call_after_events(*this) && stream.call_after_events(*this);
    std::string answer = "answer";
    queued = stream.write_soon(answer);
  }
  void events_told() override {
    ++turns;
    others_woke = other != nullptr && other->woke;
    char peek[8];
    answer_was_sent = ::recv(peer, peek, sizeof peek, MSG_PEEK | MSG_DONTWAIT) > 0;
  }
  net::socket_stream& stream;
  turn_notes* other = nullptr;
  int peer = -1;
  bool woke = false, asked = false, queued = false, others_woke = false, answer_was_sent = false;
  int turns = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(work_after_the_events_comes_once_after_all_of_them_and_before_answers_leave) {
  int more[2];
  BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, more) == 0);
  net::socket_stream second(poller, more[0], net::peer{});
  turn_notes one(*here), two(second);
  one.other = &two;
  two.other = &one;
  one.peer = ends[1];
  two.peer = more[1];
  BOOST_TEST(!here->call_after_events(one));  // outside of a turn there is nothing to wait for
  BOOST_REQUIRE(here->wake_when_readable(one, in(1min)));
  BOOST_REQUIRE(second.wake_when_readable(two, in(1min)));
  sent("x");
  BOOST_REQUIRE(::send(more[1], "y", 1, 0) == 1);
  settle();
  for (const turn_notes* notes : {&one, &two}) {
    BOOST_TEST(notes->woke);
    BOOST_TEST(notes->asked);
    BOOST_TEST(notes->queued);
    BOOST_TEST(notes->turns == 1);
    BOOST_TEST(notes->others_woke);
    BOOST_TEST(!notes->answer_was_sent);
  }
  char answer[8];
  BOOST_TEST(::recv(more[1], answer, sizeof answer, 0) == 6);
  BOOST_TEST(::recv(ends[1], answer, sizeof answer, 0) == 6);
  ::close(more[1]);
}

BOOST_AUTO_TEST_SUITE_END()

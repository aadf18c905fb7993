// server: the list of a shard's connections and what they share; the coroutine around each
// conversation.
#include <algorithm>

#include "core/time_text.hpp"
#include "http/connection.hpp"
#include "http/conversation.hpp"
#include "http/event_output.hpp"
#include "http/workspace.hpp"
#include "net/error.hpp"

namespace http {
namespace {

// As many as a shard ever has in flight in ordinary times; each is some KiB.
constexpr std::size_t spare_workspaces_max = 64;
// Requests that are read before the first of them is answered. With more of them, what was read and
// what was answered no longer stays in the processor's nearest cache: 64 were measured slower.
constexpr std::size_t arrived_max = 16;
// A slow client has to take this much in the time of one write.
constexpr std::size_t write_step_bytes = 64 * 1024;

core::task<wait_for> send_output(conversation* talk) {
  workspace& work = talk->work();
  while (work.sent < work.output.size()) {
    const auto piece = std::string_view(work.output).substr(work.sent, write_step_bytes);
    const auto until = core::deadline::after(talk->now(), talk->limits().write);
    auto wrote = co_await talk->stream().write_all(piece, until);
    if (!wrote) co_return talk->sent(false);
    work.sent += piece.size();
  }
  co_return talk->sent(true);
}

core::task<wait_for> run_task(conversation* talk) {
  std::exception_ptr surprise;
  try {
    co_await talk->take_task();
  } catch (...) {
    surprise = std::current_exception();
  }
  co_return talk->task_ended(surprise);
}

// Hears the client out for a bounded time: closing with unread input sends a RST, which may take
// the answer away from a client that has not read it yet.
core::task<wait_for> hear_out(conversation* talk) {
  net::stream& stream = talk->stream();
  workspace& work = talk->work();
  const auto until = core::deadline::after(talk->now(), talk->limits().drain);
  const std::size_t most = talk->limits().drain_bytes_max;
  stream.finish_writing();
  std::size_t heard = 0;
  while (heard <= most) {
    auto ready = co_await stream.wait_readable(until);
    if (!ready) break;
    auto got = stream.read_available({work.input, work.capacity});
    if (!got) break;
    heard += *got;
  }
  co_return wait_for::nothing;
}

core::task<wait_for> await_bytes(conversation* talk) {
  auto ready = co_await talk->stream().wait_readable(talk->read_deadline());
  co_return ready ? talk->readable() : talk->read_failed(ready.error());
}

}  // namespace

server::server(connection_tools with) : with_(std::move(with)) {}

server::server(net::shard& on, service& answers, const connection_limits& limits)
    : server(connection_tools{on.executor(), on.buffers(), on.clock(), answers, limits}) {}

server::~server() {
  while (first_ != nullptr) {
    conversation* const one = first_;
    one->let_go();
    if (first_ == one) first_ = one->next_one;
  }
}

// Small, because every idle connection has one of these frames: what is rare has frames of its own.
core::task<void> server::serve(net::stream_ptr accepted) {
  conversation talk(*this, std::move(accepted));
  auto next = wait_for::request;
  while (next != wait_for::nothing) {
    if (next == wait_for::request && talk.listen()) {
      next = co_await talk.next_request();
      continue;
    }
    if (next == wait_for::request) {
      auto ready = co_await talk.stream().wait_readable(talk.wait_deadline());
      if (!ready && ready.error().code == net::errc::timed_out && talk.may_wait_longer()) {
        if (talk.rest()) co_return;
        continue;
      }
      next = ready ? talk.readable() : talk.read_failed(ready.error());
      continue;
    }
    core::task<wait_for> step;
    switch (next) {
      case wait_for::room:
        step = send_output(&talk);
        break;
      case wait_for::task:
        step = run_task(&talk);
        break;
      case wait_for::events:
        step = run_events(this, &talk);
        break;
      case wait_for::drain:
        step = hear_out(&talk);
        break;
      default:
        step = await_bytes(&talk);
        break;
    }
    next = co_await std::move(step);
  }
}

core::task<wait_for> server::run_events(server* self, conversation* talk) {
  const bool chunked = talk->work().parser.head().minor_version == 1;
  event_output out(self->with_.on, self->with_.time, talk->limits(), talk->give_stream(), chunked);
  struct listed {
    std::set<event_output*>& in;
    event_output* one;
    ~listed() { in.erase(one); }
  } at_exit{self->streams_, &out};
  self->streams_.insert(&out);
  if (self->draining_) out.retire();
  try {
    co_await talk->events()(out);
  } catch (...) {
    out.abandon();
  }
  co_await out.finish();
  co_return talk->events_ended(out.bytes_sent());
}

void server::enter(conversation& one) {
  one.next_one = first_;
  if (first_ != nullptr) first_->previous_one = &one;
  first_ = &one;
  ++count_;
}

const server::instant& server::turn() {
  if (arrived_.empty()) turn_ = now();
  return turn_;
}

void server::arrived(conversation& one) {
  arrived_.push_back(&one);
  const bool others_may_follow = one.stream().call_after_events(*this);
  if (!others_may_follow || arrived_.size() >= arrived_max) events_told();
}

// One step for all of them before the next step for any: each step's code, and the kernel's, stay
// in the processor's cache. The answers leave at the end of the turn: what is noted about them is
// noted before, so that whoever has an answer finds it counted.
void server::events_told() {
  std::exception_ptr surprise;
  // A connection's surprise must not keep the others from their answers.
  const auto for_each_of = [&surprise](std::vector<conversation*>& all, auto step) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      conversation* const one = std::exchange(all[i], nullptr);
      try {
        if (one != nullptr) step(*one);
      } catch (...) {
        if (!surprise) surprise = std::current_exception();
      }
    }
    all.clear();
  };
  for_each_of(arrived_, [](conversation& one) { one.answer(); });
  answered_at_ = now();
  for_each_of(departing_, [](conversation& one) { one.departs(); });
  answered_at_.reset();
  if (surprise) std::rethrow_exception(surprise);
}

void server::leave(conversation& one) {
  for (auto* const list : {&arrived_, &departing_})
    std::ranges::replace(*list, &one, static_cast<conversation*>(nullptr));
  (one.previous_one != nullptr ? one.previous_one->next_one : first_) = one.next_one;
  if (one.next_one != nullptr) one.next_one->previous_one = one.previous_one;
  --count_;
}

std::size_t server::idle_count() const {
  std::size_t idle = 0;
  for (const conversation* one = first_; one != nullptr; one = one->next_one)
    idle += one->is_idle();
  return idle;
}

void server::close_idle() {
  for (conversation* one = first_; one != nullptr;) {
    conversation* const current = one;
    one = one->next_one;
    if (current->is_idle()) current->close();
  }
}

void server::drain() {
  draining_ = true;
  close_idle();
  for (event_output* one : streams_) one->retire();
}

void server::stop() {
  draining_ = true;
  for (conversation* one = first_; one != nullptr;) {
    conversation* const current = one;
    one = one->next_one;
    current->close();
  }
}

std::unique_ptr<workspace> server::take_workspace() {
  if (spare_.empty()) return std::make_unique<workspace>();
  auto taken = std::move(spare_.back());
  spare_.pop_back();
  return taken;
}

void server::give_back(std::unique_ptr<workspace> done) {
  done->clear();
  if (spare_.capacity() == 0) spare_.reserve(spare_workspaces_max);
  if (spare_.size() < spare_workspaces_max) spare_.push_back(std::move(done));
}

std::string_view server::date_line(core::wall_time now) {
  const auto second = core::unix_seconds(now);
  if (second != date_second_) {
    date_second_ = second;
    date_line_ = "Date: " + core::to_http_date(now) + "\r\n";
  }
  return date_line_;
}

}  // namespace http

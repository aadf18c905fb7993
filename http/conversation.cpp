#include "http/conversation.hpp"

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>

#include <algorithm>
#include <cstring>
#include <string>

#include "core/error.hpp"
#include "http/reply_writer.hpp"
#include "net/error.hpp"

namespace http {
namespace {

// Answers to pipelined requests are collected up to here before they are sent.
constexpr std::size_t output_bytes_max = 64 * 1024;
// Reading a body in pieces needs a buffer that is worth a system call.
constexpr std::size_t piece_bytes_min = 4 * 1024;
// Who asks often is served from one coroutine; starting a new one costs about a microsecond.
constexpr core::milliseconds rest_after{2'000};
// What logs call a request whose client left before the answer (nginx's number for it).
constexpr int client_left = 499;

core::failure internal_failure(const std::exception_ptr& surprise) {
  std::string what;
  try {
    std::rethrow_exception(surprise);
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
    what = "not a std::exception";
  }
  return core::failure(make_error_code(core::errc::internal), std::move(what));
}

bool wants_events(const request_head& head) {
  return head.find(known_field::accept).find("text/event-stream") != std::string_view::npos;
}

}  // namespace

conversation::conversation(server& at, net::stream_ptr with)
    : at_(at),
      stream_(std::move(with)),
      shared_(stream_.get()),
      opened_(now()),
      now_(opened_),
      requests_(stream_->history.requests),
      restless_(stream_->rest_at() == nullptr) {
  if (stream_->history.since != core::steady_time{}) opened_ = stream_->history.since;
  at_.enter(*this);
  idle_ = true;
}

conversation::~conversation() {
  // Cancelled in the middle of a request: the service still hears of its end. An answer that leaves
  // with others is sent when the stream is closed.
  if (phase_ == phase::answered && work_ != nullptr && work_->output.empty())
    finish_exchange(work_->reply.status, work_->reply_bytes);
  finish_exchange(client_left, 0);
  if (work_ != nullptr) at_.give_back(std::move(work_));
  at_.leave(*this);
}

core::deadline conversation::idle_deadline() const {
  return earlier_of(core::deadline::after(now_, limits().idle),
                    core::deadline::after(opened_, limits().lifetime));
}

core::deadline conversation::wait_deadline() const {
  if (restless_) return idle_deadline();
  return earlier_of(core::deadline::after(now_, rest_after), idle_deadline());
}

bool conversation::rest() {
  const core::deadline until = idle_deadline();
  stream_->history = {opened_, requests_};
  if (stream_->rest_at()->rest(stream_, until)) {
    shared_ = nullptr;
    return true;
  }
  restless_ = true;
  return false;
}

void conversation::close() {
  if (shared_ != nullptr) shared_->close();
  resume_soon();
}

bool conversation::listen() { return stream_->wake_when_readable(*this, wait_deadline()); }

core::task<wait_for> conversation::next_request() {
  // No coroutine of its own: an idle connection would pay for one more frame.
  asio::use_awaitable_t<core::executor> token;
  return asio::async_initiate<asio::use_awaitable_t<core::executor>,
                              void(std::exception_ptr, wait_for)>(
      [](listener&& who, conversation* self) {
        auto slot = asio::get_associated_cancellation_slot(who);
        self->listener_.emplace(std::move(who));
        if (slot.is_connected())
          slot.assign([self](asio::cancellation_type) { self->resume_soon(); });
      },
      token, this);
}

std::optional<conversation::listener> conversation::take_listener() {
  auto who = std::exchange(listener_, std::nullopt);
  // Cancellation must not find us any more.
  if (who) asio::get_associated_cancellation_slot(*who).clear();
  return who;
}

void conversation::resume(std::exception_ptr surprise, wait_for next) {
  if (auto who = take_listener()) (*who)(std::move(surprise), next);
}

// Where other code of the shard is in the middle of something.
void conversation::resume_soon() {
  auto who = take_listener();
  if (!who) return;
  const auto on = asio::get_associated_executor(*who);
  asio::post(on, [who = std::move(*who)]() mutable { who(nullptr, wait_for::nothing); });
}

void conversation::let_go() { const auto frame = take_listener(); }

void conversation::woken(bool readable) {
  if (!listener_) return;
  if (!readable) return overslept();
  try {
    const auto next = read_in(at_.turn());
    if (next != wait_for::no_more) return went_on(next);
    if (phase_ == phase::head) look_at_head();
    at_.arrived(*this);
  } catch (...) {
    resume(std::current_exception(), wait_for::nothing);
  }
}

void conversation::answer() {
  if (!listener_) return;
  try {
    together_ = true;
    const auto next = work_on();
    together_ = false;
    if (next == wait_for::send)
      at_.gather(*this);
    else
      went_on(next);
  } catch (...) {
    together_ = false;
    resume(std::current_exception(), wait_for::nothing);
  }
}

void conversation::departs() {
  if (!listener_) return;
  try {
    const auto next = flushed(wait_for::no_more);
    went_on(next == wait_for::no_more ? go_on() : next);
  } catch (...) {
    resume(std::current_exception(), wait_for::nothing);
  }
}

void conversation::went_on(wait_for next) {
  if (next == wait_for::request && listen()) return;
  resume(nullptr, next);
}

void conversation::overslept() {
  if (!may_wait_longer()) return resume(nullptr, wait_for::nothing);
  if (rest()) return resume(nullptr, wait_for::nothing);
  went_on(wait_for::request);
}

// The clocks are read once for everything that happens between two waits.
void conversation::stamp() { take_times(at_.now()); }

void conversation::take_times(const server::instant& when) {
  now_ = when.steady;
  work_->wall = when.wall;
}

void conversation::begin_work() {
  idle_ = false;
  work_ = at_.take_workspace();
}

void conversation::begin_request() {
  workspace& work = *work_;
  phase_ = phase::head;
  work.seen.reset();
  work.about = {};
  work.given = answered_now{};
  work.reply.clear();
  work.body.clear();
  work.parser.start(limits().message);
  work.first_byte = now_;
  read_until_ = core::deadline::after(now_, limits().head);
}

// no_more: there are bytes to work on.
wait_for conversation::read_in(const server::instant& when) {
  const bool first = work_ == nullptr;
  if (first) begin_work();
  take_times(when);
  if (first) begin_request();
  workspace& work = *work_;
  if (phase_ == phase::head && (work.lease == nullptr || work.used == work.capacity))
    work.make_room(at_.with_.buffers);
  auto got = stream_->read_available({work.input + work.used, work.capacity - work.used});
  if (!got) return got.error().code == net::errc::closed ? input_ended() : wait_for::nothing;
  work.used += *got;
  if (*got == 0)
    return phase_ == phase::head && work.unread().empty() ? become_idle() : wait_for::bytes;
  return wait_for::no_more;
}

wait_for conversation::readable() {
  const auto next = read_in(at_.now());
  return next == wait_for::no_more ? work_on() : next;
}

wait_for conversation::work_on() {
  if (phase_ != phase::body) return go_on();
  const auto next = read_body();
  return next == wait_for::no_more ? go_on() : next;
}

wait_for conversation::input_ended() {
  ended_by_peer_ = true;
  if (phase_ == phase::head && work_->unread().empty()) return wait_for::nothing;
  return refuse({errc::bad_request, "the request was cut"});
}

wait_for conversation::read_failed(const core::failure& why) {
  if (why.code == net::errc::closed && work_ != nullptr) return input_ended();
  const bool silent = work_ == nullptr || (phase_ == phase::head && work_->unread().empty());
  if (silent || why.code != net::errc::timed_out) return wait_for::nothing;
  return refuse({errc::request_timeout, "the request did not arrive in time"});
}

wait_for conversation::go_on() {
  for (;;) {
    if (work_->unread().empty()) return flush(wait_for::request);
    const auto next = read_head();
    if (next != wait_for::no_more) return next;
  }
}

void conversation::look_at_head() {
  auto& seen = work_->seen.emplace();
  seen.bad = work_->parser.read_head(work_->unread(), seen.complete);
}

wait_for conversation::read_head() {
  workspace& work = *work_;
  if (!work.seen) look_at_head();
  const head_verdict seen = *work.seen;
  work.seen.reset();
  if (seen.bad) return refuse(seen.bad);
  if (seen.complete) return head_arrived();
  if (work.begin != 0) work.make_room(at_.with_.buffers);
  return flush(wait_for::bytes);
}

// After the unread bytes have moved: the views have to point to where they are now.
bool conversation::read_head_again() {
  bool complete = false;
  work_->parser.start(limits().message);
  return !work_->parser.read_head(work_->unread(), complete) && complete;
}

void conversation::open_exchange() {
  exchange& about = work_->about;
  about.peer = &shared_->other();
  about.started = work_->first_byte;
  about.now = work_->wall;
  about.deadline = core::deadline::after(now_, limits().request);
  unfinished_ = true;
}

wait_for conversation::head_arrived() {
  workspace& work = *work_;
  request_parser& parser = work.parser;
  if (parser.body() == body_kind::none) {
    // An event stream may wait for an hour and should not hold a whole buffer as long.
    if (work.lease != nullptr && wants_events(parser.head())) {
      work.settle();
      if (!read_head_again()) return wait_for::nothing;
    }
  } else if (work.capacity - work.begin - parser.head_bytes() < piece_bytes_min) {
    work.make_room(at_.with_.buffers);
    if (!read_head_again()) return wait_for::nothing;
  }
  work.end = work.begin + parser.head_bytes();
  open_exchange();
  work.about.head = &parser.head();
  const bool had_enough =
      ++requests_ >= limits().requests_max || at_.draining() || now_ - opened_ >= limits().lifetime;
  hear_out_ = had_enough;
  closing_ = had_enough || parser.wants_close();

  std::optional<body_plan> plan;
  try {
    plan = answers().admit(work.about, work.reply);
  } catch (...) {
    return fail(std::current_exception());
  }
  if (!plan) return answer_early();
  if (parser.body() == body_kind::none) return call_handler();
  return begin_body(plan->bytes_max);
}

wait_for conversation::begin_body(std::size_t bytes_max) {
  workspace& work = *work_;
  request_parser& parser = work.parser;
  const auto length = parser.content_length();
  const bool sized = parser.body() == body_kind::sized;
  if (auto bad = parser.begin_body(bytes_max)) return refuse(bad);
  phase_ = phase::body;
  read_until_ = core::deadline::after(now_, limits().body);
  // `end` is in the buffer, so the sum cannot overflow: length is at most bytes_max.
  work.body_in_place = sized && length <= work.capacity - work.end;
  const bool nothing_yet = work.used == work.end && (!sized || length > 0);
  if (nothing_yet && parser.expects_continue()) work.output.append("HTTP/1.1 100 Continue\r\n\r\n");
  return read_body();
}

wait_for conversation::read_body() {
  workspace& work = *work_;
  const std::string_view there(work.input + work.end, work.used - work.end);
  if (work.body_in_place) {
    const auto length = static_cast<std::size_t>(work.parser.content_length());
    if (there.size() < length) return flush(wait_for::bytes);
    work.about.body = there.substr(0, length);
    work.end += length;
    return call_handler();
  }
  progress came;
  if (auto bad = work.parser.read_body(there, work.body, came)) return refuse(bad);
  if (!came.complete) {
    // All of it is in `body` now, so the next piece may take its place.
    work.used = work.end;
    return flush(wait_for::bytes);
  }
  work.about.body = work.body;
  work.end += came.used;
  return call_handler();
}

wait_for conversation::call_handler() {
  workspace& work = *work_;
  if (phase_ == phase::body) work.about.deadline = core::deadline::after(now_, limits().request);
  phase_ = phase::handling;
  try {
    work.given = answers().handle(work.about, work.reply);
  } catch (...) {
    return fail(std::current_exception());
  }
  if (std::holds_alternative<answered_now>(work.given)) return answered();
  if (std::holds_alternative<answered_later>(work.given)) return flush(wait_for::task);
  closing_ = true;
  const auto before = work.output.size();
  append_event_head(work.output, work.reply,
                    {at_.date_line(work.wall), work.parser.head().minor_version});
  work.reply_bytes = work.output.size() - before;
  work.reply.status = 200;
  if (work.parser.head().method != method::head) return flush(wait_for::events);
  phase_ = phase::answered;
  work.begin = work.end;
  return flush(wait_for::nothing);
}

wait_for conversation::task_ended(std::exception_ptr surprise) {
  stamp();
  const auto next = surprise ? fail(surprise) : answered();
  return next == wait_for::no_more ? go_on() : next;
}

wait_for conversation::events_ended(std::size_t bytes_sent) {
  finish_exchange(200, work_->reply_bytes + bytes_sent);
  shared_ = nullptr;
  return wait_for::nothing;
}

wait_for conversation::answered() {
  workspace& work = *work_;
  phase_ = phase::answered;
  if ((at_.draining() || work.reply.close) && !closing_) {
    closing_ = hear_out_ = true;
    if (work.reply.close) work.end = work.used;  // no further byte is parsed
  }
  const request_head* head = work.about.head;
  reply_frame frame{at_.date_line(work.wall)};
  frame.minor_version = head != nullptr ? head->minor_version : 1;
  frame.head_only = head != nullptr && head->method == method::head;
  frame.close = closing_;
  const auto before = work.output.size();
  append_reply(work.output, work.reply, frame);
  work.reply_bytes = work.output.size() - before;
  work.begin = work.end;
  if (!closing_ && !work.unread().empty() && work.output.size() < output_bytes_max) {
    // Pipelined: this answer leaves together with the next ones, in one send.
    finish_exchange(work.reply.status, work.reply_bytes);
    begin_request();
    return wait_for::no_more;
  }
  return flush(wait_for::no_more);
}

// Answered before the body was read: it is skipped where it is there already, else nobody can know
// what the client sends next, and the connection ends (rules 7 and 8).
wait_for conversation::answer_early() {
  workspace& work = *work_;
  const auto there = work.used - work.end;
  const auto kind = work.parser.body();
  if (kind == body_kind::sized && work.parser.content_length() <= there) {
    work.end += static_cast<std::size_t>(work.parser.content_length());
  } else if (kind != body_kind::none) {
    closing_ = hear_out_ = true;
    work.end = work.used;
  }
  return answered();
}

wait_for conversation::refuse(const objection& why) {
  workspace& work = *work_;
  if (!unfinished_) open_exchange();
  closing_ = hear_out_ = true;
  work.end = work.used;  // no further byte is parsed
  work.reply.clear();
  try {
    answers().refuse(work.about, why.failed(), work.reply);
  } catch (...) {
    return wait_for::nothing;
  }
  return answered();
}

wait_for conversation::fail(std::exception_ptr surprise) {
  workspace& work = *work_;
  work.reply.clear();
  try {
    answers().refuse(work.about, internal_failure(surprise), work.reply);
  } catch (...) {
    return wait_for::nothing;
  }
  return phase_ == phase::head ? answer_early() : answered();
}

wait_for conversation::flush(wait_for then) {
  workspace& work = *work_;
  if (work.output.empty()) return flushed(then);
  const bool may_wait = then == wait_for::no_more && !closing_ && !at_.draining() && work.sent == 0;
  if (may_wait && stream_->write_soon(work.output))
    return together_ ? wait_for::send : flushed(then);
  auto wrote = stream_->write_available(std::string_view(work.output).substr(work.sent));
  if (!wrote) return wait_for::nothing;
  work.sent += *wrote;
  if (work.sent == work.output.size()) return flushed(then);
  after_flush_ = then;
  return wait_for::room;
}

wait_for conversation::sent(bool all) {
  if (!all) return wait_for::nothing;
  stamp();
  const auto next = flushed(after_flush_);
  return next == wait_for::no_more ? go_on() : next;
}

wait_for conversation::flushed(wait_for then) {
  workspace& work = *work_;
  work.output.clear();
  work.sent = 0;
  if (phase_ == phase::answered) {
    finish_exchange(work.reply.status, work.reply_bytes);
    if (closing_) return end();
    begin_request();
  }
  return then == wait_for::request ? become_idle() : then;
}

wait_for conversation::become_idle() {
  at_.give_back(std::move(work_));
  idle_ = true;
  return at_.draining() ? wait_for::nothing : wait_for::request;
}

wait_for conversation::end() {
  const bool surplus = !work_->unread().empty();
  return !ended_by_peer_ && (hear_out_ || surplus) ? wait_for::drain : wait_for::nothing;
}

void conversation::finish_exchange(int status, std::size_t bytes_sent) {
  if (!unfinished_) return;
  unfinished_ = false;
  const server::instant when = at_.ended();
  work_->about.ended = when.steady;
  work_->about.ended_wall = when.wall;
  try {
    answers().finished(work_->about, status, bytes_sent);
  } catch (...) {
    // A log line that could not be written must not take the answer with it.
  }
}

}  // namespace http

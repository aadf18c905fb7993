// conversation: what one connection does between two waits, in plain functions that never suspend.
// A warm request runs from its read to its send inside one call of readable().
#pragma once

#include <exception>
#include <memory>
#include <optional>

#include "http/connection.hpp"
#include "http/framing_guard.hpp"
#include "http/workspace.hpp"

namespace http {

// What has to happen before a conversation can go on.
enum class wait_for : unsigned char {
  request,  // the first byte of a request; nothing is held meanwhile
  bytes,    // more of a head or body, until read_deadline()
  room,     // the rest of the output must be sent
  task,     // the handler's coroutine
  events,   // the handler's event stream
  drain,    // the client must be heard out before the connection can be closed
  send,     // the answer leaves with those of other connections
  nothing,  // it is over
  no_more,  // not a wait: the request is done, and the next one may be in the buffer already
};

class conversation final : private net::waker {
 public:
  conversation(server& at, net::stream_ptr with);
  ~conversation();
  conversation(const conversation&) = delete;
  conversation& operator=(const conversation&) = delete;

  // Waits for requests, and answers without a coroutine those that need nothing but what is there:
  // their bytes are read while the events of a turn are told, answered after all of them, and noted
  // and sent after that (see server::events_told). Ends when something else is to be waited for,
  // with that. False from listen(): the stream can only be waited for by itself.
  bool listen();
  core::task<wait_for> next_request();
  void answer();   // by the server, after the events
  void departs();  // by the server, when all have answered
  void let_go();   // by the server that ends: whoever awaits next_request() is destroyed

  // Each of these goes on from one wait to the next one.
  wait_for readable();
  wait_for read_failed(const core::failure& why);
  wait_for sent(bool all);
  wait_for task_ended(std::exception_ptr surprise);

  net::stream& stream() { return *stream_; }
  workspace& work() { return *work_; }
  const connection_limits& limits() const { return at_.with_.limits; }
  core::steady_time now() const { return at_.with_.time.steady_now(); }

  core::deadline idle_deadline() const;
  // How long a coroutine waits for the next request; after that the connection may rest without
  // one.
  core::deadline wait_deadline() const;
  bool may_wait_longer() const { return !restless_ && !idle_deadline().passed(now()); }
  // Nothing came by then. True when the stream rests now, and this conversation is over.
  bool rest();
  core::deadline read_deadline() const { return read_until_; }
  answered_later take_task() { return std::move(std::get<answered_later>(work_->given)); }

  // The event stream, which owns the connection's bytes until its end. Its head has been sent.
  net::stream_ptr give_stream() { return std::move(stream_); }
  const answered_by_events& events() const { return std::get<answered_by_events>(work_->given); }
  wait_for events_ended(std::size_t bytes_sent);

  // For the server's list.
  bool is_idle() const { return idle_ && !shared_->has_unsent(); }
  void close();
  conversation* next_one = nullptr;
  conversation* previous_one = nullptr;

 private:
  enum class phase : unsigned char { head, body, handling, answered };

  using listener = asio::async_result<asio::use_awaitable_t<core::executor>,
                                      void(std::exception_ptr, wait_for)>::handler_type;
  void woken(bool readable) override;
  void overslept();
  void went_on(wait_for next);
  std::optional<listener> take_listener();
  void resume(std::exception_ptr surprise, wait_for next);
  void resume_soon();

  service& answers() const { return at_.with_.answers; }
  void stamp();
  void take_times(const server::instant& when);
  void begin_work();
  void begin_request();
  void open_exchange();
  wait_for input_ended();
  wait_for read_in(const server::instant& when);
  wait_for work_on();
  wait_for go_on();
  wait_for read_head();
  void look_at_head();
  wait_for head_arrived();
  bool read_head_again();
  wait_for begin_body(std::size_t bytes_max);
  wait_for read_body();
  wait_for call_handler();
  wait_for answered();
  wait_for answer_early();
  wait_for refuse(const objection& why);
  wait_for fail(std::exception_ptr surprise);
  wait_for flush(wait_for then);
  wait_for flushed(wait_for then);
  wait_for become_idle();
  wait_for end();
  void finish_exchange(int status, std::size_t bytes_sent);

  server& at_;
  net::stream_ptr stream_;
  net::stream* shared_;  // the same, also while an event stream owns it
  std::unique_ptr<workspace> work_;
  std::optional<listener> listener_;
  core::steady_time opened_;
  core::steady_time now_;
  core::deadline read_until_{core::steady_time{}};
  std::uint64_t requests_;
  bool restless_ = false;  // it cannot rest, or could not
  wait_for after_flush_ = wait_for::nothing;
  phase phase_ = phase::head;
  bool idle_ = false;
  bool together_ = false;       // it answers with others, and what it answers leaves with theirs
  bool unfinished_ = false;     // finished() is owed to the service
  bool closing_ = false;        // no further request will be read
  bool hear_out_ = false;       // the client may not expect the end: drain before closing
  bool ended_by_peer_ = false;  // nothing more can be read
};

}  // namespace http

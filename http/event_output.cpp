#include "http/event_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/error.hpp"
#include "net/error.hpp"

namespace http {
namespace {

// Problem documents and join answers are some KiB; more than this in one event is a mistake.
constexpr std::size_t event_bytes_max = 256 * 1024;

}  // namespace

void append_event(std::string& out, std::string_view event, std::string_view data) {
  if (const auto name = event.substr(0, event.find_first_of("\r\n")); !name.empty()) {
    out.append("event: ");
    out.append(name);
    out.append("\n");
  }
  for (;;) {
    const auto end = std::min(data.find_first_of("\r\n"), data.size());
    out.append("data: ");
    out.append(data.substr(0, end));
    out.append("\n");
    if (end == data.size()) break;
    data.remove_prefix(data.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  out.append("\n");
}

event_output::event_output(core::executor on, const core::clock& time,
                           const connection_limits& limits, net::stream_ptr to, bool chunked)
    : on_(on),
      time_(time),
      limits_(limits),
      link_(std::make_shared<link>(link{std::move(to),
                                        core::deadline::after(time.steady_now(), limits.events),
                                        false, false, std::nullopt, core::notice(on)})),
      helpers_(on),
      written_at_(time.steady_now()),
      chunked_(chunked) {
  helpers_.spawn(listen(link_));
}

event_output::~event_output() {
  link_->stream->close();
  helpers_.close(true);
}

core::task<void> event_output::listen(std::shared_ptr<link> to) {
  std::array<char, 512> unwanted;
  for (;;) {
    auto ready = co_await to->stream->wait_readable(to->until);
    if (!ready) break;
    auto got = to->stream->read_available(unwanted);
    if (!got) break;
  }
  to->left = true;
  to->ended.give();
  if (to->bell) to->bell->give();
}

core::task<void> event_output::pass_on(core::notice wake, core::notice bell, core::deadline until) {
  if (co_await wake.wait(until)) bell.give();
}

core::task<core::result<void>> event_output::write(std::string text) {
  if (link_->left) co_return core::fail(net::errc::closed, "the client has left");
  if (chunked_) text = fmt::format("{:x}\r\n{}\r\n", text.size(), text);
  const auto until = core::deadline::after(now(), limits_.write);
  auto wrote = co_await link_->stream->write_all(text, until);
  if (!wrote) {
    link_->left = true;
    co_return wrote;
  }
  written_at_ = now();
  bytes_sent_ += text.size();
  co_return wrote;
}

core::task<core::result<void>> event_output::send(std::string event, std::string data) {
  if (data.size() > event_bytes_max)
    co_return core::fail(core::errc::internal, "an event larger than any event should be");
  std::string text;
  append_event(text, event, data);
  co_return co_await write(std::move(text));
}

core::task<bool> event_output::wait_until(core::deadline when) { return wait(std::nullopt, when); }

core::task<bool> event_output::wait_for(core::notice wake, core::deadline until) {
  return wait(std::move(wake), until);
}

core::task<bool> event_output::wait(std::optional<core::notice> wake, core::deadline until) {
  const auto goes_on = [this] { return !link_->left && !link_->retired; };
  if (wake && wake->given()) co_return goes_on();
  core::notice bell(on_);
  link_->bell = bell;
  if (wake) helpers_.spawn(pass_on(*wake, bell, until));
  while (goes_on() && !until.passed(now())) {
    const auto beat = core::deadline::after(written_at_, limits_.heartbeat);
    const bool rang = co_await bell.wait(earlier_of(until, beat));
    if (rang) break;
    if (beat.passed(now())) {
      auto wrote = co_await write(":\n\n");
      if (!wrote) break;
    } else if (!until.passed(now())) {
      // Neither is due: the waiting was cancelled from outside.
      link_->left = true;
    }
  }
  link_->bell.reset();
  co_return goes_on();
}

void event_output::retire() {
  link_->retired = true;
  if (link_->bell) link_->bell->give();
}

core::task<void> event_output::finish() {
  if (!link_->left && !abandoned_) {
    const std::string_view last = chunked_ ? "0\r\n\r\n" : "";
    const auto until = core::deadline::after(now(), limits_.write);
    auto wrote = co_await link_->stream->write_all(last, until);
    if (wrote) bytes_sent_ += last.size();
    link_->stream->finish_writing();
    // The listener throws away what the client still sends, until the client closes too.
    co_await link_->ended.wait(core::deadline::after(now(), limits_.drain));
  }
  link_->stream->close();
  helpers_.close(true);
}

void event_output::abandon() { abandoned_ = true; }

}  // namespace http

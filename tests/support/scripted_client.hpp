// scripted_client: an http::client that answers from a script and remembers what it was asked.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/client.hpp"
#include "http/error.hpp"
#include "net/error.hpp"

namespace tests {

// A JSON answer, as most providers give it.
http::response json_response(int status, std::string body, std::vector<http::field> fields = {});

// Answers come from the routes first (on), else from the queue in order (reply, refuse). A request
// that neither knows is answered with http::errc::bad_response and counted in surprises().
class scripted_client final : public http::client {
 public:
  using answer = core::result<http::response>;
  using handler = std::function<answer(const http::request&)>;

  // What was asked, with the deadline that came along.
  struct seen {
    http::request what;
    core::deadline until;
    // "POST https://host/path"
    std::string line() const;
    // The first field of that name, ignoring case; empty where there is none.
    std::string_view find(std::string_view name) const;
  };

  // The queue: each of these answers one request, whatever it asks for.
  scripted_client& reply(int status, std::string json = {}, std::vector<http::field> fields = {});
  scripted_client& reply(answer given);
  template <class Code>
  scripted_client& refuse(Code why, std::string detail = "scripted") {
    return reply(answer(core::fail(why, std::move(detail))));
  }
  // Answers a request by looking at it.
  scripted_client& reply_by(handler make);

  // A route: every request with this method whose URL begins with `url_prefix`. The longest prefix
  // wins, of equal ones the youngest.
  scripted_client& on(http::method verb, std::string url_prefix, handler make);
  scripted_client& on(http::method verb, std::string url_prefix, int status, std::string json);

  // From now on answers wait for `gate` (or for the caller's deadline, then net::errc::timed_out).
  // The answer is taken from the script when the request arrives. nullopt: at once again.
  void hold(std::optional<core::notice> gate) { gate_ = std::move(gate); }

  const std::vector<seen>& requests() const { return requests_; }
  std::size_t count() const { return requests_.size(); }
  // Throws std::out_of_range when nothing was asked.
  const seen& last() const { return requests_.at(requests_.size() - 1); }
  // Answers that nobody has fetched, and requests that the script did not know.
  std::size_t answers_left() const { return queue_.size(); }
  std::size_t surprises() const { return surprises_; }
  // Requests that wait at the gate now.
  std::size_t in_flight() const { return in_flight_; }

  core::task<answer> send(http::request what, core::deadline until) override;

 private:
  struct route {
    http::method verb;
    std::string url_prefix;
    handler make;
  };
  answer answer_for(const http::request& what);

  std::deque<handler> queue_;
  std::vector<route> routes_;
  std::vector<seen> requests_;
  std::optional<core::notice> gate_;
  std::size_t surprises_ = 0;
  std::size_t in_flight_ = 0;
};

}  // namespace tests

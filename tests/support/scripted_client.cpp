#include "support/scripted_client.hpp"

#include <utility>

#include "core/encoding.hpp"

namespace tests {

http::response json_response(int status, std::string body, std::vector<http::field> fields) {
  http::response made;
  made.status = status;
  made.fields = std::move(fields);
  made.fields.push_back({"Content-Type", "application/json"});
  made.body = std::move(body);
  return made;
}

std::string scripted_client::seen::line() const {
  return std::string(http::name_of(what.method)) + " " + what.url;
}

std::string_view scripted_client::seen::find(std::string_view name) const {
  for (const http::field& one : what.fields)
    if (core::equals_ignoring_case(one.name, name)) return one.value;
  return {};
}

scripted_client& scripted_client::reply(int status, std::string json,
                                        std::vector<http::field> fields) {
  return reply(answer(json_response(status, std::move(json), std::move(fields))));
}

scripted_client& scripted_client::reply(answer given) {
  return reply_by([given = std::move(given)](const http::request&) { return given; });
}

scripted_client& scripted_client::reply_by(handler make) {
  queue_.push_back(std::move(make));
  return *this;
}

scripted_client& scripted_client::on(http::method verb, std::string url_prefix, handler make) {
  routes_.push_back({verb, std::move(url_prefix), std::move(make)});
  return *this;
}

scripted_client& scripted_client::on(http::method verb, std::string url_prefix, int status,
                                     std::string json) {
  answer given = json_response(status, std::move(json));
  return on(verb, std::move(url_prefix),
            [given = std::move(given)](const http::request&) { return given; });
}

scripted_client::answer scripted_client::answer_for(const http::request& what) {
  const route* best = nullptr;
  for (const route& one : routes_) {
    if (one.verb != what.method || !std::string_view(what.url).starts_with(one.url_prefix))
      continue;
    if (!best || one.url_prefix.size() >= best->url_prefix.size()) best = &one;
  }
  if (best) {
    const handler make = best->make;  // it may add routes
    return make(what);
  }
  if (queue_.empty()) {
    ++surprises_;
    return core::fail(http::errc::bad_response, "the script has no answer for " + what.url);
  }
  const handler make = std::move(queue_.front());
  queue_.pop_front();
  return make(what);
}

core::task<scripted_client::answer> scripted_client::send(http::request what,
                                                          core::deadline until) {
  requests_.push_back({what, until});
  answer given = answer_for(what);
  if (gate_) {
    core::notice gate = *gate_;
    struct presence {
      std::size_t& count;
      explicit presence(std::size_t& of) : count(of) { ++count; }
      ~presence() { --count; }
    } here(in_flight_);
    const bool released = co_await gate.wait(until);
    if (!released) co_return core::fail(net::errc::timed_out, "the scripted answer was held");
  }
  co_return given;
}

}  // namespace tests

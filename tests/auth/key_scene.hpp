// key_scene: a jwks_cache over a scripted login, with the time in the test's hands.
#pragma once

#include <string>
#include <vector>

#include "auth/error.hpp"
#include "auth/jwks_cache.hpp"
#include "support/fakes.hpp"
#include "support/made_keys.hpp"
#include "support/run.hpp"
#include "support/scripted_client.hpp"

namespace tests {

inline const std::string keys_url = "https://login.example.com/keys";

inline auth::issuer_settings issuer(std::string name, std::string url = keys_url) {
  auth::issuer_settings out;
  out.name = std::move(name);
  out.issuer = "https://" + out.name + ".example.com";
  out.jwks_url = std::move(url);
  out.rules.issuers = {out.issuer};
  return out;
}

inline std::string set_of(std::initializer_list<jose::key> keys) {
  std::string out = R"({"keys":[)";
  for (const jose::key& one : keys) out += (out.ends_with('[') ? "" : ",") + *one.public_jwk();
  return out + "]}";
}

struct key_scene {
  core::result<auth::issuer_keys_ptr> find(std::string name, std::string kid) {
    return tests::run(context, cache.find(std::move(name), std::move(kid), far_deadline()));
  }
  std::error_code refusal(std::string name, std::string kid) {
    const auto got = find(std::move(name), std::move(kid));
    return got ? std::error_code() : got.error().code;
  }
  void settle() {
    context.restart();
    context.poll();
  }
  bool fetch_due() {
    const bool any = cache.fetch_due();
    settle();
    return any;
  }
  std::string metric(std::string_view line_start) const {
    const std::string page = metrics.render();
    const auto at = page.find(line_start);
    if (at == std::string::npos) return "-";
    const auto space = at + line_start.size() + 1;
    return page.substr(space, page.find('\n', at) - space);
  }

  asio::io_context context{1};
  fake_clock clock;
  fake_random random;
  core::silent_logger log;
  core::metrics_page metrics;
  scripted_client client;
  std::vector<auth::issuer_keys_ptr> published;
  auth::jwks_cache cache{
      {context.get_executor(), clock, random, log, metrics, client,
       [this](auth::issuer_keys_ptr keys) { published.push_back(std::move(keys)); }}};
};

}  // namespace tests

#include "api/preflight.hpp"

#include "api/parameters.hpp"
#include "core/json.hpp"
#include "core/time_text.hpp"

namespace api {
namespace {

using namespace std::chrono_literals;

// Whoever runs the page repeats the check at will; the provider is asked once in so long.
constexpr auto fresh = 60s;
constexpr auto fetch_max = 4s;

std::string limited_as(const net::ip_address& client) {
  const net::ip_address network = client.network();
  return client.is_v4() ? network.text() : network.text() + "/64";
}

std::string sentence_of(const std::string& origin, const framing& said) {
  if (said.verdict == framing_verdict::allowed) return origin + " can be shown in a frame.";
  if (said.verdict == framing_verdict::refused)
    return origin + " refuses to be shown in a frame: " + said.reason + ".";
  return "Whether " + origin + " can be shown in a frame is not known: " + said.reason + ".";
}

}  // namespace

http::answer preflight::facts(const http::exchange& about, http::reply& out) const {
  out.fields += "Content-Type: application/json\r\n";
  core::json_writer json(out.body);
  json.begin_object().member("address", about.client.text());
  json.member("limitedAs", limited_as(about.client));
  json.member("serverTime", core::to_rfc3339(about.now));
  json.member("version", desk_.settings.version).name("providers").begin_array();
  for (const providers::provider* one : desk_.parts.providers.all()) {
    const providers::provider_traits& traits = one->traits();
    json.begin_object().member("name", traits.name.view());
    json.member("mode", traits.mode == providers::embed_mode::iframe ? "iframe" : "new_tab");
    json.member("origin", traits.origin).member("allow", traits.allow).end_object();
  }
  json.end_array().end_object();
  return http::answered_now{};
}

http::answer preflight::framing_of_provider(http::exchange& about, http::reply& out) {
  const auto wanted = find_parameter(about.head->query, "provider");
  const auto refused = [&](const core::failure& why) -> http::answer {
    desk_.refuse(about, out, why);
    return http::answered_now{};
  };
  if (!wanted) return refused(wanted.error());
  const auto name = core::provider_name::from(wanted->value_or(""));
  const providers::provider* one = name ? desk_.parts.providers.find(*name) : nullptr;
  if (!one) return refused(bad_parameter("provider", "provider must be the name of a provider."));
  const providers::provider_traits& traits = one->traits();
  // Our own room's page may be framed by everybody.
  if (traits.origin == desk_.settings.public_url) {
    write(out, *name, traits.origin, {framing_verdict::allowed, {}});
    return http::answered_now{};
  }
  if (traits.mode != providers::embed_mode::iframe) {
    write(out, *name, traits.origin, {framing_verdict::unknown, "its calls open in a tab"});
    return http::answered_now{};
  }
  return desk_.later(about, out, ask(&out, *name, traits.origin));
}

core::task<void> preflight::ask(http::reply* out, core::provider_name name, std::string origin) {
  known& mine = known_[name];
  const core::steady_time now = desk_.parts.clock.steady_now();
  if (mine.asking) {
    core::notice answered = *mine.asking;
    co_await answered.wait(core::deadline::after(now, fetch_max));
  } else if (mine.until <= now) {
    // However it ends: those who wait are told, and the next may ask.
    struct landing {
      known& mine;
      ~landing() {
        mine.asking->give();
        mine.asking.reset();
      }
    };
    mine.asking.emplace(desk_.parts.on);
    landing at_exit{mine};
    mine.said = {framing_verdict::unknown, "it is being asked"};
    mine.said = co_await fetch(origin);
    mine.until = desk_.parts.clock.steady_now() + fresh;
  }
  write(*out, name, origin, known_[name].said);
}

core::task<framing> preflight::fetch(std::string origin) {
  http::request wanted;
  wanted.url = origin + "/";
  wanted.fields = {{"Accept", "text/html"}};
  wanted.safe_to_repeat = true;
  const auto until = core::deadline::after(desk_.parts.clock.steady_now(), fetch_max);
  const auto page = co_await desk_.parts.client.send(std::move(wanted), until);
  if (!page) co_return framing{framing_verdict::unknown, "it does not answer"};
  framing said = framing_of(*page, origin, desk_.settings.public_url);
  // A redirect or an error page may have another header than the call's page: only a refusal
  // counts.
  if (said.verdict == framing_verdict::allowed && (page->status < 200 || page->status > 299))
    co_return framing{framing_verdict::unknown,
                      "its front page answers " + std::to_string(page->status)};
  co_return said;
}

void preflight::write(http::reply& out, const core::provider_name& name, const std::string& origin,
                      const framing& said) const {
  out.fields += "Content-Type: application/json\r\n";
  core::json_writer json(out.body);
  json.begin_object().member("provider", name.view());
  json.member("framing", name_of(said.verdict)).member("detail", sentence_of(origin, said));
  json.end_object();
}

}  // namespace api

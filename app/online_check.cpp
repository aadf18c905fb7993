#include "app/online_check.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "app/outside_world.hpp"
#include "auth/asked_answer.hpp"
#include "auth/error.hpp"
#include "auth/key_fetch.hpp"

namespace app {
namespace {

constexpr std::chrono::seconds provider_patience{10};
constexpr std::string_view made_up = "stagedoor-check-config";

// What a provider needs to be asked.
struct provider_world : outside_world {
  explicit provider_world(const config& settings) : outside_world(settings) {
    if (!client) return;
    providers.emplace(settings.providers, providers::provider_tools{*client, clock, random, silence,
                                                                    metrics, shard.executor()});
  }
  std::optional<providers::registry> providers;
};

void tell(std::string_view name, const core::result<std::string>& answer, bool* all_good) {
  fmt::print("  {:<17} {}\n", name,
             answer ? "good: " + *answer : "FAILED: " + answer.error().detail);
  if (!answer) *all_good = false;
}

core::task<void> ask_all(provider_world* world, bool* all_good) {
  for (providers::provider* one : world->providers->all()) {
    const auto until = core::deadline::after(world->clock.steady_now(), provider_patience);
    const auto answer = co_await one->try_credentials(until);
    tell(one->traits().name.text(), answer, all_good);
  }
}

// A failure with what its code says too.
template <class T>
core::result<std::string> in_words(const core::result<T>& answer) {
  if (answer) return std::string();
  const core::failure& why = answer.error();
  return core::fail(core::failure(why.code, why.code.message() + ", " + why.detail));
}

core::task<void> fetch_all(outside_world* world, const auth::session_settings* sessions,
                           bool* all_good) {
  for (const auth::issuer_settings& one : sessions->issuers) {
    const auto until = core::deadline::after(world->clock.steady_now(), provider_patience);
    const auto got = co_await auth::fetch_keys(&*world->client, one, {}, until);
    core::result<std::string> answer = in_words(got);
    if (got) answer = fmt::format("{} keys at {}", got->keys.keys().size(), got->jwks_url);
    tell("login " + one.name, answer, all_good);
  }
}

// What a server that is asked about sessions makes of one that nobody has.
core::result<std::string> judge_asked(const auth::asked_settings& whom,
                                      const core::result<http::response>& answer,
                                      core::wall_time now) {
  if (!answer) return in_words(answer);
  const auto who = auth::read_answer(whom, *answer, now).who;
  if (who) return core::fail(auth::errc::unauthenticated, "it lets in a session that was made up");
  if (who.error().code == auth::errc::login_unavailable) return core::same_failure(who);
  return "it knows no session that was made up";
}

core::task<void> ask_login(outside_world* world, auth::asked_settings whom, std::string name,
                           bool* all_good) {
  const std::string made_up_text(made_up);
  const core::secret forwarded =
      whom.cookies.empty() ? auth::forwarded_text(made_up_text, {})
                           : auth::forwarded_text({}, whom.cookies.front() + "=" + made_up_text);
  const auto until = core::deadline::after(world->clock.steady_now(), provider_patience);
  auto question = auth::question_of(whom, forwarded.reveal());
  const auto answer = co_await world->client->send(std::move(question), until);
  tell(name, judge_asked(whom, answer, world->clock.wall_now()), all_good);
}

}  // namespace

int check_online(const config& settings) {
  provider_world world(settings);
  if (!world.tls) {
    fmt::print(stderr, "stagedoor: http_client.ca_file: {}\n", world.tls.error().detail);
    return 1;
  }
  bool all_good = true;
  world.run(ask_all(&world, &all_good));
  const auth::session_settings& sessions = *settings.sessions;
  world.run(fetch_all(&world, &sessions, &all_good));
  if (sessions.callback)
    world.run(ask_login(&world, *sessions.callback, "session.callback", &all_good));
  if (sessions.introspection)
    world.run(ask_login(&world, *sessions.introspection, "session.introspection", &all_good));
  return all_good ? 0 : 1;
}

}  // namespace app

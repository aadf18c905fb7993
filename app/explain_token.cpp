#include "app/explain_token.hpp"

#include "app/outside_world.hpp"
#include "auth/asked_answer.hpp"
#include "auth/error.hpp"
#include "auth/key_fetch.hpp"

namespace app {
namespace {

constexpr std::chrono::seconds login_patience{10};

core::task<void> fetch(outside_world* world, auth::issuer_settings of,
                       core::result<jose::key_set>* into) {
  const auto until = core::deadline::after(world->clock.steady_now(), login_patience);
  auto got = co_await auth::fetch_keys(&*world->client, std::move(of), {}, until);
  if (got)
    *into = std::move(got->keys);
  else
    *into = core::same_failure(got);
}

core::result<jose::key_set> keys_of(const config& settings, const auth::issuer_settings& of) {
  outside_world world(settings);
  if (!world.tls) return core::same_failure(world.tls);
  core::result<jose::key_set> out = core::fail(auth::errc::login_unavailable);
  world.run(fetch(&world, of, &out));
  return out;
}

core::task<void> ask(outside_world* world, auth::asked_settings whom, core::secret forwarded,
                     core::result<auth::identity>* into) {
  const auto until = core::deadline::after(world->clock.steady_now(), whom.timeout);
  auto question = auth::question_of(whom, forwarded.reveal());
  auto answer = co_await world->client->send(std::move(question), until);
  if (answer)
    *into = auth::read_answer(whom, *answer, world->clock.wall_now()).who;
  else
    *into = core::same_failure(answer);
}

core::result<auth::identity> told_by(const config& settings, const auth::asked_settings& whom,
                                     std::string_view forwarded) {
  outside_world world(settings);
  if (!world.tls) return core::same_failure(world.tls);
  core::result<auth::identity> out = core::fail(auth::errc::login_unavailable);
  world.run(ask(&world, whom, core::secret(std::string(forwarded)), &out));
  return out;
}

core::task<void> recall(rooms::store* store, core::wall_time now, std::chrono::hours kept,
                        std::optional<auth::revocations>* into) {
  const auto until = core::deadline::after(std::chrono::steady_clock::now(), login_patience);
  const auto known = co_await store->revocations(core::forgotten_before(now, kept), until);
  if (!known) co_return;
  into->emplace();
  for (const core::revocation& one : *known) (*into)->add(one, now, kept);
}

// Nothing where there is no store yet, or none that may be read.
std::optional<auth::revocations> stored_revocations(const config& settings, core::wall_time now) {
  std::optional<auth::revocations> out;
  if (settings.demo) return out;
  try {
    core::silent_logger silence;
    asio::io_context context(1);
    rooms::sqlite_settings looking = settings.store;
    looking.look_only = true;
    rooms::sqlite_store store(std::move(looking), silence);
    asio::co_spawn(context, recall(&store, now, settings.sessions->revocations_kept, &out),
                   [](std::exception_ptr surprise) {
                     if (surprise) std::rethrow_exception(surprise);
                   });
    context.run_for(login_patience + std::chrono::seconds{1});
  } catch (const std::runtime_error&) {
    out.reset();
  }
  return out;
}

}  // namespace

auth::session_explanation explain_token(const config& settings, std::string_view token,
                                        core::wall_time at) {
  const auto revoked = stored_revocations(settings, core::system_clock().wall_now());
  auth::session_question asked;
  asked.token = token;
  asked.at = at;
  asked.keys_of = [&](const auth::issuer_settings& of) { return keys_of(settings, of); };
  asked.ask = [&](const auth::asked_settings& whom, std::string_view forwarded) {
    return told_by(settings, whom, forwarded);
  };
  asked.revoked = revoked ? &*revoked : nullptr;
  return auth::explain_session(*settings.sessions, asked);
}

}  // namespace app

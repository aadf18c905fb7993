#include "app/commands.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "app/demo.hpp"
#include "app/explain.hpp"
#include "app/explain_token.hpp"
#include "app/healthcheck.hpp"
#include "app/online_check.hpp"
#include "app/server.hpp"
#include "core/random.hpp"
#include "core/time_text.hpp"

namespace app {
namespace {

constexpr int ok = 0;
constexpr int did_not_work = 1;
constexpr int wrong_usage = 2;

// What several commands take.
struct common_flags {
  std::string config_file;
  bool demo = false;

  config_source source() const {
    config_source from;
    if (!config_file.empty())
      from.file = config_file;
    else if (const char* named = std::getenv("STAGEDOOR_CONFIG"); named && *named && !demo)
      from.file = named;
    from.variables = environment();
    from.demo = demo;
    return from;
  }
};

void add_common(CLI::App& to, common_flags& flags) {
  auto* file = to.add_option("--config", flags.config_file,
                             "The configuration file (TOML); else $STAGEDOOR_CONFIG");
  to.add_flag("--demo", flags.demo,
              "Everything built in: loopback only, temporary secret, seeded bookings")
      ->excludes(file);
}

void complain(std::string_view text) {
  std::fprintf(stderr, "stagedoor: %.*s\n", static_cast<int>(text.size()), text.data());
}
void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::optional<config> load_or_complain(const config_source& from) {
  auto loaded = load_config(from);
  if (loaded.value) return std::move(loaded.value);
  std::fputs(describe(loaded.mistakes).c_str(), stderr);
  complain(fmt::format("the configuration has {} mistake{}", loaded.mistakes.size(),
                       loaded.mistakes.size() == 1 ? "" : "s"));
  return std::nullopt;
}

int serve(const common_flags& flags) {
  // Whoever reloads or rotates logs while the server starts must not end it. What was changed until
  // then is read now; running, it listens to the signal.
  std::signal(SIGHUP, SIG_IGN);
  config_source from = flags.source();
  from.makes_demo_secret = flags.demo;
  from.checks_files = true;
  auto settings = load_or_complain(from);
  if (!settings) return did_not_work;
  return run_server(std::move(*settings), from);
}

int check_config(const common_flags& flags, bool online) {
  config_source from = flags.source();
  from.checks_files = true;
  const auto settings = load_or_complain(from);
  if (!settings) return did_not_work;
  print(summary_of(*settings));
  if (online) return check_online(*settings);
  return ok;
}

struct session_flags {
  std::string user, role, name, lifetime = "1h";
};

int mint_session_token(const common_flags& flags, const session_flags& wanted) {
  const auto settings = load_or_complain(flags.source());
  if (!settings) return did_not_work;
  auth::session_wish wish;
  const auto user = core::user_id::from(wanted.user);
  if (!user)
    return complain("--user must be 1 to 255 bytes of UTF-8 without control characters"),
           wrong_usage;
  wish.user = *user;
  if (!wanted.role.empty()) {
    wish.role = core::role_from(wanted.role);
    if (!wish.role) return complain("--role must be expert or client"), wrong_usage;
  }
  wish.name = wanted.name;
  const auto lifetime = core::duration_from(wanted.lifetime);
  if (!lifetime || *lifetime < std::chrono::seconds{1} || *lifetime > std::chrono::hours{24 * 30})
    return complain("--ttl must be a duration such as 15m or 1h, at most 30d"), wrong_usage;
  wish.lifetime = std::chrono::duration_cast<std::chrono::seconds>(*lifetime);
  if (settings->demo && !demo_runs(settings->demo_port))
    return complain(fmt::format("no demo is running on port {}, so no server would take the token; "
                                "start one with: stagedoor serve --demo",
                                settings->demo_port)),
           did_not_work;
  core::system_random random;
  const auto token = auth::mint_session(*settings->sessions, wish, core::system_clock().wall_now(),
                                        core::new_nonce(random, 16));
  if (!token) return complain("no session can be signed: " + token.error().detail), did_not_work;
  print(*token + "\n");
  return ok;
}

int make_service_key() {
  core::system_random random;
  const std::string key = "sdk_" + core::new_nonce(random, 32);
  print(
      fmt::format("key:  {}\nhash: {}\n\nGive the key to your backend (Authorization: Bearer …) "
                  "and put the hash into\n"
                  "[service] key_hashes. The key is shown only here.\n",
                  key, auth::service_keys::hash_of(key)));
  return ok;
}

struct explain_flags {
  std::string user, role = "expert", room, at, token_file;
};

// "-" is standard input, so that a token need not be written to a file.
core::result<std::string> read_token(const std::string& file) {
  if (file != "-") return core::read_small_file(file);
  std::string out(64 * 1024, '\0');
  out.resize(std::fread(out.data(), 1, out.size(), stdin));
  return out;
}

// Now, or the time that was asked for.
std::optional<core::wall_time> time_of(const explain_flags& asked) {
  if (asked.at.empty()) return core::system_clock().wall_now();
  const auto at = core::from_rfc3339(asked.at);
  if (!at) complain("--at must be a time such as 2026-11-22T10:00:00Z");
  return at;
}

int explain_session_token(const config& settings, const std::string& file, core::wall_time at) {
  const auto text = read_token(file);
  if (!text) return complain("--token: " + text.error().detail), did_not_work;
  const auto told = explain_token(settings, *text, at);
  print(told.text);
  return told.accepted ? ok : did_not_work;
}

int explain(const common_flags& flags, const explain_flags& asked) {
  const auto settings = load_or_complain(flags.source());
  if (!settings) return did_not_work;
  const auto at = time_of(asked);
  if (!at) return wrong_usage;
  if (!asked.token_file.empty()) {
    if (!asked.user.empty() || !asked.room.empty())
      return complain("--token explains a session; --user and --room a decision: one of the two"),
             wrong_usage;
    return explain_session_token(*settings, asked.token_file, *at);
  }
  explain_question question;
  const auto user = core::user_id::from(asked.user);
  const auto room = core::room_id::from(asked.room);
  const auto seat = core::role_from(asked.role);
  if (!user)
    return complain("--user must be 1 to 255 bytes of UTF-8 without control characters"),
           wrong_usage;
  if (!room)
    return complain("--room must be 1 to 128 characters of A-Z a-z 0-9 . _ ~ : @ -"), wrong_usage;
  if (!seat) return complain("--role must be expert or client"), wrong_usage;
  question.user = *user;
  question.room = *room;
  question.seat = *seat;
  question.at = *at;
  const auto text = explain_decision(*settings, question);
  if (!text) return complain(text.error().detail), did_not_work;
  print(*text);
  return ok;
}

// CLI11 would say that a command is required, and not that this one is none.
std::optional<std::string> unknown_command(const CLI::App& program, int argument_count,
                                           char** arguments) {
  if (argument_count < 2 || arguments[1][0] == '-') return std::nullopt;
  const std::string given = arguments[1];
  std::vector<std::string> known;
  for (const auto* one : program.get_subcommands({})) known.push_back(one->get_name());
  if (std::ranges::find(known, given) != known.end()) return std::nullopt;
  const auto meant = core::nearest(given, known);
  return fmt::format("unknown command \"{}\"; {}", given,
                     meant ? fmt::format("did you mean \"{}\"?", *meant)
                           : fmt::format("there are {}", fmt::join(known, ", ")));
}

}  // namespace

int run_command(int argument_count, char** arguments) {
  CLI::App program{"Stagedoor: the door between a marketplace and its video calls"};
  program.require_subcommand(1);
  const std::string version = std::string("stagedoor ") + STAGEDOOR_VERSION;
  program.set_version_flag("--version", version);
  common_flags common;
  bool online = false;
  session_flags session;
  explain_flags question;

  auto* serve_command = program.add_subcommand("serve", "Answer requests until SIGTERM");
  add_common(*serve_command, common);

  auto* check_command =
      program.add_subcommand("check-config", "Read the configuration and report every mistake");
  add_common(*check_command, common);
  check_command->add_flag("--online", online,
                          "Also ask every provider and login whether our credentials work");

  auto* session_command =
      program.add_subcommand("session", "Print a session token, for trying things out");
  add_common(*session_command, common);
  session_command->add_option("--user", session.user, "User id (sub)")->required();
  session_command->add_option("--role", session.role, "expert or client");
  session_command->add_option("--name", session.name, "Display name");
  session_command->add_option("--ttl", session.lifetime, "How long it lasts: 15m, 1h")
      ->capture_default_str();

  auto* explain_command =
      program.add_subcommand("explain", "Print every rule of a join's decision, or of a session's");
  add_common(*explain_command, common);
  explain_command->add_option("--user", question.user, "User id");
  explain_command->add_option("--role", question.role, "The seat: expert or client")
      ->capture_default_str();
  explain_command->add_option("--room", question.room, "Room id");
  explain_command->add_option("--at", question.at, "Another time than now (RFC 3339)");

  explain_command->add_option("--token", question.token_file,
                              "Instead: a file with a session, \"-\" for standard input; why is it "
                              "(not) accepted");

  auto* health_command = program.add_subcommand("healthcheck", "Ask the running server's /readyz");
  add_common(*health_command, common);
  auto* key_command =
      program.add_subcommand("service-key", "Make a key for the booking API, and its hash");
  auto* version_command = program.add_subcommand("version", "Print the version");

  if (const auto unknown = unknown_command(program, argument_count, arguments))
    return complain(*unknown), wrong_usage;
  try {
    program.parse(argument_count, arguments);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? ok : wrong_usage;
  }

  if (*serve_command) return serve(common);
  if (*check_command) return check_config(common, online);
  if (*session_command) return mint_session_token(common, session);
  if (*explain_command) return explain(common, question);
  if (*health_command) {
    const auto settings = load_or_complain(common.source());
    return settings ? check_health(*settings) : did_not_work;
  }
  if (*key_command) return make_service_key();
  if (*version_command) return print(version + "\n"), ok;
  return wrong_usage;
}

}  // namespace app

#include "app/config.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <set>
#include <thread>

#include "app/config_changes.hpp"
#include "app/demo.hpp"
#include "app/file_check.hpp"
#include "http/url.hpp"

namespace app {
namespace {

using namespace std::chrono_literals;

constexpr unsigned short demo_default_port = 3002;

bool is_unix(std::string_view address) { return address.starts_with("unix:"); }

// Host part of "host:port" or "[v6]:port".
std::string_view host_of(std::string_view address) { return address.substr(0, address.rfind(':')); }

bool only_on_this_machine(std::string_view address) {
  return is_unix(address) || core::is_loopback_host(host_of(address));
}

std::vector<net::listen_settings> read_listeners(core::options& from, std::string_view key,
                                                 std::vector<std::string> fallback, bool tls) {
  std::vector<net::listen_settings> out;
  for (const std::string& address : from.texts(key, std::move(fallback))) {
    auto one = net::listen_settings::from(address);
    if (!one) {
      from.note(key,
                fmt::format("names \"{}\", which is no address to listen on: {}", address,
                            one.error().detail),
                "\"127.0.0.1:3002\", \"[::]:443\" or \"unix:/run/stagedoor.sock\"");
      continue;
    }
    one->tls = tls && !is_unix(address);
    out.push_back(std::move(*one));
  }
  return out;
}

// What the kernel refuses to bind side by side.
bool collide(const net::listen_settings& a, const net::listen_settings& b) {
  if (!a.unix_path.empty() || !b.unix_path.empty()) return a.unix_path == b.unix_path;
  if (a.port == 0 || a.port != b.port) return false;
  const net::ip_address any_v6;
  const auto any_v4 = net::ip_address::v4({0, 0, 0, 0});
  // "[::]" takes IPv4 too.
  const auto takes_all_of = [&](const net::ip_address& one, const net::ip_address& other) {
    return one == any_v6 || (one == any_v4 && other.is_v4());
  };
  return a.ip == b.ip || takes_all_of(a.ip, b.ip) || takes_all_of(b.ip, a.ip);
}

// Notes each listener that asks for what one before it has.
void check_collisions(core::options& from, std::string_view key,
                      const std::vector<net::listen_settings>& listeners,
                      std::vector<net::listen_settings>& before) {
  for (const auto& one : listeners) {
    const auto other =
        std::ranges::find_if(before, [&](const auto& had) { return collide(had, one); });
    if (other != before.end())
      from.note(key,
                other->address == one.address
                    ? fmt::format("names \"{}\", where another listener is already", one.address)
                    : fmt::format("names \"{}\", which another listener, \"{}\", takes too",
                                  one.address, other->address),
                "each needs an address of its own");
    before.push_back(one);
  }
}

// HTTPS only: what is plain must stay on this machine or come through a proxy that says https.
void check_transport(core::options& server, std::string_view key,
                     const std::vector<net::listen_settings>& listeners,
                     const net::proxy_settings& proxies) {
  // A proxy on this machine has no need of a door to others.
  const bool proxy_elsewhere =
      std::ranges::any_of(proxies.trusted, [](const auto& one) { return !one.is_loopback(); });
  for (const auto& one : listeners) {
    if (one.tls || only_on_this_machine(one.address) || proxy_elsewhere) continue;
    server.note(
        key,
        fmt::format("names \"{}\", which would answer plain HTTP to other machines", one.address),
        "set [tls] certificate_file and key_file, or listen on loopback behind a proxy in "
        "[proxy] trusted");
  }
}

void read_server(core::options& root, config& out) {
  core::options& server = root.section("server");
  const auto cores = std::max(1u, std::thread::hardware_concurrency());
  const auto threads =
      server.integer("threads", 0, 0, static_cast<std::int64_t>(core::metric_lanes) - 1);
  out.threads = threads == 0 ? std::min<std::size_t>(cores, core::metric_lanes - 1)
                             : static_cast<std::size_t>(threads);
  out.proxies = net::read_proxy_settings(root.section("proxy"));
  if (root.has("tls")) out.tls = net::read_tls_settings(root.section("tls"));
  out.listen = read_listeners(server, "listen", {"127.0.0.1:3002"}, out.tls.has_value());
  const auto plain = read_listeners(server, "listen_plain", {}, false);
  const bool proxies_are_known = !root.section("proxy").noted("trusted");
  if (proxies_are_known) {
    check_transport(server, "listen", out.listen, out.proxies);
    check_transport(server, "listen_plain", plain, out.proxies);
  }
  std::vector<net::listen_settings> before;
  check_collisions(server, "listen", out.listen, before);
  check_collisions(server, "listen_plain", plain, before);
  out.listen.insert(out.listen.end(), plain.begin(), plain.end());
  if (out.listen.empty() && !server.noted("listen")) server.note("listen", "names no address");
  const bool proxy_protocol = server.flag("proxy_protocol", false);
  for (auto& one : out.listen) one.proxy_protocol = proxy_protocol;
  if (proxy_protocol && proxies_are_known && out.proxies.trusted.empty() &&
      !out.proxies.trust_unix_socket)
    server.note("proxy_protocol",
                "is set, but [proxy] trusted names nobody who may send its header",
                "trusted = [\"10.0.0.0/8\"]");
  out.listener = net::read_listener_limits(server);
  out.connections = http::read_connection_limits(root.section("http"));
}

void read_admin(core::options& root, config& out) {
  core::options& admin = root.section("admin");
  out.admin_listen = read_listeners(admin, "listen", {"127.0.0.1:9464"}, false);
  std::vector<net::listen_settings> before = out.listen;
  check_collisions(admin, "listen", out.admin_listen, before);
  const bool remote = admin.flag("allow_remote", false);
  if (out.admin_listen.empty() && !admin.noted("listen"))
    admin.note("listen", "names no address", "\"127.0.0.1:9464\"");
  for (const auto& one : out.admin_listen)
    if (!remote && !only_on_this_machine(one.address))
      admin.note(
          "listen",
          fmt::format("names \"{}\", which would show metrics and bookings to other machines",
                      one.address),
          "listen on loopback, or set admin.allow_remote = true where the network is yours");
}

void read_log(core::options& root, config& out) {
  core::options& log = root.section("log");
  const std::string level = log.one_of("level", "info", {"debug", "info", "warn", "error", "off"});
  for (const auto one : {core::log_level::debug, core::log_level::info, core::log_level::warn,
                         core::log_level::error, core::log_level::off})
    if (core::name_of(one) == level) out.log.level = one;
  out.log.format = log.one_of("format", "json", {"json", "text"}) == "json"
                       ? core::log_format::json
                       : core::log_format::text;
  out.log.access = log.flag("access", true);
  out.log.file = log.text("file", "");
  out.log.buffer = static_cast<std::size_t>(log.integer("buffer", 1 << 20, 16 << 10, 256 << 20));
}

void read_audit(core::options& root, config& out) {
  core::options& audit = root.section("audit");
  out.audit.file = audit.text("file", "");
  out.audit.buffer =
      static_cast<std::size_t>(audit.integer("buffer", 4 << 20, 16 << 10, 256 << 20));
  if (!out.audit.file.empty() && out.audit.file == out.log.file)
    audit.note("file", "is that of [log]: the audit log is a file of its own");
}

void read_shutdown(core::options& root, config& out) {
  core::options& shutdown = root.section("shutdown");
  out.shutdown.delay = shutdown.duration("delay", 0s, 0s, 10min);
  out.shutdown.grace = shutdown.duration("grace", 30s, 0s, 10min);
}

void read_public_url(core::options& root, config& out) {
  if (!root.has("public_url")) {
    root.note("public_url",
              "is required and missing: the address under which browsers reach this server",
              "public_url = \"https://video.example.com\"");
    return;
  }
  const auto text = root.url("public_url", true);
  if (!text) return;
  const auto parsed = http::url::from(*text);
  if (!parsed) {
    root.note("public_url", "is no address: " + parsed.error().detail,
              "\"https://video.example.com\"");
  } else if (parsed->path != "/" || text->find('?') != std::string::npos) {
    // Links, the issuer of tokens and the origin of frames are all made of it.
    root.note("public_url", "must be scheme, host and port alone: no path and no query",
              fmt::format("\"{}\"", parsed->origin()));
  } else {
    out.public_url = parsed->origin();
  }
}

// Pages of these origins may call us with their users' credentials, so each is named exactly.
void read_cors(core::options& cors, config& out) {
  out.cors_origins = cors.texts("origins");
  for (const std::string& one : out.cors_origins) {
    const auto parsed = http::url::from(one);
    const bool exact = parsed && parsed->origin() == one;
    if (!exact || (!parsed->secure && !core::is_loopback_host(parsed->host)))
      cors.note("origins", fmt::format("names \"{}\", which is no https origin", one),
                "\"https://www.example.com\"");
  }
}

void read_join(core::options& root, config& out) {
  core::options& join = root.section("join");
  out.join_timeout = join.duration("timeout", 5s, 100ms, 60s);
  if (out.join_timeout > out.connections.request && !root.section("http").noted("request"))
    join.note("timeout", "is longer than http.request, which ends every request", "raise both");
}

void read_default_provider(core::options& root, config& out) {
  const auto wanted = root.text("default_provider");
  // One that is there but has mistakes of its own is not missing.
  const auto names = root.section("providers").section_names();
  if (!wanted) {
    if (names.size() == 1 && out.providers.size() == 1)
      out.default_provider = out.providers.front().name;
    else if (names.size() > 1 && !root.noted("default_provider"))
      root.note("default_provider",
                fmt::format("is required where several providers are configured: {}",
                            fmt::join(names, ", ")));
    return;
  }
  for (const auto& one : out.providers)
    if (one.name.text() == *wanted) out.default_provider = one.name;
  if (std::ranges::find(names, *wanted) != names.end()) return;
  const auto meant = core::nearest(*wanted, names);
  root.note("default_provider",
            fmt::format("is \"{0}\", and there is no table [providers.{0}]", *wanted),
            meant ? fmt::format("did you mean \"{}\"?", *meant) : "");
}

config read_everything(core::options& root) {
  config out;
  read_public_url(root, out);
  read_server(root, out);
  read_admin(root, out);
  auto sessions = std::make_shared<auth::session_settings>(
      auth::read_session_settings(root.section("session")));
  out.service_keys = auth::service_keys::read(root.section("service"));
  out.store = rooms::read_sqlite_settings(root.section("store"));
  out.cache = rooms::read_cache_settings(root.section("cache"));
  out.windows = rooms::read_window_settings(root.section("windows"));
  out.limits = ratelimit::read_settings(root.section("limits"));
  out.client = http::read_client_settings(root.section("http_client"));
  out.provision = join::read_provision_settings(root.section("rooms"));
  out.gate = join::read_gate_settings(root.section("overload"));
  out.tickets =
      std::make_shared<join::ticket_settings>(join::read_ticket_settings(root.section("tickets")));
  read_join(root, out);
  read_cors(root.section("cors"), out);
  if (sessions->headers && out.proxies.trusted.empty() && !out.proxies.trust_unix_socket)
    root.section("session").note("headers", "is set, but [proxy] trusted names nobody to believe",
                                 "trusted = [\"127.0.0.1\"]");
  sessions->origins = out.cors_origins;
  sessions->origins.push_back(out.public_url);
  out.sessions = std::move(sessions);
  out.pages = api::read_page_settings(root.section("pages"));
  core::options& named = root.section("providers");
  if (named.section_names().empty() && !root.noted("providers"))
    root.note("providers", "is missing: a call needs a provider",
              "[providers.builtin] with type = \"builtin\" for trying out");
  // Where our own address is a mistake, what would be made of it is none.
  out.providers = providers::read_providers(
      named, out.public_url.empty() ? std::string("https://unknown") : out.public_url);
  read_default_provider(root, out);
  read_log(root, out);
  read_audit(root, out);
  read_shutdown(root, out);
  return out;
}

// The port of the first listener that the demo was told to use.
unsigned short demo_port(const config_source& from) {
  for (const auto& [name, value] : from.variables) {
    if (name != "STAGEDOOR__SERVER__LISTEN") continue;
    const auto colon = value.rfind(':');
    if (colon == std::string::npos) continue;
    const int port = std::atoi(value.c_str() + colon + 1);
    if (port > 0 && port < 65536) return static_cast<unsigned short>(port);
  }
  return demo_default_port;
}

// A demo on another machine's screen would be a login for everybody.
void refuse_remote_demo(core::options& root, const config& settings) {
  for (const auto* listeners : {&settings.listen, &settings.admin_listen})
    for (const auto& one : *listeners)
      if (!only_on_this_machine(one.address))
        root.section(listeners == &settings.listen ? "server" : "admin")
            .note("listen",
                  fmt::format("names \"{}\", and a demo listens on loopback addresses only",
                              one.address));
}

void add_demo_secret(core::options& root, const config_source& from, unsigned short port) {
  core::system_random random;
  auto secret = demo_secret(port, from.makes_demo_secret, random);
  if (secret)
    root.section("session").set("secret", std::string(secret->reveal()), "demo");
  else
    root.note("session", "cannot have the demo's secret: " + secret.error().detail);
}

loaded_config load(std::string_view toml, const std::string& file_name, const config_source& from) {
  loaded_config out;
  // The options note into this list, and the configuration keeps them: it must live as long as they
  // do.
  auto found = std::make_shared<core::mistakes>();
  auto root = read_options(toml, file_name, from.variables, *found, from.read_file);
  const bool syntax_is_good = found->empty();
  const unsigned short port = from.demo ? demo_port(from) : 0;
  if (from.demo) add_demo_secret(*root, from, port);
  if (syntax_is_good) {
    config settings = read_everything(*root);
    root->note_unknown();
    settings.demo = from.demo;
    settings.demo_port = port;
    if (from.demo) refuse_remote_demo(*root, settings);
    if (from.checks_files) check_files(*root, settings);
    // What is read is read: only to see what a reload changes is this kept, and not the secrets.
    keep_digests(*root);
    settings.source = std::shared_ptr<core::options>(root.get(), [root, found](core::options*) {});
    if (found->empty()) out.value = std::move(settings);
  }
  out.mistakes = *found;
  put_in_order(out.mistakes, file_name);
  return out;
}

}  // namespace

loaded_config load_config_text(std::string_view toml, const config_source& from) {
  return load(toml, from.file.value_or("configuration"), from);
}

loaded_config load_config(const config_source& from) {
  if (from.demo) return load(demo_toml(demo_port(from), has_ipv6_loopback()), "demo", from);
  if (!from.file) return load("", "environment", from);
  auto text = from.read_file(*from.file);
  if (!text)
    return {std::nullopt, {{*from.file, "", "cannot be read: " + text.error().detail, ""}}};
  loaded_config loaded = load(*text, *from.file, from);
  OPENSSL_cleanse(text->data(), text->size());
  return loaded;
}

std::string describe(const core::mistakes& found) {
  std::string out;
  for (const auto& one : found) {
    std::string line;
    if (!one.where.empty()) line += one.where + ": ";
    if (!one.key.empty()) line += one.key + " ";
    line += one.what;
    if (!one.hint.empty()) line += "; " + one.hint;
    // A key or a value may hold anything, and what is shown is one line per mistake.
    std::ranges::replace_if(
        line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    out += line + '\n';
  }
  return out;
}

namespace {

// Whoever has tokens of the same login for something else comes in with them.
void note_open_logins(std::string& out, const auth::session_settings& from) {
  constexpr std::string_view note =
      "  note: {} names no audience: tokens that were made for other services count here too\n";
  auto to = std::back_inserter(out);
  if (!from.keys.empty() && from.rules.audiences.empty()) fmt::format_to(to, note, "[session]");
  for (const auth::issuer_settings& one : from.issuers)
    if (one.rules.audiences.empty() && one.rules.parties.empty())
      fmt::format_to(to, note, "[session.issuers." + one.name + "]");
}

}  // namespace

std::string summary_of(const config& settings) {
  std::string out = "The configuration is good.\n";
  auto to = std::back_inserter(out);
  fmt::format_to(to, "  public address    {}\n", settings.public_url);
  for (const auto& one : settings.listen)
    fmt::format_to(to, "  listens on        {} ({})\n", one.address,
                   one.tls ? "TLS" : "plain, this machine or a trusted proxy only");
  for (const auto& one : settings.admin_listen)
    fmt::format_to(to, "  admin             {}\n", one.address);
  for (const auto& one : settings.providers)
    fmt::format_to(to, "  provider          {} ({}){}\n", one.name.text(), one.type,
                   one.name == settings.default_provider ? ", the default" : "");
  for (const auto& one : settings.providers)
    for (const std::string& sentence : one.advice)
      fmt::format_to(to, "  note: [providers.{}] {}\n", one.name.text(), sentence);
  const bool tickets =
      std::ranges::any_of(settings.providers, &providers::configured_provider::by_ticket);
  if (tickets && settings.tickets->made_at_start)
    out +=
        "  note: [tickets] has no secret, so one is made at each start: tickets end with the "
        "process, and other nodes do not know them\n";
  note_open_logins(out, *settings.sessions);
  if (settings.service_keys.empty())
    out += "  note: [service] key_hashes is empty, so nobody can tell this server about bookings\n";
  return out;
}

}  // namespace app

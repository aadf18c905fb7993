#include "net/dns_cache.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/encoding.hpp"

namespace net {
namespace {

// More addresses than this are not tried anyway.
constexpr std::size_t addresses_max = 16;
// Look-ups that wait for one thread.
constexpr std::size_t lookups_waiting_max = 64;

// Two tries of two seconds for each name server instead of two of five: nobody waits longer, and
// shutdown waits for a thread that is inside. Reads resolv.conf anew, so changes to it are seen.
void shorten_resolver_patience() {
  if (res_init() != 0) return;
  _res.retrans = 2;
  _res.retry = 2;
}

std::optional<ip_address> address_of(const sockaddr& raw) {
  if (raw.sa_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &raw, sizeof four);
    std::array<unsigned char, 4> bytes{};
    std::memcpy(bytes.data(), &four.sin_addr, bytes.size());
    return ip_address::v4(bytes);
  }
  if (raw.sa_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, &raw, sizeof six);
    std::array<unsigned char, 16> bytes{};
    std::memcpy(bytes.data(), &six.sin6_addr, bytes.size());
    return ip_address::v6(bytes);
  }
  return std::nullopt;
}

core::result<addresses> ask_system(const std::string& host) {
  shorten_resolver_patience();
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &wanted, &found);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  if (error != 0) return core::fail(errc::name_not_found, host + ": " + gai_strerror(error));
  addresses out;
  for (const addrinfo* one = found; one && out.size() < addresses_max; one = one->ai_next) {
    const auto address = address_of(*one->ai_addr);
    if (address && std::ranges::find(out, *address) == out.end()) out.push_back(*address);
  }
  if (out.empty()) return core::fail(errc::name_not_found, host + " has no address");
  return out;
}

// RFC 6761 section 6.3: these never leave the machine, whatever a resolver would say.
bool is_localhost(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost");
}

addresses loopback() {
  return {ip_address::v4({127, 0, 0, 1}),
          ip_address::v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1})};
}

bool is_number(std::string_view label) {
  if (label.starts_with("0x") || label.starts_with("0X")) return true;
  return std::ranges::all_of(label, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool is_host_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > 253) return false;
  std::size_t label_size = 0;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (c == '.' ? label_size == 0 : !letter) return false;
    label_size = c == '.' ? 0 : label_size + 1;
    if (label_size > 63) return false;
  }
  return label_size > 0 && !is_number(text.substr(text.rfind('.') + 1));
}

lookup_threads::lookup_threads(std::size_t count) {
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i)
    threads_.push_back(
        std::make_unique<core::blocking_thread>(fmt::format("dns {}", i), lookups_waiting_max));
}

name_lookup lookup_threads::lookup() {
  return [this](std::string host, core::deadline until) -> core::task<core::result<addresses>> {
    core::blocking_thread& mine = *threads_[std::hash<std::string>{}(host) % threads_.size()];
    return mine.run([host = std::move(host)] { return ask_system(host); }, until);
  };
}

struct dns_cache::state {
  struct entry {
    addresses known;                 // empty until the first success
    core::steady_time fresh_until;   // no look-up before
    core::steady_time usable_until;  // of `known`
    core::failure why;               // of the last look-up, if it failed
    bool failed = false;
    std::uint64_t used = 0;  // the higher, the more recent
  };

  state(const core::clock& c, name_lookup l, dns_settings s)
      : time(c), lookup(std::move(l)), settings(s) {}

  // What can be said without asking; nullopt where a look-up is due.
  std::optional<core::result<addresses>> at_hand(const std::string& host) {
    const auto found = names.find(host);
    if (found == names.end() || time.steady_now() >= found->second.fresh_until) return std::nullopt;
    found->second.used = ++uses;
    if (!found->second.failed) return found->second.known;
    if (auto old = stale(host)) return std::move(*old);
    return core::result<addresses>(core::fail(found->second.why));
  }

  std::optional<addresses> stale(const std::string& host) const {
    const auto found = names.find(host);
    if (found == names.end() || found->second.known.empty()) return std::nullopt;
    if (time.steady_now() >= found->second.usable_until) return std::nullopt;
    return found->second.known;
  }

  void remember(const std::string& host, const core::result<addresses>& answer) {
    if (!names.contains(host) && names.size() >= settings.names_max) forget_one();
    entry& mine = names[host];
    const auto now = time.steady_now();
    mine.used = ++uses;
    mine.failed = !answer;
    mine.fresh_until = now + (answer ? settings.good_for : settings.bad_for);
    if (!answer) {
      mine.why = answer.error();
      return;
    }
    mine.known = *answer;
    mine.usable_until = now + settings.good_for + settings.stale_for;
  }

  void forget_one() {
    const auto oldest = std::ranges::min_element(
        names, [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
    if (oldest != names.end()) names.erase(oldest);
  }

  static core::task<core::result<addresses>> ask(std::shared_ptr<state> self, std::string host) {
    const auto until = core::deadline::after(self->time.steady_now(), self->settings.lookup_max);
    auto answer = co_await self->lookup(host, until);
    if (answer && answer->empty())
      answer = core::fail(errc::name_not_found, host + " has no address");
    if (!answer && answer.error().code == core::errc::timed_out)
      answer = core::fail(errc::timed_out, "the look-up of " + host + " takes too long");
    if (!answer && answer.error().code == core::errc::queue_full)
      answer = core::fail(errc::name_not_found, "too many look-ups wait before that of " + host);
    self->remember(host, answer);
    co_return answer;
  }

  const core::clock& time;
  name_lookup lookup;
  dns_settings settings;
  std::unordered_map<std::string, entry> names;
  std::uint64_t uses = 0;
  bool closed = false;
};

dns_cache::dns_cache(core::executor on, const core::clock& time, name_lookup lookup,
                     dns_settings settings)
    : state_(std::make_shared<state>(time, std::move(lookup), settings)), flights_(on) {}

dns_cache::~dns_cache() { close(); }

void dns_cache::close() {
  state_->closed = true;
  flights_.close();
}

std::size_t dns_cache::size() const { return state_->names.size(); }

core::task<core::result<addresses>> dns_cache::find(std::string host, core::deadline until) {
  if (const auto literal = ip_address::from(host)) co_return addresses{*literal};
  host = core::lower_case(host);
  if (is_localhost(host)) co_return loopback();
  if (!is_host_name(host)) co_return core::fail(errc::name_not_found, "not a host name");
  if (state_->closed) co_return core::fail(errc::cancelled, "shutting down");
  if (auto known = state_->at_hand(host)) co_return std::move(*known);

  const auto self = state_;
  const auto old = self->stale(host);
  if (old)
    until = earlier_of(until,
                       core::deadline::after(self->time.steady_now(), self->settings.stale_wait));
  std::function<core::task<core::result<addresses>>()> fetch = [self, host] {
    return state::ask(self, host);
  };
  auto answer = co_await flights_.join(host, std::move(fetch), until);
  if (!answer && old) co_return *old;
  if (!answer && self->closed) co_return core::fail(errc::cancelled, "shutting down");
  if (!answer && answer.error().code == core::errc::timed_out)
    co_return core::fail(errc::timed_out, "waited for the address of " + host);
  if (!answer && answer.error().code == core::errc::internal)
    co_return core::fail(errc::name_not_found, host + ": " + answer.error().detail);
  co_return answer;
}

}  // namespace net

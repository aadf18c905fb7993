#include "ratelimit/limiter.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <new>
#include <stdexcept>

#include "ratelimit/bucket_line.hpp"

namespace ratelimit {
namespace {

// Of 32 parts. Addresses are free for everybody; users have proved who they are; services are few.
constexpr std::array<std::size_t, policies> share_weights = {28, 3, 1};

constexpr std::size_t memory_bytes_max = std::size_t{1} << 40;

// Enough to tell a percent; reading more would only push other things out of the cache.
constexpr std::uint64_t sampled_lines_max = 1024;

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
  out.append(digits, end);
}

// IPv4 is held IPv4-mapped: ::ffff:a.b.c.d. IPv6 counts by its upper half, the /64 network.
struct address_word {
  explicit address_word(const net::ip_address& address) {
    const unsigned char* bytes = address.bytes().data();
    const std::uint64_t upper = word_of(bytes);
    const std::uint64_t lower = word_of(bytes + 8);
    v4 = upper == 0 && (lower & 0xffff'ffff) == 0xffff'0000;
    word = v4 ? lower : upper;
  }
  std::uint64_t word;
  bool v4;
};

std::uint64_t line_of(std::uint64_t hash, std::uint64_t line_count) {
  return static_cast<std::uint64_t>((static_cast<core::uint128>(hash) * line_count) >> 64);
}

}  // namespace

std::string_view name_of(policy which) {
  constexpr std::array<std::string_view, policies> names = {"ip", "user", "service"};
  return names[static_cast<std::size_t>(which)];
}

limiter::limiter(const settings& from, core::random_source& seed)
    : address_hash_(seed), text_hash_(keyed_hash::from(seed)) {
  if (from.memory_bytes > memory_bytes_max)
    throw std::invalid_argument("the limiter's table is too large");
  const std::array<limit, policies> limits = {from.ip, from.user, from.service};
  std::size_t weights = 0;
  for (std::size_t i = 0; i < policies; ++i) {
    shares_[i].allowed = limits[i];
    shares_[i].with = pace(limits[i]);
    if (limits[i].off()) continue;
    weights += share_weights[i];
    shares_[i].policy_field =
        fmt::format("\"{}\";q={};w={}", name_of(policy{static_cast<std::uint8_t>(i)}),
                    limits[i].burst, shares_[i].with.refill_time().count());
  }
  if (weights == 0) return;

  std::size_t lines = 0;
  for (std::size_t i = 0; i < policies; ++i) {
    if (limits[i].off()) continue;
    shares_[i].line_count = std::max<std::size_t>(
        1, from.memory_bytes / sizeof(bucket_line) * share_weights[i] / weights);
    lines += shares_[i].line_count;
  }
  mapped_bytes_ = lines * sizeof(bucket_line);
  mapped_ =
      ::mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped_ == MAP_FAILED) throw std::bad_alloc();
  // With huge pages a few addresses would make the whole table resident.
  ::madvise(mapped_, mapped_bytes_, MADV_NOHUGEPAGE);
  auto* next = static_cast<bucket_line*>(mapped_);
  for (share& one : shares_) {
    one.lines = next;
    next += one.line_count;
  }
}

limiter::~limiter() {
  if (mapped_) ::munmap(mapped_, mapped_bytes_);
}

decision limiter::take(policy which, const net::ip_address& address, core::steady_time now) {
  share& from = shares_[static_cast<std::size_t>(which)];
  if (from.allowed.off()) return {};
  const address_word key(address);
  return take(from, address_hash_(key.word, key.v4), now);
}

decision limiter::take(policy which, std::string_view key, core::steady_time now) {
  share& from = shares_[static_cast<std::size_t>(which)];
  if (from.allowed.off()) return {};
  return take(from, text_hash_(key), now);
}

void limiter::expect(policy which, const net::ip_address& address) const {
  const share& from = of_policy(which);
  if (from.allowed.off()) return;
  const address_word key(address);
  expect(from, address_hash_(key.word, key.v4));
}

void limiter::expect(policy which, std::string_view key) const {
  const share& from = of_policy(which);
  if (!from.allowed.off()) expect(from, text_hash_(key));
}

void limiter::expect(const share& from, std::uint64_t hash) {
  __builtin_prefetch(&from.lines[line_of(hash, from.line_count)], 1);
}

// The hash's upper bits choose the line, the lower ones tell the line's keys apart.
decision limiter::take(share& from, std::uint64_t hash, core::steady_time now) {
  const std::uint64_t line = line_of(hash, from.line_count);
  const std::uint64_t low = hash & ((std::uint64_t{1} << bucket_line::tag_bits) - 1);
  const pace& with = from.with;
  const auto taken = from.lines[line].take(low == 0 ? 1 : low, with.ticks_at(now), with);
  if (taken.took_over) from.taken_over.add();

  decision out;
  if (!taken.allowed) {
    out.allowed = false;
    out.retry_in = with.seconds_until(taken.owed + with.token_ticks() - with.full_ticks(), now);
    out.reset_in = out.retry_in;
    return out;
  }
  const std::uint64_t saved = with.full_ticks() - taken.owed;
  out.remaining = with.whole_tokens(saved);
  out.reset_in = with.seconds_until(with.token_ticks() - (saved & (with.token_ticks() - 1)), now);
  return out;
}

const limit& limiter::of(policy which) const { return of_policy(which).allowed; }

void limiter::append_policy_field(std::string& out, policy which) const {
  out += of_policy(which).policy_field;
}

void limiter::append_limit_field(std::string& out, policy which, const decision& taken) {
  out += '"';
  out += name_of(which);
  out += "\";r=";
  append_number(out, taken.remaining);
  out += ";t=";
  append_number(out, static_cast<std::uint64_t>(taken.reset_in.count()));
}

limiter::occupancy limiter::use_of(policy which, core::steady_time now) const {
  const share& of = of_policy(which);
  occupancy out;
  out.places = of.line_count * bucket_line::places;
  out.taken_over = of.taken_over.total();
  const std::uint64_t sampled = std::min(of.line_count, sampled_lines_max);
  if (sampled == 0) return out;
  const std::uint64_t ticks = of.with.ticks_at(now);
  for (std::uint64_t i = 0; i < sampled; ++i)
    out.in_use += of.lines[i * of.line_count / sampled].in_use(ticks, of.with);
  out.in_use = out.in_use * of.line_count / sampled;
  return out;
}

void limiter::show(core::metrics_page& page, const core::clock& clock) const {
  for (std::size_t i = 0; i < policies; ++i) {
    const policy which{static_cast<std::uint8_t>(i)};
    const core::metrics_page::labels labels = {{"policy", std::string(name_of(which))}};
    page.sample("ratelimit_table_places", "Keys for which the rate limiter has room.", labels,
                [this, which] {
                  return static_cast<double>(of_policy(which).line_count * bucket_line::places);
                });
    page.sample("ratelimit_table_places_in_use",
                "Keys whose buckets are not full at the moment (estimate).", labels,
                [this, which, &clock] {
                  return static_cast<double>(use_of(which, clock.steady_now()).in_use);
                });
    page.sample_total(
        "ratelimit_table_takeovers_total",
        "New keys that took over the place and the debt of another because all places were in use.",
        labels, [this, which] { return static_cast<double>(of_policy(which).taken_over.total()); });
  }
}

}  // namespace ratelimit

#include "net/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>

namespace net {
namespace {

constexpr std::array<unsigned char, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// Nothing longer is an address; inet_pton wants a terminated string.
constexpr std::size_t text_max = INET6_ADDRSTRLEN - 1;

template <int family, class Bytes>
bool parse(std::string_view text, Bytes& into) {
  char terminated[text_max + 1];
  // An inner NUL would end the string early and hide what follows.
  if (text.empty() || text.size() > text_max || text.find('\0') != text.npos) return false;
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  return ::inet_pton(family, terminated, into.data()) == 1;
}

}  // namespace

ip_address ip_address::v4(std::array<unsigned char, 4> bytes) {
  ip_address made;
  std::copy(mapped_prefix.begin(), mapped_prefix.end(), made.bytes_.begin());
  std::copy(bytes.begin(), bytes.end(), made.bytes_.begin() + mapped_prefix.size());
  return made;
}

ip_address ip_address::v6(std::array<unsigned char, 16> bytes) {
  ip_address made;
  made.bytes_ = bytes;
  return made;
}

std::optional<ip_address> ip_address::from(std::string_view text) {
  std::array<unsigned char, 4> four{};
  if (parse<AF_INET>(text, four)) return v4(four);
  std::array<unsigned char, 16> sixteen{};
  if (parse<AF_INET6>(text, sixteen)) return v6(sixteen);
  return std::nullopt;
}

bool ip_address::is_v4() const {
  return std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes_.begin());
}

bool ip_address::is_loopback() const {
  if (is_v4()) return bytes_[12] == 127;
  return std::all_of(bytes_.begin(), bytes_.end() - 1, [](auto byte) { return byte == 0; }) &&
         bytes_[15] == 1;
}

std::string ip_address::text() const {
  std::string out;
  append_text(out);
  return out;
}

void ip_address::append_text(std::string& out) const {
  if (is_v4()) {
    // Not inet_ntop, which goes through printf.
    char text[INET_ADDRSTRLEN];
    char* end = text;
    for (std::size_t i = mapped_prefix.size(); i < bytes_.size(); ++i) {
      if (i > mapped_prefix.size()) *end++ = '.';
      end = std::to_chars(end, std::end(text), bytes_[i]).ptr;
    }
    out.append(text, end);
    return;
  }
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
  out += text;
}

ip_address ip_address::network() const {
  if (is_v4()) return *this;
  ip_address cut = *this;
  std::fill(cut.bytes_.begin() + 8, cut.bytes_.end(), static_cast<unsigned char>(0));
  return cut;
}

std::optional<ip_network> ip_network::from(std::string_view text) {
  const auto slash = text.find('/');
  const auto base = ip_address::from(text.substr(0, slash));
  if (!base) return std::nullopt;
  ip_network made;
  made.base_ = *base;
  if (slash == text.npos) return made;

  const std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, bits);
  if (digits.empty() || read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  // ::ffff:10.0.0.0/104 and 10.0.0.0/8 are one network; only the first spelling counts mapped bits.
  const bool dotted = base->is_v4() && text.substr(0, slash).find(':') == text.npos;
  if (bits > (dotted ? 32u : 128u)) return std::nullopt;
  made.bits_ = dotted ? bits + 96 : bits;
  return made;
}

bool ip_network::contains(const ip_address& address) const {
  const unsigned whole = bits_ / 8;
  const auto& theirs = address.bytes();
  const auto& ours = base_.bytes();
  if (!std::equal(ours.begin(), ours.begin() + whole, theirs.begin())) return false;
  const unsigned rest = bits_ % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xff << (8 - rest));
  return (ours[whole] & mask) == (theirs[whole] & mask);
}

}  // namespace net

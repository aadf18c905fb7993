#include "api/page_policy.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/encoding.hpp"

namespace api {
namespace {

using origins = std::set<std::string, std::less<>>;

// Without a need of ours; a provider whose frame is to have one says so in its `allow`.
constexpr std::string_view refused[] = {"geolocation", "payment", "usb", "serial", "hid", "midi"};

// The names in "camera; microphone 'src'; autoplay".
std::vector<std::string> features_of(std::string_view allow) {
  std::vector<std::string> out;
  while (!allow.empty()) {
    const std::size_t end = std::min(allow.find(';'), allow.size());
    const std::string_view part = core::trimmed(allow.substr(0, end));
    allow.remove_prefix(std::min(end + 1, allow.size()));
    const std::string_view name = part.substr(0, part.find(' '));
    if (!name.empty()) out.emplace_back(name);
  }
  return out;
}

std::string permissions_of(const std::map<std::string, origins>& by_feature) {
  std::string out;
  for (const auto& [feature, allowed] : by_feature) {
    if (!out.empty()) out += ", ";
    out += feature + "=(self";
    for (const std::string& one : allowed) out += " \"" + one + "\"";
    out += ")";
  }
  for (const std::string_view one : refused)
    if (!by_feature.contains(std::string(one)))
      out.append(out.empty() ? "" : ", ").append(one).append("=()");
  return out;
}

std::string listed(const std::vector<std::string>& sources, std::string_view otherwise) {
  std::string out;
  for (const std::string& one : sources) out += " " + one;
  return out.empty() ? " " + std::string(otherwise) : out;
}

}  // namespace

page_policy make_page_policy(const std::vector<const providers::provider_traits*>& all,
                             const std::vector<std::string>& frame_ancestors) {
  // Camera and microphone are for our own preflight and the built-in room too.
  std::map<std::string, origins> by_feature = {{"camera", {}}, {"microphone", {}}};
  origins frames;
  for (const providers::provider_traits* one : all) {
    if (one->mode != providers::embed_mode::iframe || one->origin.empty()) continue;
    frames.insert(one->origin);
    for (std::string& feature : features_of(one->allow))
      by_feature[std::move(feature)].insert(one->origin);
  }
  // Ourselves as well: links that are tickets begin here.
  std::vector<std::string> sources = {"'self'"};
  sources.insert(sources.end(), frames.begin(), frames.end());
  page_policy out;
  out.content_security =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src "
      "'self'; form-action 'self'; base-uri 'none'; require-trusted-types-for 'script'; "
      "trusted-types 'none'; frame-src" +
      listed(sources, "'none'") + "; frame-ancestors" + listed(frame_ancestors, "'none'");
  out.permissions = permissions_of(by_feature);
  return out;
}

}  // namespace api

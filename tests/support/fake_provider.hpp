// fake_provider: a provider that makes rooms and links by itself, counts what it is asked, and
// fails on demand.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "providers/error.hpp"
#include "providers/registry.hpp"

namespace tests {

// What a fake provider has seen and what it is to do. Outlives the provider, so a test can look at
// it.
struct fake_vendor {
  std::string name = "100ms";
  bool needs_room = true;
  bool reuses_room = false;
  bool wants_terms = false;    // prepare() is to be called again where the booking has changed
  bool replaces_room = false;  // it makes another instead of changing one
  bool opens_anyway = true;    // also where it wants to be told
  bool reports_by_get = false;
  bool by_ticket = false;      // people get tickets instead of its links
  bool makes_another = false;  // each prepare() is another room
  bool asks = false;           // admit_now gives nullopt: every link is asked for
  providers::embed_mode mode = providers::embed_mode::iframe;
  std::chrono::seconds link_life{600};
  std::string server_url;  // with it, links have a token by itself
  // What it makes of webhooks; empty: it has none.
  std::function<core::result<providers::webhook_reading>(const providers::webhook&)> hear;

  // Awaited by prepare, admit and close before they answer.
  std::function<core::task<void>()> pause;
  std::optional<providers::errc> prepare_fails;
  std::optional<providers::errc> admit_fails;
  std::optional<providers::errc> close_fails;
  // A limit of the vendor's is used up for so long: neither is made nor closed, except for joins.
  std::optional<core::seconds> used_up;
  std::string gone;  // a room that it does not know any more: another is made in its place
  std::optional<core::failure> away;  // what it says to who asks whether calls would be sent

  std::vector<providers::room_wish> prepared;
  std::vector<providers::admission> admitted;
  std::vector<std::string> closed;  // "room#generation at provider_room"

  std::size_t calls() const { return prepared.size() + admitted.size() + closed.size(); }
};

// To be handed to a registry.
providers::configured_provider configured(const std::shared_ptr<fake_vendor>& vendor);

}  // namespace tests

// lasting_links: what providers share whose links do not expire by themselves.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "providers/provider.hpp"

namespace providers {

// links = "ticket" (true) or "direct" (false), which check-config then tells the price of.
bool read_by_ticket(const provider_setup& setup);

// An https address on one of these hosts or below it, fit to be put into a Location header.
bool leads_to(std::string_view address, std::initializer_list<std::string_view> hosts);

// A frame's permissions for pages that it is redirected to: without an origin they would count for
// the ticket's own alone.
std::string allow_on(std::string_view origin);

// Which of several accounts a room begins with: always the same one for a room.
std::size_t share_of(const core::room_id& room, std::uint32_t generation, std::size_t accounts);

// What prepare() gave, read again: small, flat JSON of ours. Null where it is none.
core::json_value remembered(std::string_view provider_room);
std::string_view text_of(const core::json_value& json, std::string_view name);

// 1 to `most` different texts under `key`, each accepted by `good`.
std::vector<std::string> read_accounts(core::options& from, std::string_view key, std::size_t most,
                                       bool (*good)(std::string_view), std::string_view hint);
bool is_mail_address(std::string_view text);

}  // namespace providers

// What a query makes of a join: a room within its alphabet and a name within its limits, or a named
// mistake.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/parameters.hpp"
#include "api/routes.hpp"
#include "core/encoding.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto call = api::read_join_call(text, core::role::expert);
  if (!call) {
    if (call.error().facts.empty() || call.error().facts[0].name != "parameter") std::abort();
  } else {
    const std::string& name = call->display_name;
    if (!core::room_id::from(call->room.view())) std::abort();
    if (!core::is_utf8(name) || core::code_points(name) > 64) std::abort();
    // What has been cleaned stays as it is.
    const auto again = api::clean_display_name(name);
    if (!again || *again != name) std::abort();
  }
  const auto found = api::match_route(text);
  if (!found.row) std::abort();
  return 0;
}

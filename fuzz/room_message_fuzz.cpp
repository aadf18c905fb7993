// What one page of the built-in room says to the other: whatever is passed on is JSON, no longer
// than escapes make it, and never says which page it came from.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/room_message.hpp"
#include "core/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = api::read_room_message({reinterpret_cast<const char*>(data), size});
  if (!read || read->bye) return 0;
  const auto again = core::read_json(read->event.data);
  const bool holds = api::is_page_name(read->page) && !read->call.empty() && again &&
                     again->find_string("type") && !again->find("page");
  if (!holds) std::abort();
  return 0;
}

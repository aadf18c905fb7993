// room_hall: who sits in the built-in rooms that one shard owns, and what waits for each of them.
// Pure: no sockets, no clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.hpp"

namespace api {

struct room_event {
  std::string name;
  std::string data;  // JSON
};

// One page on one connection.
struct room_guest {
  core::room_id room;
  core::user_id user;
  core::role seat = core::role::expert;
  std::string name;
  std::string page;  // chosen by the page when it was loaded, kept when it connects again
};

// Two seats per room. Both are in one *call* from the moment when the second sits down: what they
// tell each other belongs to that call and is dropped in any other, so that a page that was loaded
// anew never hears half of a negotiation with its predecessor.
class room_hall {
 public:
  // Rooms with somebody inside, per shard: far more than one small server can introduce.
  static constexpr std::size_t rooms_max = 10'000;
  // An introduction is about twenty messages of some kilobytes. Whoever is that far behind has to
  // start again.
  static constexpr std::size_t queue_max = 64;
  static constexpr std::size_t queue_bytes_max = 128 * 1024;

  // Calls are numbered from here, so that those before a restart are not taken for those after it.
  explicit room_hall(std::uint64_t first_call) : next_call_(first_call) {}

  enum class entry : std::uint8_t {
    seated,
    taken,  // somebody else sits there
    full,   // too many rooms
  };
  struct seated {
    entry how = entry::full;
    std::uint64_t ticket = 0;  // for take() and leave()
  };
  // The newest connection of a person has the seat; the earlier one is told "replaced", if it is
  // another page. `wake` is called whenever something begins to wait for this connection.
  seated enter(const room_guest& guest, std::function<void()> wake);

  // What waits, oldest first. nullopt: this connection has the seat no longer and nothing more
  // will come.
  std::optional<std::vector<room_event>> take(const core::room_id& room, std::uint64_t ticket);

  // The connection is gone. Its seat is free, and the other side is told.
  void leave(const core::room_id& room, std::uint64_t ticket);

  // From the page that has the seat to the other one, within the call of both. False where it does
  // not reach anybody: that page or its call is no more, and events tell so.
  bool pass_on(const core::room_id& room, core::role seat, const core::user_id& user,
               std::string_view page, std::string_view call, room_event said);
  // The same for somebody who hangs up: the other side is told once that it was on purpose. A page
  // that is closed says so on its way out, when its connection for events may be gone already.
  bool hang_up(const core::room_id& room, core::role seat, const core::user_id& user,
               std::string_view page);

  std::size_t rooms() const { return rooms_.size(); }

 private:
  // What waits for one guest, oldest first.
  class mailbox {
   public:
    std::size_t size() const { return events_.size(); }
    bool has_place_for(const room_event& one) const {
      return events_.size() < queue_max && bytes_ + one.data.size() <= queue_bytes_max;
    }
    void put(room_event what);
    void drop(std::initializer_list<std::string_view> names);
    void clear();
    std::vector<room_event> take();

   private:
    std::deque<room_event> events_;
    std::size_t bytes_ = 0;
  };
  struct chair {
    std::uint64_t ticket = 0;  // 0: empty
    room_guest guest;          // also who sat here last
    std::function<void()> wake;
    mailbox waiting;
    bool said_bye = false;

    bool sat(const core::user_id& user, std::string_view page) const {
      return guest.user == user && guest.page == page;
    }
    bool sits(const core::user_id& user, std::string_view page) const {
      return ticket != 0 && sat(user, page);
    }
  };
  struct room {
    std::array<chair, 2> chairs;
    std::uint64_t call = 0;
    // Connections that have lost their seat and are to hear of it.
    std::set<std::uint64_t> replaced;
  };
  static chair& at(room& in, core::role seat) { return in.chairs[static_cast<std::size_t>(seat)]; }
  static chair& across(room& in, core::role seat) {
    return in.chairs[1 - static_cast<std::size_t>(seat)];
  }
  static void tell(chair& to, room_event what);
  static void tell_who(chair& to, room_event what);
  void begin_call(room& in);
  void introduce(room& in);

  std::map<core::room_id, room> rooms_;
  std::uint64_t next_call_;
  std::uint64_t next_ticket_ = 1;
};

}  // namespace api

// demo: a configuration that needs none, with a secret that lives as long as the demo does.
#pragma once

#include <string>
#include <vector>

#include "core/random.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "rooms/booking.hpp"

namespace app {

// The TOML text of the demo: loopback only, embedded store in memory, built-in video room.
std::string demo_toml(unsigned short port, bool has_ipv6);

// Whether [::1] can be listened on: many containers have no IPv6.
bool has_ipv6_loopback();

// The secret that the demo on this port signs its sessions with. `make` draws a new one and writes
// it to a file that only this user can read (serve does so at start); otherwise the file of the
// running demo is read, and where there is none a fresh secret is given, good for nothing but
// `explain`.
core::result<core::secret> demo_secret(unsigned short port, bool make, core::random_source& random);
void forget_demo_secret(unsigned short port);
// Whether a demo of this user answers on the port, so that what is signed with its secret fits.
bool demo_runs(unsigned short port);

// The seeded bookings, relative to the time of the start: test_room is open, others show what else
// can happen.
std::vector<rooms::booking_draft> demo_bookings(core::wall_time now);
// What each of them is good for.
std::string_view demo_sentence(const core::room_id& room);

}  // namespace app

// The keys of [overload] and [rooms], with the range in which each makes sense.
#include "join/gate.hpp"
#include "join/provisioner.hpp"

namespace join {
namespace {

using namespace std::chrono_literals;

std::size_t count_of(core::options& from, std::string_view key, std::size_t fallback,
                     std::int64_t most) {
  return static_cast<std::size_t>(from.integer(key, static_cast<std::int64_t>(fallback), 1, most));
}

}  // namespace

gate_settings read_gate_settings(core::options& from) {
  gate_settings out;
  out.waiting_max = count_of(from, "waiting_max", out.waiting_max, 1'000'000);
  out.streams_max = count_of(from, "streams_max", out.streams_max, 1'000'000);
  out.streams_per_address = count_of(from, "streams_per_address", out.streams_per_address, 100'000);
  out.streams_per_user = count_of(from, "streams_per_user", out.streams_per_user, 10'000);
  return out;
}

provision_settings read_provision_settings(core::options& from) {
  provision_settings out;
  out.prepare_before = from.duration("prepare_before", out.prepare_before, 0ms, 24h * 365);
  out.prepare_spread = from.duration("prepare_spread", out.prepare_spread, 0ms, 24h);
  out.call_timeout = from.duration("call_timeout", out.call_timeout, 100ms, 60s);
  out.background_calls = count_of(from, "background_calls", out.background_calls, 1'000);
  out.running_grace = from.duration("running_grace", out.running_grace, 0ms, 24h);
  out.sweep_every = from.duration("sweep_every", out.sweep_every, 1s, 1h);
  return out;
}

}  // namespace join

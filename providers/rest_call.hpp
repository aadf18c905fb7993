// rest_call: an authorised JSON call to a provider: sent with a deadline, guarded, its answer read
// and judged.
#pragma once

#include <array>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "core/options.hpp"
#include "core/secret.hpp"
#include "providers/guard.hpp"
#include "providers/provider.hpp"
#include "providers/quota.hpp"

namespace providers {

// What a call takes of a documented limit.
struct quota_use {
  quota* of = nullptr;  // outlives the call
  std::uint32_t cost = 1;
};

struct rest_request {
  std::string_view operation;  // a literal: the label of the metric
  http::method method = http::method::get;
  std::string url;
  std::vector<http::field> fields;
  std::optional<core::secret> bearer;  // sent as Authorization, removed from whatever is logged
  std::string body;                    // of `content_type`; empty: no body
  bool safe_to_repeat = false;         // idempotent at this provider, whatever the method says
  std::optional<core::trace> trace = std::nullopt;  // sent on as traceparent
  std::vector<int>
      welcome;  // statuses outside 2xx that answer the question too, such as 404 to a DELETE
  std::string content_type = "application/json";
  bool reads_json = true;  // false: the answer's body is given as text
  // Another secret that the request carries: removed from whatever is logged.
  std::optional<core::secret> hidden = std::nullopt;
  std::vector<quota_use> quotas = {};
  urgency wanted_for = urgency::join;
  // Which of `quotas` a 429 is about, by its answer; the first where this is empty.
  std::function<std::size_t(const http::response&)> exceeded = {};
};

struct rest_answer {
  int status = 0;
  core::json_value
      json;  // null where there is no body, or where a welcome refusal's body is no JSON
  std::string text = {};  // the body, where no JSON was asked for
};

// Judges a complete answer: 2xx and `welcome` are good if their body is JSON or absent. Overload
// (408, 425, 429, 503) is errc::unavailable with retry_after; every other refusal is
// errc::rejected.
core::result<rest_answer> read_answer(const http::response& from, const std::vector<int>& welcome,
                                      core::wall_time now, core::seconds retry_after_max,
                                      bool reads_json = true);

// For check-config: what to mend where the vendor answers with one of these statuses.
struct known_refusal {
  int status;
  std::string_view sentence;
};
// Whether a quota stood in the way, so that the vendor has done nothing: another account may serve.
bool was_used_up(const core::failure& why);

std::optional<core::failure> refusal_of(int status, std::initializer_list<known_refusal> known);

// The base of an API's addresses, with paths of ours behind it: https (http on loopback), without a
// last slash. `fallback` where the key is absent, or names what nobody could be asked at.
std::string read_base_url(core::options& from, std::string_view key, std::string fallback);

// What the operator reads of a provider's answer: one short line without control characters, with
// `bearer` and whatever looks like a token taken out.
std::string readable_excerpt(std::string_view text, std::string_view bearer);

// The calls of one provider on one shard.
class rest_caller {
 public:
  rest_caller(const provider_tools& tools, const core::provider_name& name,
              const guard_settings& limits = {});

  // Failures: errc::rejected, errc::unavailable (with retry_after) or errc::timed_out, and a detail
  // for the operator.
  core::task<core::result<rest_answer>> call(rest_request what, core::deadline until);

  circuit_state circuit() const { return front_.breaker.state(); }
  // What call() would fail with before it sends anything: the circuit is open, or the line is full.
  // Said of what a join needs; clean-up may be kept waiting for longer.
  std::optional<core::failure> away() const;

 private:
  struct attempt {
    core::result<rest_answer> answer = core::fail(core::errc::internal);
    bool may_repeat = false;
    bool was_not_done = false;  // refused before it had any effect, so it is safe to repeat
  };
  // What clean-up meets closes clean-up alone: nobody at the door is to wait for it.
  struct lane {
    explicit lane(const guard_settings& limits) : breaker(limits) {}
    circuit_breaker breaker;
    retry_budget budget;
    circuit_state told = circuit_state::closed;
  };
  lane& lane_of(urgency who) { return who == urgency::cleanup ? cleanup_ : front_; }
  std::chrono::nanoseconds refusal_for(urgency who, core::steady_time now) const;
  core::task<attempt> try_once(rest_request what, core::deadline until);
  core::task<core::result<void>> take_quotas(const rest_request* what, core::deadline until);
  void give_back_quotas(const rest_request& what);
  core::failure exhausted(const rest_request& what, const http::response& by, core::failure why);
  void show(quota& one);
  attempt judge(const rest_request& what, core::result<http::response> got, std::uint32_t era,
                bool had_time);
  std::optional<std::chrono::nanoseconds> pause_for(const core::failure& why, std::uint32_t attempt,
                                                    urgency who, core::deadline until);
  void observe(std::string_view operation, const core::result<rest_answer>& answer,
               core::steady_time started);
  void tell_circuit(urgency who);

  const core::clock& clock_;
  core::logger& log_;
  core::metrics_page& metrics_;
  http::client& client_;
  std::string name_;
  guard_settings limits_;
  lane front_;  // joins, and rooms made ahead of them
  lane cleanup_;
  slots slots_;
  core::quick_random chance_;
  core::gauge& circuit_gauge_;
  std::map<std::string, std::array<core::histogram*, 4>, std::less<>> times_;
  std::map<const quota*, core::gauge*> quota_gauges_;
};

}  // namespace providers

// oauth_tokens: access tokens, fetched once for the whole process however many wait, renewed ahead
// of their end while the old one still serves (docs/decisions/0030).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "core/task_group.hpp"
#include "jose/keys.hpp"
#include "providers/rest_call.hpp"

namespace providers {

struct access_token {
  core::secret text;
  std::uint64_t number = 0;  // counts the tokens of a vault: which one a refusal was about
  std::string scope = {};    // what it may be used for, where the endpoint says so
};

// The token endpoint's answer, and for how long the token is good: "expires_in", bounded.
struct fresh_token {
  core::secret text;
  std::chrono::seconds life{0};
  std::string scope = {};
};
// errc::rejected where the answer holds no token that could be sent.
core::result<fresh_token> read_token_answer(const core::json_value& json);

// One credential's token, shared by the shards. Its lock is taken where a vendor is about to be
// called, never on a warm join.
class token_vault {
 public:
  struct times {
    // A token is renewed when a tenth of its life is left, but at least this long before its end,
    std::chrono::seconds renew_before{60};
    // and not used any more this long before it.
    std::chrono::seconds stop_before{5};
    // Who asks within this after a failed fetch is told of it instead of causing another.
    std::chrono::milliseconds failure_pause{1'000};
    // A fetch goes on for this long, whoever leaves meanwhile.
    std::chrono::milliseconds fetch_timeout{10'000};
  };
  token_vault() = default;
  explicit token_vault(times rules) : rules_(rules) {}

 private:
  friend class oauth_tokens;
  struct waiter {
    waiter(core::executor at, const void* by) : on(at), owner(by), told(at) {}
    core::executor on;
    const void* owner;
    core::notice told;
  };
  // What somebody who needs a token has to do: use this one, give up, or wait; and whether it is he
  // who has to see to a new one.
  struct view {
    std::optional<access_token> token;
    std::optional<core::failure> failure;
    std::shared_ptr<waiter> wait;
    bool fetch = false;
  };
  struct landing;

  view look(core::steady_time now, core::executor on, const void* owner);
  void landed(core::result<fresh_token> got, core::steady_time now);
  void drop(std::uint64_t number);
  void forget(const void* owner);

  const times rules_;
  std::mutex lock_;
  std::optional<access_token> held_;
  core::steady_time good_until_{};
  core::steady_time renew_at_{};
  std::optional<core::failure> failure_;
  core::steady_time pause_until_{};
  bool fetching_ = false;
  std::uint64_t count_ = 0;
  std::vector<std::shared_ptr<waiter>> waiting_;
};

// How a vendor gives tokens away.
struct token_grant {
  // The request as it is to be sent now; called on the shard that fetches.
  std::function<core::result<rest_request>(core::wall_time now)> request;
  // For the operator: what to do about an error code of the endpoint ("unauthorized_client"), given
  // its description. Empty where there is nothing to say.
  std::function<std::string(std::string_view error, std::string_view description)> advice;
};

// Zoom: grant_type=account_credentials with Basic authentication.
token_grant account_credentials(std::string token_url, std::string account_id,
                                std::string client_id, core::secret client_secret);
// Microsoft: grant_type=client_credentials.
token_grant client_credentials(std::string token_url, std::string client_id,
                               core::secret client_secret, std::string scope);
// Google: a JWT that the service account signs in the name of a person (RFC 7523).
struct service_account {
  std::string email;
  std::string subject;
  std::string scope;
  std::string audience;  // the token endpoint as Google names it
};
token_grant jwt_bearer(std::string token_url, service_account who, const jose::key& key);

// The tokens as one shard sees them.
class oauth_tokens {
 public:
  oauth_tokens(std::shared_ptr<token_vault> vault, token_grant grant, rest_caller& calls,
               const provider_tools& tools);
  ~oauth_tokens();
  oauth_tokens(const oauth_tokens&) = delete;
  oauth_tokens& operator=(const oauth_tokens&) = delete;

  core::task<core::result<access_token>> get(core::deadline until);
  // No fetch begins any more, and one that runs is cancelled and has ended. Await it before this
  // goes.
  core::task<void> stop(core::deadline until);
  // The vendor does not take it any more; a newer one stays.
  void drop(const access_token& refused) { vault_->drop(refused.number); }

 private:
  core::task<void> fetch();
  core::task<core::result<fresh_token>> ask(core::deadline until);

  std::shared_ptr<token_vault> vault_;
  token_grant grant_;
  rest_caller& calls_;
  const core::clock& clock_;
  core::logger& log_;
  core::executor on_;
  core::task_group tasks_;
};

// Calls that carry such a token. A 401 drops it, and the call is made once more with another: a
// refused call was not carried out, so this is safe whatever it does.
class oauth_caller {
 public:
  oauth_caller(const provider_tools& tools, const core::provider_name& name,
               std::shared_ptr<token_vault> vault, token_grant grant);

  core::task<core::result<rest_answer>> call(rest_request what, core::deadline until);
  std::optional<core::failure> away() const { return calls_.away(); }
  core::task<void> stop(core::deadline until) { return tokens_.stop(until); }
  // For check-config: the scope of a token; empty where the endpoint does not say it.
  core::task<core::result<std::string>> try_token(core::deadline until);

 private:
  rest_caller calls_;
  oauth_tokens tokens_;
};

}  // namespace providers

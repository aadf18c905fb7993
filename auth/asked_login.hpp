// asked_login: sessions that another server is asked about, with a short memory of its answers. One
// per shard.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "auth/asked_answer.hpp"
#include "auth/trouble_breaker.hpp"
#include "core/clock.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"
#include "core/random.hpp"
#include "core/single_flight.hpp"
#include "http/client.hpp"
#include "jose/hmac.hpp"

namespace auth {

struct asking_parts {
  core::executor on;
  const core::clock& clock;
  core::random_source& random;
  core::logger& log;
  core::metrics_page& metrics;
  http::client& client;
};

// Answers are remembered by a keyed hash of what was asked, refusals too; the credential itself is
// in memory only while it is asked about.
class asked_login : public std::enable_shared_from_this<asked_login> {
 public:
  asked_login(asked_settings settings, const asking_parts& parts, std::size_t remembered_max);

  // What is remembered; nullopt where it has to be asked. Never waits, never allocates.
  std::optional<core::result<identity_ptr>> remembered(std::string_view forwarded);
  // However many ask about the same at a time, one question is sent.
  core::task<core::result<identity_ptr>> ask(core::secret forwarded, core::deadline until);
  // Nothing that was heard counts any more, nor what is being asked now.
  void forget();
  void close() { flights_.close(); }
  std::size_t size() const { return young_.size() + old_.size(); }

 private:
  using key = std::array<unsigned char, 32>;
  struct key_hash {
    std::size_t operator()(const key& one) const;
  };
  struct entry {
    core::result<identity_ptr> answer;
    core::steady_time until;
  };
  using shelf = boost::unordered_flat_map<key, entry, key_hash>;
  struct counters;

  key key_of(std::string_view forwarded) const;
  void remember(const key& at, const core::result<identity_ptr>& answer);
  std::chrono::milliseconds memory_of(const core::result<identity_ptr>& answer) const;
  struct judgement {
    core::result<identity_ptr> who;
    bool server_fails;
  };
  judgement judge(const core::result<http::response>& answer) const;
  void count(const judgement& made);
  // An answer may come after its asked_login was replaced.
  static core::task<core::result<identity_ptr>> fetch(std::shared_ptr<asked_login> self, key at,
                                                      std::shared_ptr<core::secret> forwarded);

  asked_settings settings_;
  asking_parts parts_;
  std::size_t shelf_max_;
  jose::hmac_key hash_;
  trouble_breaker breaker_;
  std::shared_ptr<const counters> counters_;
  core::single_flight<identity_ptr> flights_;
  std::uint64_t era_ = 0;  // answers to questions of an era before are not remembered
  // Two shelves: when the young one is full it becomes the old one, and what was there is gone.
  shelf young_;
  shelf old_;
};

}  // namespace auth

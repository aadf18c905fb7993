// provider: one video service behind one interface. An object per shard; nothing here is shared
// between threads.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"
#include "core/options.hpp"
#include "core/random.hpp"
#include "core/result.hpp"
#include "core/task.hpp"
#include "core/trace.hpp"
#include "http/client.hpp"
#include "providers/quota.hpp"
#include "providers/webhook.hpp"

namespace providers {

// The room that is wanted at the provider. Equal wishes name the same room there.
struct room_wish {
  core::room_id room;
  std::uint32_t generation = 1;
  core::wall_time starts_at;
  core::wall_time ends_at;
  core::wall_time closes_at;  // nobody may enter after this
  std::size_t participants = 2;
  std::optional<core::trace> trace = std::nullopt;  // of the request that needs it
  // What an earlier prepare() of this generation gave, where the booking has changed since.
  std::string provider_room = {};
  urgency wanted_for = urgency::join;
};

// What of a booking a provider may have been told beside the room's name.
struct room_terms {
  core::wall_time starts_at;
  core::wall_time closes_at;
  std::size_t participants = 2;
};

// One person about to enter.
struct admission {
  core::room_id room;
  std::uint32_t generation = 1;
  std::string provider_room;  // what prepare() gave; empty where the provider needs none
  core::user_id user;
  std::string name;  // shown to others
  core::role seat = core::role::expert;
  core::wall_time now;
  core::wall_time closes_at;                        // no link outlives this
  std::optional<core::trace> trace = std::nullopt;  // empty where admit_now() is asked
};

enum class embed_mode : unsigned char { iframe, new_tab };

struct join_link {
  std::string url;
  core::wall_time expires_at;
  std::string token = {};  // the same token by itself, where traits().server_url is set
};

// What never changes while the provider is configured; references stay valid as long as the
// provider.
struct provider_traits {
  core::provider_name name;  // [providers.<name>]
  std::string type;          // "100ms"
  bool needs_room = false;   // prepare() must have succeeded before anybody is admitted
  // A booking that is opened again has the room that it had before. Else each generation has its
  // own.
  bool reuses_room = false;
  embed_mode mode = embed_mode::iframe;
  std::string origin;  // of the pages that are embedded: "https://acme.app.100ms.live"
  std::string allow = "camera; microphone; display-capture; autoplay; fullscreen";
  // Where a vendor's client SDK connects with a link's token: "wss://video.example.com". Empty for
  // most.
  std::string server_url = {};
  // Its webhooks may come as GET too, with all that they say in the query.
  bool reports_by_get = false;
  // The provider's links do not expire by themselves: people get a ticket, and admit() is asked
  // when it is opened.
  bool by_ticket = false;
};

class provider {
 public:
  virtual ~provider() = default;
  virtual const provider_traits& traits() const = 0;

  // Makes sure that the room exists and is open. Safe to repeat. Gives what is to be remembered and
  // handed to admit. Not called where !needs_room.
  virtual core::task<core::result<std::string>> prepare(room_wish wish, core::deadline until) = 0;

  // Whether what prepare() gave is still right under these terms. Where it is not, prepare() is
  // called again and what it gives then is remembered. Asked on every join, so it never waits.
  virtual bool still_right(const room_terms&, std::string_view /*provider_room*/) const {
    return true;
  }

  // Of what is not right any more: whether it lets people in at `now` all the same. Where it does,
  // they do not wait until the provider has heard of the change.
  virtual bool still_opens(const room_terms&, std::string_view /*provider_room*/,
                           core::wall_time /*now*/) const {
    return true;
  }

  // A room that is not right any more is not changed: prepare() makes another in its place, and the
  // one before is closed afterwards. Never done to a room in which a call is running.
  virtual bool replaces_room() const { return false; }

  // Whether both are the same room there, as two nodes may have remembered it: what is not may be
  // closed as left over.
  virtual bool same_room(std::string_view one, std::string_view other) const {
    return one == other;
  }

  // Each prepare() makes another room, so one that was made must not be forgotten.
  virtual bool makes_another() const { return false; }

  // Why a call would be turned away before it is sent, as long as it would: the circuit is open, or
  // too many wait already. Whoever has to do something dearer first asks before that.
  virtual std::optional<core::failure> away() const { return std::nullopt; }

  // Signs a link without asking anybody; nullopt where the provider must be asked.
  virtual std::optional<core::result<join_link>> admit_now(const admission& who) = 0;
  // Called where admit_now gives nullopt. errc::room_gone where the provider says that it does not
  // know the room: it is forgotten then and made again.
  virtual core::task<core::result<join_link>> admit(admission who, core::deadline until) = 0;

  // Closes the room and sends people out, as far as the provider can. Safe to repeat.
  virtual core::task<core::result<void>> close(room_wish wish, std::string provider_room,
                                               core::deadline until) = 0;

  // For `check-config --online`: asks the provider something harmless to learn whether our
  // credentials work, and gives a sentence for the operator. Providers whose tokens are all signed
  // here have nothing to ask.
  virtual core::task<core::result<std::string>> try_credentials(core::deadline until);

  // What a webhook of the provider says, after it has proved to be the provider's. Failures:
  // errc::no_webhooks, errc::forged_webhook, errc::bad_webhook.
  virtual core::result<webhook_reading> read_webhook(const webhook& from) const;

  // Ends what it does in the background. To be awaited before it goes.
  virtual core::task<void> stop(core::deadline until);

  // Public keys for /.well-known/jwks.json, each a JWK object's text. Empty for most.
  virtual std::vector<std::string> public_jwks() const { return {}; }
};

// What a provider works with on its shard; all of it outlives the provider.
struct provider_tools {
  http::client& client;
  const core::clock& clock;
  core::random_source& random;
  core::logger& log;
  core::metrics_page& metrics;
  core::executor on;
};

// What a vendor's file exports: reads the settings once, noting mistakes, and gives what makes one
// provider per shard.
struct provider_setup {
  core::provider_name name;
  core::options& settings;  // [providers.<name>]
  std::string public_url;   // ours, without trailing slash
  // What the operator should know of a choice that is allowed: check-config prints it.
  std::vector<std::string>* advice = nullptr;
  bool* by_ticket = nullptr;  // whether its people get tickets

  void advise(std::string sentence) const {
    if (advice) advice->push_back(std::move(sentence));
  }
};
using provider_maker = std::function<std::unique_ptr<provider>(const provider_tools&)>;

}  // namespace providers

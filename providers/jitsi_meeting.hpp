// jitsi_meeting: what a Jitsi Meet of one's own and 8x8's JaaS have in common: a room that begins
// with who comes first, and a token that names it. Nobody is ever asked.
#pragma once

#include <memory>
#include <string>

#include "providers/participant_token.hpp"

namespace providers {

struct jitsi_settings {
  provider_traits traits;
  std::string pages;  // the room's name follows: "https://meet.example.com/tenant/"
  std::optional<jose::key> key;
  std::string issuer;
  std::string audience;
  std::string subject;
  std::string room_prefix;
  std::string fragment;      // of the link: what the page is told to look like
  bool affiliation = false;  // beside moderator, as Prosody's token_affiliation reads it
  std::string features;      // a JSON object; empty: none
  std::chrono::seconds lifetime{600};
  moderators hosts;
  webhook_secrets webhooks;
};

// room_prefix, lifetime, moderators, prejoin. Mistakes are noted.
void read_jitsi_page(core::options& from, jitsi_settings& to);

class jitsi_meeting : public provider {
 public:
  jitsi_meeting(std::shared_ptr<const jitsi_settings> settings)
      : settings_(std::move(settings)), signer_(*settings_->key, settings_->lifetime) {}

  const provider_traits& traits() const override { return settings_->traits; }
  core::task<core::result<std::string>> prepare(room_wish, core::deadline) override {
    co_return std::string();
  }
  std::optional<core::result<join_link>> admit_now(const admission& who) override;
  core::task<core::result<join_link>> admit(admission who, core::deadline) override {
    co_return *admit_now(who);
  }
  // Neither a stock server nor JaaS has a call for it; the links that were given out end soon.
  core::task<core::result<void>> close(room_wish, std::string, core::deadline) override {
    co_return core::result<void>();
  }

 protected:
  const jitsi_settings& settings() const { return *settings_; }

 private:
  std::shared_ptr<const jitsi_settings> settings_;
  participant_signer signer_;
};

}  // namespace providers

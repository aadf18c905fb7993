// fake_provider: rooms are "made-<room>-<generation>", links are
// https://video.example/<room>/<user>/<n>.
#include "support/fake_provider.hpp"

#include <fmt/format.h>

#include "core/time_text.hpp"

namespace tests {
namespace {

class fake_provider final : public providers::provider {
 public:
  explicit fake_provider(std::shared_ptr<fake_vendor> vendor) : vendor_(std::move(vendor)) {
    traits_.name = core::provider_name::from(vendor_->name).value();
    traits_.type = "fake";
    traits_.needs_room = vendor_->needs_room;
    traits_.mode = vendor_->mode;
    traits_.origin = "https://video.example";
    traits_.server_url = vendor_->server_url;
  }

  const providers::provider_traits& traits() const override {
    traits_.reuses_room = vendor_->reuses_room;
    traits_.server_url = vendor_->server_url;
    traits_.by_ticket = vendor_->by_ticket;
    traits_.reports_by_get = vendor_->reports_by_get;
    return traits_;
  }

  std::optional<core::failure> away() const override { return vendor_->away; }

  core::task<core::result<std::string>> prepare(providers::room_wish wish,
                                                core::deadline) override {
    vendor_->prepared.push_back(wish);
    if (vendor_->pause) co_await vendor_->pause();
    if (vendor_->used_up && wish.wanted_for != providers::urgency::join)
      co_return core::fail(quota_used_up());
    if (vendor_->prepare_fails)
      co_return core::fail(*vendor_->prepare_fails, "inner secret detail");
    auto made = fmt::format("made-{}-{}", wish.room.view(), wish.generation);
    if (vendor_->wants_terms) made += words({wish.starts_at, wish.closes_at, wish.participants});
    if (!vendor_->gone.empty() && made == vendor_->gone) made += "-again";
    co_return made;
  }

  bool still_right(const providers::room_terms& terms,
                   std::string_view provider_room) const override {
    return !vendor_->wants_terms || provider_room.ends_with(words(terms));
  }

  bool makes_another() const override { return vendor_->makes_another; }
  bool replaces_room() const override { return vendor_->replaces_room; }
  bool still_opens(const providers::room_terms&, std::string_view, core::wall_time) const override {
    return vendor_->opens_anyway;
  }

  std::optional<core::result<providers::join_link>> admit_now(
      const providers::admission& who) override {
    if (vendor_->asks) return std::nullopt;
    return link(who);
  }

  core::task<core::result<providers::join_link>> admit(providers::admission who,
                                                       core::deadline) override {
    if (vendor_->pause) co_await vendor_->pause();
    co_return link(who);
  }

  core::task<core::result<void>> close(providers::room_wish wish, std::string provider_room,
                                       core::deadline) override {
    vendor_->closed.push_back(
        fmt::format("{}#{} at {}", wish.room.view(), wish.generation, provider_room));
    if (vendor_->pause) co_await vendor_->pause();
    if (vendor_->used_up) co_return core::fail(quota_used_up());
    if (vendor_->close_fails) co_return core::fail(*vendor_->close_fails, "inner secret detail");
    co_return core::result<void>();
  }

  core::result<providers::webhook_reading> read_webhook(
      const providers::webhook& from) const override {
    return vendor_->hear ? vendor_->hear(from) : provider::read_webhook(from);
  }

  std::vector<std::string> public_jwks() const override {
    return {fmt::format(R"({{"kty":"OKP","kid":"{}"}})", vendor_->name)};
  }

 private:
  core::failure quota_used_up() const {
    return core::failure(make_error_code(providers::errc::unavailable), "inner secret detail")
        .with("reason", "quota")
        .retry_in(*vendor_->used_up);
  }

  static std::string words(const providers::room_terms& terms) {
    return fmt::format(" from {} to {} for {}", core::to_rfc3339(terms.starts_at),
                       core::to_rfc3339(terms.closes_at), terms.participants);
  }

  core::result<providers::join_link> link(const providers::admission& who) {
    vendor_->admitted.push_back(who);
    if (!vendor_->gone.empty() && who.provider_room == vendor_->gone)
      return core::fail(providers::errc::room_gone, "inner secret detail");
    if (vendor_->admit_fails) return core::fail(*vendor_->admit_fails, "inner secret detail");
    providers::join_link out;
    out.url = fmt::format("https://video.example/{}/{}/{}", who.room.view(), who.user.view(),
                          vendor_->admitted.size());
    if (!vendor_->server_url.empty())
      out.token = fmt::format("token-of-{}-as-{}", who.user.view(), core::name_of(who.seat));
    out.expires_at = std::min(who.now + vendor_->link_life, who.closes_at);
    return out;
  }

  std::shared_ptr<fake_vendor> vendor_;
  mutable providers::provider_traits traits_;
};

}  // namespace

providers::configured_provider configured(const std::shared_ptr<fake_vendor>& vendor) {
  providers::configured_provider out;
  out.name = core::provider_name::from(vendor->name).value();
  out.type = "fake";
  out.make = [vendor](const providers::provider_tools&) -> std::unique_ptr<providers::provider> {
    return std::make_unique<fake_provider>(vendor);
  };
  return out;
}

}  // namespace tests

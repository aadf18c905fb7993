// join_api: GET /api/{expert,client}/videocall/url: what Stagedoor is for.
#pragma once

#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/desk.hpp"

namespace api {

class join_api {
 public:
  explicit join_api(desk& at) : desk_(at) {}

  // A join is on its way to handle(). Only a hint: a room that is spelled unusually is not found.
  void expect(const http::request_head& head) const;
  http::answer handle(http::exchange& about, http::reply& out, core::role seat);
  // POST /api/livekit/token, in livekit_token.cpp.
  http::answer livekit_token(http::exchange& about, http::reply& out);
  // Event streams that wait for this room look again.
  void booking_changed(const core::room_id& room);
  // All event streams that wait look again, at their sessions too.
  void sessions_changed();
  std::size_t waiting_streams() const { return waiting_.size(); }

 private:
  // What of a provider's traits every answer repeats, and where its joins are counted.
  struct vendor_text {
    const providers::provider_traits* traits = nullptr;
    std::string name;   // from the quote that ends the member before: ","provider":"hms"
    std::string embed;  // the same, to the answer's end: ","embed":{…}}
    core::counter* allowed = nullptr;
  };
  const vendor_text& text_of(const providers::provider_traits& traits);

  // `now` is what the answer says the time is.
  void write_joined(std::string& out, const join::joined& made, const join::join_call& call,
                    core::wall_time now);
  void answer_joined(http::reply& out, const join::joined& made, const join::join_call& call,
                     core::wall_time now);
  void refuse(http::exchange& about, http::reply& out, const core::failure& why,
              const core::room_id* room = nullptr);
  // For the audit log: `why` is null where they were let in.
  void record(const http::exchange& about, const join::join_call& call, const auth::identity* who,
              const core::failure* why, std::string_view provider = {}) const;
  // Both: who is known is in the audit log by name. HEAD asks, and is told, nothing that counts
  // there.
  void turn_away(http::exchange& about, http::reply& out, const join::join_call& call,
                 const auth::identity* who, const core::failure& why);
  void count_refusal(const core::failure& why, const core::room_id* room = nullptr);

  // The warm path. False where something must be waited for; nothing has been answered then.
  bool join_at_once(http::exchange& about, http::reply& out, const join::join_call& call,
                    const auth::identity& who, core::wall_time now, core::steady_time steady_now);
  core::task<void> know_and_join(http::exchange* about, http::reply* out, join::join_call call);
  http::answer look(http::exchange& about, http::reply& out, join::join_call call,
                    auth::identity_ptr who);
  core::task<void> look_later(http::exchange* about, http::reply* out, join::join_call call,
                              auth::identity_ptr who);
  core::task<void> join_later(http::exchange* about, http::reply* out, join::join_call call,
                              auth::identity_ptr who);

  core::task<void> token_later(http::exchange* about, http::reply* out, join::join_call call,
                               bool names_seat, auth::identity_ptr who);

  // Event streams, in join_stream.cpp.
  struct stream_scene;
  // `who` is nobody where the session is still to be verified: the stream begins with that.
  http::answer stream(http::exchange& about, http::reply& out, join::join_call call,
                      auth::identity_ptr who);
  core::task<core::result<void>> begin(std::shared_ptr<stream_scene> scene);
  core::task<void> run_stream(std::shared_ptr<stream_scene> scene, http::event_stream* events);
  core::task<core::result<join::opened>> wait_for_opening(std::shared_ptr<stream_scene> scene,
                                                          http::event_stream* events);
  core::task<core::result<void>> know_again(std::shared_ptr<stream_scene> scene);
  core::task<void> end_stream(std::shared_ptr<stream_scene> scene, http::event_stream* events,
                              core::failure why);
  core::task<bool> wait_for_change(core::room_id room, core::deadline until,
                                   http::event_stream* events);

  desk& desk_;
  std::vector<vendor_text> vendors_;
  // Streams that wait, by room: given when its booking changes.
  std::multimap<core::room_id, core::notice> waiting_;
};

}  // namespace api

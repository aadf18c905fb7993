// pages: what people see: the page of one call, the test page, and the scripts and styles of both.
// The call itself is the element's work (web/src); these pages give it room, role and a strict
// policy.
#pragma once

#include "api/desk.hpp"
#include "api/page_policy.hpp"

namespace api {

class pages {
 public:
  explicit pages(desk& at);

  // Every route but those of the calls.
  http::answer handle(http::exchange& about, http::reply& out, route what);
  http::answer call(http::exchange& about, http::reply& out, core::role seat,
                    const std::string& room_text);

 private:
  void give_page(http::reply& out, std::string body) const;
  void test(http::reply& out) const;

  desk& desk_;
  page_policy policy_;
};

}  // namespace api

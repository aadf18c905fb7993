// Credentials: where a token is looked for, and what is refused before anybody looks into it.
#include <boost/test/unit_test.hpp>

#include "auth/credentials.hpp"
#include "auth/error.hpp"
#include "auth/found_credential.hpp"
#include "auth/heads.hpp"

BOOST_AUTO_TEST_SUITE(credentials)

using auth::errc;
using tests::made_head;

namespace {

auth::session_settings settings_of(bool bearer, std::vector<std::string> cookies) {
  auth::session_settings out;
  out.bearer = bearer;
  out.cookies = std::move(cookies);
  return out;
}

// The token that is found, or "refused".
std::string found(const auth::session_settings& settings, const http::request_head& head) {
  std::string buffer;
  const auto got = auth::find_credential(settings, head, false, buffer);
  if (got) return std::string(got->text);
  BOOST_TEST((got.error().code == errc::unauthenticated));
  return "refused";
}

const auth::session_settings both = settings_of(true, {"session", "__Host-session"});

}  // namespace

BOOST_AUTO_TEST_CASE(no_credentials_are_refused) {
  BOOST_TEST(found(both, made_head{}) == "refused");
  BOOST_TEST(found(both, made_head{{"Host", "example.com"}, {"X-Authorization", "Bearer t"}}) ==
             "refused");
  BOOST_TEST(
      found(both, made_head{{"Cookie", "other=1; sessions=2; xsession=3; Session=4; session"}}) ==
      "refused");
}

BOOST_AUTO_TEST_CASE(bearer_in_any_case_with_one_token) {
  for (const char* value : {"Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "bEaReR   a.b.c"})
    BOOST_TEST(found(both, made_head{{"authorization", value}}) == "a.b.c", value);
  BOOST_TEST(found(both, made_head{{"AUTHORIZATION", "Bearer a.b.c"}}) == "a.b.c");
}

BOOST_AUTO_TEST_CASE(what_is_no_bearer_token_is_refused) {
  for (const char* value :
       {"", "Bearer", "Bearer ", "Bearer\ta.b.c", "Bearera.b.c", "Bearer a.b.c d", "Bearer a,b",
        "Bearer a;b", "Bearer \"a\"", "Basic dTpw", "Digest x", "Token a.b.c", "a.b.c",
        "Bearer=a.b.c", "Bearer: a", "Bearer a\tb", "Bearer \xc3\xa4", "Basic dTpw, Bearer a.b.c"})
    BOOST_TEST(found(both, made_head{{"Authorization", value}}) == "refused", value);
}

BOOST_AUTO_TEST_CASE(two_authorization_fields_are_refused_also_when_equal) {
  BOOST_TEST(found(both, made_head{{"Authorization", "Bearer a"}, {"Authorization", "Bearer a"}}) ==
             "refused");
  BOOST_TEST(found(both, made_head{{"Authorization", "Bearer a"}, {"authorization", "Basic x"}}) ==
             "refused");
  BOOST_TEST(found(both, made_head{{"Authorization", "Bearer a"}, {"AUTHORIZATION", ""}}) ==
             "refused");
}

BOOST_AUTO_TEST_CASE(a_bad_bearer_is_not_rescued_by_a_good_cookie) {
  for (const char* value : {"", "Bearer", "Basic dTpw", "Bearer a b"})
    BOOST_TEST(
        found(both, made_head{{"Cookie", "session=good"}, {"Authorization", value}}) == "refused",
        value);
  BOOST_TEST(found(both, made_head{{"Cookie", "session=good"},
                                   {"Authorization", "Bearer first"}}) == "first");
}

BOOST_AUTO_TEST_CASE(cookies_are_asked_in_the_configured_order) {
  BOOST_TEST(found(both, made_head{{"Cookie", "session=t1"}}) == "t1");
  BOOST_TEST(found(both, made_head{{"Cookie", "__Host-session=t2"}}) == "t2");
  BOOST_TEST(found(both, made_head{{"Cookie", "__Host-session=t2; session=t1"}}) == "t1");
  BOOST_TEST(found(both, made_head{{"cookie", "a=b; session=t1; c=d"}}) == "t1");
  BOOST_TEST(found(both, made_head{{"Cookie", "a=b;session=t1;c=d"}}) == "t1");
  BOOST_TEST(found(both, made_head{{"Cookie", "a=b"}, {"Cookie", "session=t1"}}) == "t1");
  BOOST_TEST(found(both, made_head{{"Cookie", "session=\"t1\""}}) == "t1");
  BOOST_TEST(found(both, made_head{{"Cookie", "session=t=1="}}) == "t=1=");
  BOOST_TEST(found(both, made_head{{"Cookie", ";;; ; session=t1;"}}) == "t1");
  BOOST_TEST(found(both, made_head{{"Cookie", "session="}}) ==
             "");  // an empty cookie is final, as any bad one
}

BOOST_AUTO_TEST_CASE(the_same_cookie_twice_is_refused) {
  for (const char* value : {"session=a; session=b", "session=a; session=a",
                            "session=a; x=y; session=", "session=; session=a"})
    BOOST_TEST(found(both, made_head{{"Cookie", value}}) == "refused", value);
  BOOST_TEST(found(both, made_head{{"Cookie", "session=a"}, {"Cookie", "session=b"}}) == "refused");
  // Other people's cookies may come as often as they like.
  BOOST_TEST(found(both, made_head{{"Cookie", "x=1; x=2; session=a; x=3"}}) == "a");
}

BOOST_AUTO_TEST_CASE(a_flood_of_cookies_is_not_searched_to_its_end) {
  std::string many;
  for (int i = 0; i < 300; ++i) many += "a=b; ";
  BOOST_TEST(found(both, made_head{{"Cookie", many + "session=t"}}) == "refused");
  BOOST_TEST(found(both, made_head{{"Cookie", "session=t; " + many}}) == "refused");
}

BOOST_AUTO_TEST_CASE(sources_that_are_off_are_not_looked_at) {
  const auto cookies_only = settings_of(false, {"session"});
  BOOST_TEST(found(cookies_only, made_head{{"Authorization", "Bearer a"}}) == "refused");
  BOOST_TEST(
      found(cookies_only, made_head{{"Authorization", "Basic x"}, {"Cookie", "session=c"}}) == "c");
  const auto bearer_only = settings_of(true, {});
  BOOST_TEST(found(bearer_only, made_head{{"Cookie", "session=c"}}) == "refused");
}

BOOST_AUTO_TEST_CASE(cookies_that_another_site_sent_do_not_count) {
  auto settings = both;
  settings.origins = {"https://door.example", "https://www.example"};
  const auto with = [&](std::vector<std::pair<std::string, std::string>> more) {
    more.emplace_back("Cookie", "session=a.b.c");
    std::vector<http::field_view> fields;
    for (const auto& [name, value] : more) fields.push_back({name, value});
    http::request_head head;
    head.fields = fields;
    return found(settings, head);
  };
  BOOST_TEST(with({}) == "a.b.c");
  for (const char* site : {"same-origin", "same-site", "none"})
    BOOST_TEST(with({{"Sec-Fetch-Site", site}}) == "a.b.c");
  for (const char* site : {"cross-site", "Cross-Site", "x"})
    BOOST_TEST(with({{"Sec-Fetch-Site", site}}) == "refused");
  BOOST_TEST(with({{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://www.example"}}) ==
             "a.b.c");
  BOOST_TEST(with({{"Origin", "https://www.example"}}) == "a.b.c");
  for (const char* origin : {"null", "https://www.example.evil", "http://www.example",
                             "https://WWW.example", "https://www.example:443"})
    BOOST_TEST(with({{"Origin", origin}}) == "refused", origin);
  // Whatever comes twice was put together by somebody who is no browser.
  BOOST_TEST(with({{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "cross-site"}}) ==
             "refused");
  BOOST_TEST(with({{"Origin", "https://www.example"}, {"Origin", "https://evil.example"}}) ==
             "refused");
  // A bearer is nothing that a browser adds by itself.
  BOOST_TEST(found(settings, made_head{{"Authorization", "Bearer a.b.c"},
                                       {"Sec-Fetch-Site", "cross-site"}}) == "a.b.c");
}

BOOST_AUTO_TEST_CASE(what_a_proxy_says_of_a_visitor_of_another_sites_page_does_not_count) {
  auth::session_settings settings;
  settings.origins = {"https://door.example", "https://www.example"};
  settings.headers = auth::header_settings{"X-User", "X-Name", "X-Roles"};
  const auto told = [&](std::initializer_list<made_head::field> more) {
    std::vector<http::field_view> fields = {{"X-User", "u1"}};
    for (const auto& [name, value] : more) fields.push_back({name, value});
    http::request_head head;
    head.fields = fields;
    std::string buffer;
    return auth::find_credential(settings, head, true, buffer).has_value();
  };
  BOOST_TEST(told({}));
  BOOST_TEST(told({{"Sec-Fetch-Site", "same-site"}}));
  BOOST_TEST(told({{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://www.example"}}));
  BOOST_TEST(!told({{"Sec-Fetch-Site", "cross-site"}}));
  BOOST_TEST(!told({{"Origin", "https://evil.example"}}));
  BOOST_TEST(!told({{"Origin", "null"}}));
  // The caller's own beside the proxy's.
  for (const char* name : {"X-User", "X-Name", "X-Roles"})
    BOOST_TEST(!told({{name, "a"}, {name, "b"}}), name);
}

BOOST_AUTO_TEST_CASE(credentials_go_to_those_who_can_judge_them) {
  auth::session_settings settings;
  settings.keys.add(
      *jose::key::from_secret(core::secret(std::string(32, 's')), jose::algorithm::hs256));
  settings.callback.emplace();
  settings.callback->cookies = {"sid"};
  settings.authjs.emplace();
  settings.authjs->cookies.push_back({"sealed", {}, {}});
  settings.headers.emplace();
  settings.headers->user = "X-User";
  const auto kind_of = [&](const http::request_head& head, bool from_proxy = false) {
    std::string buffer;
    const auto got = auth::find_credential(settings, head, from_proxy, buffer);
    return got ? std::to_string(static_cast<int>(got->kind)) + ' ' + std::string(got->text)
               : std::string("refused");
  };
  using auth::credential_kind;
  BOOST_TEST(kind_of(made_head{{"Authorization", "Bearer a.b.c"}}) == "0 a.b.c");
  BOOST_TEST(kind_of(made_head{{"Authorization", "Bearer opaque"}}) == "2 bearer opaque");
  BOOST_TEST(kind_of(made_head{{"Cookie", "x=1; sealed=j"}}) == "1 j");
  BOOST_TEST(kind_of(made_head{{"Cookie", "sealed.1=b; sealed.0=a; sealed.3=d"}}) == "1 ab");
  BOOST_TEST(kind_of(made_head{{"Cookie", "x=1; sid=s"}}) == "2 cookie sid=s");
  BOOST_TEST(kind_of(made_head{{"Cookie", "sid.0=s; sid.1=t"}}) == "2 cookie sid.0=s; sid.1=t");
  BOOST_TEST(kind_of(made_head{{"X-User", "u1"}}) == "refused");
  BOOST_TEST(kind_of(made_head{{"X-User", "u1"}}, true) == "4 u1");
  BOOST_TEST(kind_of(made_head{{"X-User", "u1"}, {"x-user", "u2"}}, true) == "refused");
  settings.introspection.emplace();
  BOOST_TEST(kind_of(made_head{{"Authorization", "Bearer opaque"}}) == "3 bearer opaque");
}

BOOST_AUTO_TEST_SUITE_END()

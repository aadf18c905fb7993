// Service keys: several at once, stored as hashes, refused in every other form.
#include "auth/service_keys.hpp"

#include <boost/test/unit_test.hpp>

#include "auth/error.hpp"
#include "auth/heads.hpp"

BOOST_AUTO_TEST_SUITE(service_keys_)

using auth::errc;
using auth::service_keys;

namespace {

service_keys two_keys() {
  service_keys out;
  out.add_hash(service_keys::hash_of("first-service-key"));
  out.add_hash(service_keys::hash_of("second-service-key"));
  return out;
}

bool accepts(const service_keys& keys, const tests::made_head& head) {
  const auto got = keys.check(head);
  if (!got) BOOST_TEST((got.error().code == errc::bad_service_key));
  return got.has_value();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_hash_is_written_as_sha256sum_does) {
  BOOST_TEST(service_keys::hash_of("abc") ==
             "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

BOOST_AUTO_TEST_CASE(wrong_and_missing_keys_are_refused) {
  const auto keys = two_keys();
  BOOST_TEST(!accepts(keys, {}));
  for (const char* value :
       {"", "Bearer", "Bearer ", "Bearer x", "Bearer first-service-ke", "Bearer first-service-keyx",
        "Bearer First-service-key", "Basic first-service-key", "first-service-key",
        "Bearer first-service-key second-service-key"})
    BOOST_TEST(!accepts(keys, {{"Authorization", value}}), value);
  // The stored hash is not the key.
  BOOST_TEST(!accepts(
      keys, {{"Authorization", "Bearer " + service_keys::hash_of("first-service-key").substr(7)}}));
  BOOST_TEST(!accepts(keys, {{"Authorization", "Bearer first-service-key"},
                             {"Authorization", "Bearer first-service-key"}}));
  BOOST_TEST(!accepts(keys, {{"Cookie", "session=first-service-key"}}));
}

BOOST_AUTO_TEST_CASE(each_of_several_keys_is_good) {
  const auto keys = two_keys();
  BOOST_TEST(accepts(keys, {{"Authorization", "Bearer first-service-key"}}));
  BOOST_TEST(accepts(keys, {{"authorization", "bearer second-service-key"}}));
}

BOOST_AUTO_TEST_CASE(without_keys_everything_is_refused) {
  const service_keys none;
  BOOST_TEST(none.empty());
  BOOST_TEST(!accepts(none, {{"Authorization", "Bearer "}}));
  BOOST_TEST(!accepts(none, {{"Authorization", "Bearer first-service-key"}}));
}

BOOST_AUTO_TEST_CASE(hashes_are_read_from_the_configuration) {
  core::mistakes mistakes;
  core::options from("service", "test.toml:1", mistakes);
  const std::string hash = service_keys::hash_of("first-service-key");
  std::string upper = hash;
  for (char& c : upper)
    if (c >= 'a' && c <= 'f' && &c > &upper[6]) c = static_cast<char>(c - 32);
  from.set("key_hashes", core::options::list{{hash, ""}, {upper, ""}});
  const auto keys = service_keys::read(from);
  BOOST_TEST(mistakes.empty());
  BOOST_TEST(accepts(keys, {{"Authorization", "Bearer first-service-key"}}));
  for (const std::string& bad :
       {std::string("first-service-key"), hash.substr(7), hash.substr(0, 70), hash + "00",
        "sha512:" + hash.substr(7), std::string("sha256:")}) {
    core::mistakes found;
    core::options odd("service", "test.toml:1", found);
    odd.set("key_hashes", core::options::list{{bad, ""}});
    BOOST_TEST(service_keys::read(odd).empty());
    BOOST_TEST(found.size() == 1u, bad);
    BOOST_CHECK_THROW(service_keys().add_hash(bad), std::invalid_argument);
  }
}

BOOST_AUTO_TEST_SUITE_END()

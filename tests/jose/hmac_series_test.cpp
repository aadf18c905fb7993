#include "jose/hmac_series.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(hmac_series)

namespace {

// Beginnings of every length around the hashes' blocks of 64 and 128 bytes, with and without a
// message that began otherwise between them.
std::vector<std::string> messages() {
  std::vector<std::string> out;
  for (const std::size_t begin :
       {0u, 1u, 63u, 64u, 65u, 127u, 128u, 129u, 191u, 192u, 255u, 256u, 257u, 600u})
    for (int i = 0; i < 4; ++i) {
      out.push_back(std::string(begin, 'b') + "number " + std::to_string(i));
      if (i == 2) out.push_back("something else altogether");
    }
  out.push_back("");
  out.push_back(std::string(300, 'b'));
  out.push_back(std::string(64, 'b'));
  out.push_back(std::string(63, 'b'));
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_mac_is_the_one_that_its_message_has_alone) {
  for (const std::size_t hash_bytes : {32u, 48u, 64u}) {
    const jose::hmac_key key("a secret of thirty-two bytes, at least", hash_bytes);
    jose::hmac_series series(key);
    for (const std::string& message : messages())
      BOOST_TEST((series.of(message).view() == key.of(message).view()),
                 hash_bytes << " bytes, message of " << message.size());
  }
}

BOOST_AUTO_TEST_CASE(a_message_shorter_than_what_is_known_is_not_taken_for_its_like) {
  const jose::hmac_key key("a secret of thirty-two bytes, at least", 32);
  jose::hmac_series series(key);
  const std::string begin(128, 'x');
  series.of(begin + "1");
  series.of(begin + "2");
  BOOST_TEST((series.of(begin.substr(0, 100)).view() == key.of(begin.substr(0, 100)).view()));
  BOOST_TEST((series.of(begin).view() == key.of(begin).view()));
}

BOOST_AUTO_TEST_SUITE_END()

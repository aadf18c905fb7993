// XML from a vendor: what is read, and what is refused before it costs anything.
#include "providers/xml_answer.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(xml_answers)

namespace {

std::string nested(std::size_t depth) {
  std::string out;
  for (std::size_t i = 0; i < depth; ++i) out += "<a>";
  for (std::size_t i = 0; i < depth; ++i) out += "</a>";
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_roots_own_elements_are_read) {
  const auto got = providers::read_xml(
      "<?xml version='1.0'?><response>\n <returncode> SUCCESS\n</returncode><name>A &amp; "
      "<![CDATA[<B>]]> &#228;</name><attendees><attendee><name>deep</name></attendee></attendees>"
      "<name>second</name><empty/></response>");
  BOOST_REQUIRE(got);
  BOOST_TEST(got->root == "response");
  BOOST_TEST(got->find("returncode") == "SUCCESS");
  BOOST_TEST(got->find("name") == "A & <B> \xc3\xa4");
  BOOST_TEST(got->find("empty").empty());
  BOOST_TEST(got->find("attendee").empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_answer_is_refused) {
  const std::string bomb =
      "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><r><x>&b;</x></r>";
  for (const std::string& bad :
       {std::string(), std::string("x"), std::string("<a>"), std::string("<a></b>"),
        std::string("<a/><b/>"), std::string("<a>&unknown;</a>"), std::string("<a>\xff</a>"), bomb,
        std::string("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"), nested(9), nested(100'000),
        "<r><x>" + std::string(5'000, 'x') + "</x></r>", "<r>" + std::string(70'000, ' ') + "</r>"})
    BOOST_TEST(!providers::read_xml(bad).has_value(), bad.substr(0, 60));
  std::string many = "<r>";
  for (int i = 0; i < 2'500; ++i) many += "<a/>";
  BOOST_TEST(!providers::read_xml(many + "</r>").has_value());
  BOOST_TEST(providers::read_xml(nested(8)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

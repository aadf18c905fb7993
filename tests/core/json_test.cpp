// JSON from outside is checked, JSON of ours is well-formed.
#include "core/json.hpp"

#include <boost/test/unit_test.hpp>

#include "core/error.hpp"

BOOST_AUTO_TEST_SUITE(json)

BOOST_AUTO_TEST_CASE(refuses_what_is_not_one_value) {
  const std::string deep(200, '[');
  for (const std::string& bad :
       {std::string(), std::string("{"), std::string("{}x"), std::string("{} {}"),
        std::string("{\"a\":1,\"a\":2}"), std::string("{\"a\":{\"b\":1,\"c\":2,\"b\":3}}"),
        std::string("[1,]"), std::string("01"), std::string("nul"), std::string("'a'"),
        std::string("\"\x01\""), std::string("\"\xff\""), std::string("1e999"),
        std::string("\xef\xbb\xbf{}"), std::string("{\"\\u0061\":1,\"a\":2}"),
        std::string("\"\\ud800\""), deep + std::string(200, ']')})
    BOOST_TEST_CONTEXT(bad.substr(0, 40)) {
      const auto read = core::read_json(bad);
      BOOST_REQUIRE(!read);
      BOOST_TEST(read.error().code == core::errc::bad_json);
    }
}

BOOST_AUTO_TEST_CASE(limits_hold) {
  BOOST_TEST(!core::read_json("[[[1]]]", {.bytes_max = 100, .depth_max = 3, .values_max = 100}));
  BOOST_TEST(
      core::read_json("[[1]]", {.bytes_max = 100, .depth_max = 3, .values_max = 100}).has_value());
  BOOST_TEST(!core::read_json("[1,2,3]", {.bytes_max = 6, .depth_max = 3, .values_max = 100}));
  BOOST_TEST(!core::read_json("[1,2,3]", {.bytes_max = 100, .depth_max = 3, .values_max = 3}));
}

BOOST_AUTO_TEST_CASE(reads_every_type) {
  const auto read = core::read_json(
      R"({"s":"a\u00e9","i":-7,"d":1.5,"t":true,"n":null,"a":[1,"x"],"o":{"k":{}}})");
  BOOST_REQUIRE(read);
  BOOST_TEST(*read->find_string("s") == "a\xc3\xa9");
  BOOST_TEST(*read->find("i")->as_integer() == -7);
  BOOST_TEST(*read->find("d")->as_number() == 1.5);
  BOOST_TEST(*read->find("t")->as_bool());
  BOOST_TEST(read->find("n")->is_null());
  BOOST_TEST(read->find("a")->as_array()->size() == 2u);
  BOOST_TEST((read->find("o")->find("k")->as_object() != nullptr));
  BOOST_TEST((read->find("missing") == nullptr));
  BOOST_TEST((read->find_string("i") == nullptr));
}

BOOST_AUTO_TEST_CASE(the_writer_separates_and_escapes) {
  std::string out;
  core::json_writer json(out);
  json.begin_object().member("a", "x\"\\\n\x01").member("n", 5).member("f", false);
  json.name("list").begin_array().number(1).null().begin_object().end_object().end_array();
  json.member("bad", std::string_view("\xff\xc3\xa9")).end_object();
  BOOST_TEST(out ==
             "{\"a\":\"x\\\"\\\\\\n\\u0001\",\"n\":5,\"f\":false,\"list\":[1,null,{}],\"bad\":"
             "\"\xef\xbf\xbd\xc3\xa9\"}");
  BOOST_TEST(core::read_json(out).has_value());
}

BOOST_AUTO_TEST_CASE(what_was_read_can_be_written) {
  const std::string text = R"({"a":[1,-2.5,"x",null,true],"b":{"c":{}}})";
  std::string out;
  core::json_writer(out).value(*core::read_json(text));
  BOOST_TEST(out == text);
}

BOOST_AUTO_TEST_SUITE_END()

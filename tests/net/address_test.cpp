// Addresses, networks, and the caller behind trusted proxies.
#include "net/address.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

namespace {

net::ip_address address(std::string_view text) {
  const auto made = net::ip_address::from(text);
  BOOST_REQUIRE_MESSAGE(made, text);
  return *made;
}

net::proxy_settings trusting(std::vector<std::string> networks, bool forwarded = false) {
  net::proxy_settings made;
  for (const auto& one : networks) made.trusted.push_back(*net::ip_network::from(one));
  if (forwarded) made.header = net::proxy_settings::header_kind::forwarded;
  return made;
}

struct behind {
  net::proxy_settings proxies;
  std::string peer = "10.0.0.1";
  std::string scheme = {};
  net::forwarded_client of(std::vector<std::string_view> values) const {
    return net::client_behind(proxies, address(peer), false, values, scheme);
  }
  std::string address_of(std::vector<std::string_view> values) const {
    return of(std::move(values)).address.text();
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ip_address)

BOOST_AUTO_TEST_CASE(refuses_what_is_no_address) {
  for (const std::string_view text :
       {"", " ", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ", " 1.2.3.4", "01.2.3.4",
        "1.2.3.4:80", "[::1]", "::1%lo", ":::", "1:2:3:4:5:6:7:8:9", "localhost", "0x7f.1",
        "2130706433"})
    BOOST_TEST(!net::ip_address::from(text), "accepted \"" << text << "\"");
  BOOST_TEST(!net::ip_address::from(std::string_view("1.2.3.4\0.evil", 13)));
  BOOST_TEST(!net::ip_address::from(std::string(100'000, '1')));
}

BOOST_AUTO_TEST_CASE(prints_what_it_reads) {
  for (const std::string text : {"0.0.0.0", "192.0.2.1", "::", "::1", "2001:db8::1"})
    BOOST_TEST(address(text).text() == text);
  BOOST_TEST(address("2001:DB8:0:0:0:0:0:1").text() == "2001:db8::1");
}

BOOST_AUTO_TEST_CASE(an_ipv4_mapped_address_is_the_ipv4_address) {
  BOOST_CHECK(address("::ffff:192.0.2.1") == address("192.0.2.1"));
  BOOST_TEST(address("::ffff:c000:201").text() == "192.0.2.1");
  BOOST_TEST(address("::ffff:192.0.2.1").is_v4());
}

BOOST_AUTO_TEST_CASE(one_client_is_an_ipv4_address_or_an_ipv6_network_of_64_bits) {
  BOOST_TEST(address("192.0.2.77").network().text() == "192.0.2.77");
  BOOST_TEST(address("2001:db8:1:2:3:4:5:6").network().text() == "2001:db8:1:2::");
  BOOST_CHECK(address("2001:db8:1:2::a").network() == address("2001:db8:1:2:ffff::b").network());
  BOOST_CHECK(address("2001:db8:1:2::").network() != address("2001:db8:1:3::").network());
}

BOOST_AUTO_TEST_CASE(knows_this_machine) {
  for (const auto text : {"127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"})
    BOOST_TEST(address(text).is_loopback(), text);
  for (const auto text : {"128.0.0.1", "::", "::2", "2001:db8::1"})
    BOOST_TEST(!address(text).is_loopback(), text);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(ip_network)

BOOST_AUTO_TEST_CASE(refuses_what_is_no_network) {
  for (const std::string_view text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/+8",
        "2001:db8::/129", "10/8", "unix", "10.0.0.0/8/8"})
    BOOST_TEST(!net::ip_network::from(text), "accepted \"" << text << "\"");
}

BOOST_AUTO_TEST_CASE(contains_what_shares_its_first_bits) {
  const struct {
    const char *network, *address;
    bool inside;
  } cases[] = {{"10.0.0.0/8", "10.255.1.2", true},
               {"10.0.0.0/8", "11.0.0.0", false},
               {"10.0.0.0/8", "::ffff:10.1.2.3", true},
               {"192.0.2.128/25", "192.0.2.127", false},
               {"192.0.2.128/25", "192.0.2.128", true},
               {"192.0.2.1", "192.0.2.1", true},
               {"192.0.2.1", "192.0.2.2", false},
               {"0.0.0.0/0", "203.0.113.9", true},
               {"0.0.0.0/0", "2001:db8::1", false},
               {"::/0", "203.0.113.9", true},
               {"2001:db8::/33", "2001:db8:7fff::", true},
               {"2001:db8::/33", "2001:db8:8000::", false},
               {"::1", "::1", true},
               {"::ffff:10.0.0.0/104", "10.9.9.9", true}};
  for (const auto& one : cases) {
    const auto network = net::ip_network::from(one.network);
    BOOST_REQUIRE(network);
    BOOST_TEST(network->contains(address(one.address)) == one.inside,
               one.network << " and " << one.address);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(client_behind)

BOOST_AUTO_TEST_CASE(a_stranger_speaks_only_for_itself) {
  const behind stranger{trusting({"10.0.0.0/8"}), "203.0.113.9", "https"};
  const auto client = stranger.of({"198.51.100.1"});
  BOOST_TEST(client.address.text() == "203.0.113.9");
  BOOST_TEST(!client.https);
  const behind nobody_trusted{trusting({}), "127.0.0.1", "https"};
  BOOST_TEST(nobody_trusted.address_of({"198.51.100.1"}) == "127.0.0.1");
}

BOOST_AUTO_TEST_CASE(the_right_most_address_that_is_no_proxy_is_the_client) {
  const behind proxy{trusting({"10.0.0.0/8", "2001:db8:ffff::/48"})};
  // What the client itself wrote stands on the left and is not believed.
  BOOST_TEST(proxy.address_of({"1.1.1.1, 198.51.100.7"}) == "198.51.100.7");
  BOOST_TEST(proxy.address_of({"1.1.1.1, 198.51.100.7, 10.2.2.2"}) == "198.51.100.7");
  BOOST_TEST(proxy.address_of({"198.51.100.7,10.2.2.2 ,2001:db8:ffff::3"}) == "198.51.100.7");
  BOOST_TEST(proxy.address_of({"1.1.1.1", "198.51.100.7", "10.2.2.2"}) == "198.51.100.7");
  // All are proxies: the one that is farthest away.
  BOOST_TEST(proxy.address_of({"10.3.3.3, 10.2.2.2"}) == "10.3.3.3");
  BOOST_TEST(proxy.address_of({}) == "10.0.0.1");
}

BOOST_AUTO_TEST_CASE(ports_brackets_and_mapping_are_stripped) {
  const behind proxy{trusting({"10.0.0.0/8"})};
  BOOST_TEST(proxy.address_of({"198.51.100.7:4711"}) == "198.51.100.7");
  BOOST_TEST(proxy.address_of({"[2001:db8::1]:4711"}) == "2001:db8::1");
  BOOST_TEST(proxy.address_of({"[2001:db8::1]"}) == "2001:db8::1");
  BOOST_TEST(proxy.address_of({"2001:db8::1"}) == "2001:db8::1");
  BOOST_TEST(proxy.address_of({"::ffff:198.51.100.7"}) == "198.51.100.7");
  BOOST_TEST(proxy.address_of({"::ffff:10.1.1.1"}) == "10.1.1.1");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_leaves_the_last_proxy_as_the_client) {
  const behind proxy{trusting({"10.0.0.0/8"})};
  for (const std::string_view text :
       {"unknown", "", ",", " , ", "evil", "198.51.100.7, ", "198.51.100.7, _hidden",
        "198.51.100.7, 1.2.3", "198.51.100.7, [::1", "198.51.100.7, [::1]x",
        "198.51.100.7, \"10.0.0.9\"", "1.1.1.1;2.2.2.2"})
    BOOST_TEST(proxy.address_of({text}) == "10.0.0.1", text);
  BOOST_TEST(proxy.address_of({"198.51.100.7, nonsense, 10.2.2.2"}) == "10.2.2.2");
}

BOOST_AUTO_TEST_CASE(a_thousand_hops_are_not_all_read) {
  const behind proxy{trusting({"10.0.0.0/8"})};
  std::string list = "198.51.100.7";
  for (int i = 0; i < 1000; ++i) list += ",10.9.9.9";
  BOOST_TEST(proxy.address_of({list}) == "10.9.9.9");
  BOOST_TEST(proxy.address_of({std::string(1'000'000, ',')}) == "10.0.0.1");
  BOOST_TEST(proxy.address_of({std::string(1'000'000, '"')}) == "10.0.0.1");
}

BOOST_AUTO_TEST_CASE(the_scheme_is_what_the_proxy_next_to_us_says) {
  behind proxy{trusting({"10.0.0.0/8"})};
  const std::pair<const char*, bool> cases[] = {
      {"https", true},        {"HTTPS", true},       {"http", false},  {"", false},
      {"https, http", false}, {"http, https", true}, {"https ", true}, {"httpss", false}};
  for (const auto& [scheme, https] : cases) {
    proxy.scheme = scheme;
    BOOST_TEST(proxy.of({"198.51.100.7"}).https == https, scheme);
  }
}

BOOST_AUTO_TEST_CASE(a_unix_socket_is_a_proxy_where_the_settings_say_so) {
  auto settings = trusting({});
  const std::vector<std::string_view> values{"198.51.100.7"};
  const auto here = address("127.0.0.1");
  BOOST_TEST(net::client_behind(settings, here, true, values, "").address.text() == "127.0.0.1");
  settings.trust_unix_socket = true;
  BOOST_TEST(net::client_behind(settings, here, true, values, "").address.text() == "198.51.100.7");
  BOOST_TEST(net::client_behind(settings, here, false, values, "").address.text() == "127.0.0.1");
  // A network that holds 127.0.0.1 is about TCP.
  const auto loopback = trusting({"127.0.0.0/8"});
  BOOST_TEST(net::client_behind(loopback, here, true, values, "").address.text() == "127.0.0.1");
}

BOOST_AUTO_TEST_CASE(forwarded_is_read_as_rfc_7239_has_it) {
  const behind proxy{trusting({"10.0.0.0/8"}, true)};
  BOOST_TEST(proxy.address_of({"for=198.51.100.7"}) == "198.51.100.7");
  BOOST_TEST(proxy.address_of({"For=\"[2001:db8::1]:1234\""}) == "2001:db8::1");
  BOOST_TEST(proxy.address_of({"for=\"[2001:db8::1]\";proto=https;by=10.0.0.1"}) == "2001:db8::1");
  BOOST_TEST(proxy.address_of({"proto=http; for=198.51.100.7:80 ;by=\"a,b;c\""}) == "198.51.100.7");
  BOOST_TEST(proxy.address_of({"for=1.1.1.1, for=198.51.100.7, for=10.2.2.2"}) == "198.51.100.7");
  BOOST_TEST(proxy.address_of({"for=1.1.1.1", "for=198.51.100.7"}) == "198.51.100.7");
  BOOST_TEST(proxy.address_of({"for=\"198.51.100.\\7\""}) == "198.51.100.7");
  BOOST_TEST(proxy.address_of({"ext=\"x\\\",for=1.1.1.1\";for=198.51.100.7"}) == "198.51.100.7");
}

BOOST_AUTO_TEST_CASE(hidden_unknown_and_broken_elements_leave_the_last_proxy_as_the_client) {
  const behind proxy{trusting({"10.0.0.0/8"}, true)};
  for (const std::string_view text :
       {"for=unknown", "for=_hidden", "for=\"_gazonk\"", "", "by=10.0.0.9", "for=", "for", "for=\"",
        "for=\"1.1.1.1", "for=1.1.1.1;for=2.2.2.2", "198.51.100.7", "for=\"1.1.1.1\"x", "for=[::1",
        "for=\"1.1.1.1\\", ";;;", "=1.1.1.1"})
    BOOST_TEST(proxy.address_of({text}) == "10.0.0.1", text);
  BOOST_TEST(proxy.address_of({"for=198.51.100.7, for=unknown, for=10.2.2.2"}) == "10.2.2.2");
}

BOOST_AUTO_TEST_CASE(a_quote_of_the_client_cannot_swallow_what_the_proxy_appends) {
  const behind proxy{trusting({"10.0.0.0/8"}, true)};
  BOOST_TEST(proxy.address_of({"for=\"1.1.1.1", "for=198.51.100.7"}) == "198.51.100.7");
  BOOST_TEST(proxy.address_of({"for=\"1.1.1.1, for=198.51.100.7"}) == "198.51.100.7");
  BOOST_TEST(proxy.address_of({"for=\"1.1.1.1, for=\"[2001:db8::9]\""}) == "2001:db8::9");
}

BOOST_AUTO_TEST_CASE(the_scheme_in_forwarded_belongs_to_the_clients_own_hop) {
  const behind proxy{trusting({"10.0.0.0/8"}, true), "10.0.0.1", "https"};
  BOOST_TEST(!proxy.of({"for=198.51.100.7"}).https);  // X-Forwarded-Proto is not asked
  BOOST_TEST(proxy.of({"for=198.51.100.7;proto=https"}).https);
  BOOST_TEST(proxy.of({"for=198.51.100.7;proto=\"HTTPS\""}).https);
  BOOST_TEST(proxy.of({"for=198.51.100.7;proto=https, for=10.2.2.2;proto=http"}).https);
  BOOST_TEST(!proxy.of({"for=1.1.1.1;proto=https, for=198.51.100.7;proto=http"}).https);
  BOOST_TEST(!proxy.of({"for=198.51.100.7;proto=https;proto=https"}).https);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(proxy_settings)

BOOST_AUTO_TEST_CASE(networks_the_unix_socket_and_the_header_are_read) {
  core::mistakes found;
  core::options from("proxy", "stagedoor.toml:1", found);
  core::options::list trusted;
  for (const char* text : {"10.0.0.0/8", "unix", "::1"})
    trusted.push_back({std::string(text), "stagedoor.toml:2"});
  from.set("trusted", trusted, "stagedoor.toml:2");
  from.set("header", std::string("forwarded"), "stagedoor.toml:3");
  const auto settings = net::read_proxy_settings(from);
  BOOST_TEST(found.empty());
  BOOST_TEST(settings.trusted.size() == 2u);
  BOOST_TEST(settings.trust_unix_socket);
  BOOST_CHECK(settings.header == net::proxy_settings::header_kind::forwarded);
}

BOOST_AUTO_TEST_CASE(what_is_no_network_is_a_mistake_with_its_place) {
  core::mistakes found;
  core::options from("proxy", "stagedoor.toml:1", found);
  core::options::list trusted;
  trusted.push_back({std::string("10.0.0/8"), "stagedoor.toml:2"});
  from.set("trusted", trusted, "stagedoor.toml:2");
  BOOST_TEST(net::read_proxy_settings(from).trusted.empty());
  BOOST_REQUIRE(found.size() == 1u);
  BOOST_TEST(found[0].key == "proxy.trusted");
}

BOOST_AUTO_TEST_CASE(to_trust_everybody_is_a_mistake) {
  for (const char* all : {"0.0.0.0/0", "::/0", "::ffff:0.0.0.0/96"}) {
    core::mistakes found;
    core::options from("proxy", "stagedoor.toml:1", found);
    from.set("trusted", core::options::list{{std::string(all), "stagedoor.toml:2"}});
    static_cast<void>(net::read_proxy_settings(from));
    BOOST_TEST(found.size() == 1u, all);
  }
}

BOOST_AUTO_TEST_SUITE_END()

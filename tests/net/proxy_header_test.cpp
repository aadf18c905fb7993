// The PROXY protocol: what is read, what is refused, and that every cut is asked about.
#include "net/proxy_header.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

BOOST_AUTO_TEST_SUITE(proxy_header)

namespace {

using state = net::proxy_header::state;

std::string version_2(unsigned char command, unsigned char family, std::string body) {
  std::string out("\r\n\r\n\0\r\nQUIT\n", 12);
  out += static_cast<char>(command);
  out += static_cast<char>(family);
  out += static_cast<char>(body.size() >> 8);
  out += static_cast<char>(body.size() & 0xff);
  return out + body;
}

const std::string four_addresses("\xc6\x33\x64\x07\x0a\x00\x00\x01\x12\x67\x01\xbb", 12);

}  // namespace

BOOST_AUTO_TEST_CASE(refuses_what_is_no_header) {
  const std::string cases[] = {
      "GET / HTTP/1.1\r\n\r\n",
      "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n",
      "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
      "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n",
      "PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n",
      "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n",
      "PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n",
      "PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n",
      "PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n",
      "PROXY TCP4 ::1 ::2 1 2\r\n",
      "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n",
      "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
      "PROXY UNKNOWNX\r\n",
      "PROXY \r\n",
      "PROXY \n",
      "proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
      "PROXY UNKNOWN " + std::string(100, 'x'),
      version_2(0x11, 0x11, four_addresses),            // version 1 in a binary header
      version_2(0x22, 0x11, four_addresses),            // no such command
      version_2(0x21, 0x12, four_addresses),            // datagrams
      version_2(0x21, 0x11, four_addresses.substr(1)),  // shorter than its addresses
      version_2(0x21, 0x21, four_addresses),
      version_2(0x21, 0x11, four_addresses + "x"),  // half an extension
      version_2(0x21, 0x11, four_addresses + std::string("\x04\x00\x05xx", 5)),
      version_2(0x21, 0x11, std::string(5000, '\0')),  // longer than we read
  };
  for (const auto& text : cases)
    BOOST_CHECK_MESSAGE(net::read_proxy_header(text).is == state::wrong, text);
}

BOOST_AUTO_TEST_CASE(every_cut_asks_for_more_and_the_rest_is_not_touched) {
  const std::string ssl("\x20\x00\x05\x01\x00\x00\x00\x00", 8);
  const std::string cases[] = {"PROXY TCP4 198.51.100.7 10.0.0.1 4711 443\r\n",
                               "PROXY UNKNOWN\r\n",
                               "PROXY TCP6 2001:db8::1 ::1 4711 443\r\n",
                               version_2(0x21, 0x11, four_addresses),
                               version_2(0x20, 0x00, ""),
                               version_2(0x21, 0x11, four_addresses + ssl)};
  for (const auto& text : cases) {
    for (std::size_t size = 0; size < text.size(); ++size)
      BOOST_CHECK_MESSAGE(net::read_proxy_header(text.substr(0, size)).is == state::need_more,
                          text << " cut at " << size);
    const auto whole = net::read_proxy_header(text + "GET / HTTP/1.1\r\n");
    BOOST_CHECK(whole.is == state::complete);
    BOOST_TEST(whole.size == text.size());
  }
}

BOOST_AUTO_TEST_CASE(names_the_client) {
  auto one = net::read_proxy_header("PROXY TCP4 198.51.100.7 10.0.0.1 4711 443\r\n");
  BOOST_TEST(one.names_client);
  BOOST_TEST(one.client.text() == "198.51.100.7");
  BOOST_TEST(one.port == 4711);
  one = net::read_proxy_header("PROXY TCP6 2001:db8::1 ::1 1 2\r\n");
  BOOST_TEST(one.client.text() == "2001:db8::1");
  one = net::read_proxy_header(version_2(0x21, 0x11, four_addresses));
  BOOST_TEST(one.client.text() == "198.51.100.7");
  BOOST_TEST(one.port == 0x1267);
  BOOST_TEST(!one.tls);
  std::string six(36, '\0');
  six.replace(0, 16, std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16));
  one = net::read_proxy_header(version_2(0x21, 0x21, six));
  BOOST_TEST(one.client.text() == "2001:db8::1");
}

BOOST_AUTO_TEST_CASE(health_checks_and_unknown_transports_name_nobody) {
  for (const auto& text :
       {std::string("PROXY UNKNOWN\r\n"), std::string("PROXY UNKNOWN ::1 ::1 1 1\r\n"),
        version_2(0x20, 0x11, four_addresses), version_2(0x21, 0x00, ""),
        version_2(0x21, 0x31, std::string(216, 'p'))}) {
    const auto one = net::read_proxy_header(text);
    BOOST_CHECK(one.is == state::complete);
    BOOST_TEST(!one.names_client);
  }
}

BOOST_AUTO_TEST_CASE(says_whether_the_client_spoke_tls_with_the_proxy) {
  const std::string with("\x20\x00\x05\x01\x00\x00\x00\x00", 8),
      without("\x20\x00\x05\x00\x00\x00\x00\x00", 8);
  const std::string other(
      "\x02\x00\x03"
      "abc",
      6);
  BOOST_TEST(net::read_proxy_header(version_2(0x21, 0x11, four_addresses + other + with)).tls);
  BOOST_TEST(!net::read_proxy_header(version_2(0x21, 0x11, four_addresses + without + other)).tls);
}

BOOST_AUTO_TEST_SUITE_END()

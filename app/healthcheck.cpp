#include "app/healthcheck.hpp"

#include <fmt/format.h>

#include <array>
#include <asio/connect.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <cstdio>

namespace app {
namespace {

constexpr std::chrono::seconds answer_patience{2};
constexpr std::string_view question =
    "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

// Runs what was started on the context and gives whether it ended in time.
bool finish(asio::io_context& context, core::steady_time until) {
  context.restart();
  context.run_until(until);
  return context.stopped();
}

// The first line of the answer; empty where there is none in time.
template <class Socket>
std::string ask(asio::io_context& context, Socket& socket,
                const typename Socket::endpoint_type& to) {
  const auto until = std::chrono::steady_clock::now() + answer_patience;
  std::array<char, 4096> buffer;
  std::size_t size = 0;
  socket.async_connect(to, [&](std::error_code refused) {
    if (refused) return;
    asio::async_write(socket, asio::buffer(question), [&](std::error_code unsent, std::size_t) {
      if (unsent) return;
      asio::async_read(socket, asio::buffer(buffer),
                       [&](std::error_code, std::size_t got) { size = got; });
    });
  });
  if (!finish(context, until)) return {};
  const std::string_view answer(buffer.data(), size);
  return std::string(answer.substr(0, answer.find("\r\n")));
}

std::string status_line_of(const std::string& address) {
  asio::io_context context(1);
  if (address.starts_with("unix:")) {
    asio::local::stream_protocol::socket socket(context);
    return ask(context, socket, asio::local::stream_protocol::endpoint(address.substr(5)));
  }
  const auto colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  // What listens everywhere also listens here.
  if (host == "0.0.0.0" || host == "localhost") host = "127.0.0.1";
  if (host == "::") host = "::1";
  std::error_code unreadable;
  const auto ip = asio::ip::make_address(host, unreadable);
  if (unreadable) return {};
  asio::ip::tcp::socket socket(context);
  return ask(context, socket,
             {ip, static_cast<unsigned short>(std::stoi(address.substr(colon + 1)))});
}

}  // namespace

int check_health(const config& settings) {
  const std::string& address = settings.admin_listen.front().address;
  const std::string line = status_line_of(address);
  if (line.starts_with("HTTP/1.1 200")) return 0;
  std::fputs(fmt::format("stagedoor: not ready: {} {}\n", address,
                         line.empty() ? "did not answer within two seconds" : "answered " + line)
                 .c_str(),
             stderr);
  return 1;
}

}  // namespace app

// What it costs to read one browser's request, guard and second opinion together.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "http/parser.hpp"

namespace {

// A join as it comes from behind a proxy: 13 fields, a session token of 223 bytes.
const std::string browser_request =
    "GET /api/expert/videocall/url?roomId=room-00042&userName=Ada HTTP/1.1\r\n"
    "Host: video.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0\r\n"
    "Accept: application/json\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Authorization: Bearer " +
    std::string(36, 'h') + "." + std::string(143, 'c') + "." + std::string(43, 's') +
    "\r\n"
    "X-Forwarded-For: 203.0.113.77\r\n"
    "X-Forwarded-Proto: https\r\n"
    "Connection: keep-alive\r\n"
    "Sec-Fetch-Dest: empty\r\n"
    "Sec-Fetch-Mode: cors\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "\r\n";

void read_request_head(benchmark::State& state) {
  http::request_parser parser;
  const http::message_limits limits;
  for (auto _ : state) {
    parser.start(limits);
    bool complete = false;
    parser.read_head(browser_request, complete);
    if (!complete) state.SkipWithError("the request was not read");
    benchmark::DoNotOptimize(parser.head().find("authorization"));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(browser_request.size()));
}
BENCHMARK(read_request_head);

// The same in two reads, cut in the middle of the token.
void read_request_head_in_two_pieces(benchmark::State& state) {
  http::request_parser parser;
  const http::message_limits limits;
  const std::string_view whole = browser_request;
  for (auto _ : state) {
    parser.start(limits);
    bool complete = false;
    parser.read_head(whole.substr(0, 400), complete);
    parser.read_head(whole, complete);
    if (!complete) state.SkipWithError("the request was not read");
  }
}
BENCHMARK(read_request_head_in_two_pieces);

}  // namespace

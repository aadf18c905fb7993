// The warm path: a kept-alive request that is answered at once neither allocates nor waits between
// its read and its send.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <new>

#include "net/error.hpp"
#include "support/http_scene.hpp"

namespace {

std::size_t allocations = 0;

}  // namespace

// Counts for this program only; the sanitizers still see malloc and free.
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

// Gives the same request whenever it is read and notes what has been allocated until the send.
class looping_stream final : public net::stream {
 public:
  looping_stream(std::string request, std::size_t times)
      : request_(std::move(request)), left_(times) {}

  core::task<core::result<void>> wait_readable(core::deadline) override {
    co_return core::result<void>();
  }
  core::result<std::size_t> read_available(std::span<char> into) override {
    if (left_ == 0) return core::fail(net::errc::closed);
    --left_;
    std::copy(request_.begin(), request_.end(), into.begin());
    before_ = allocations;
    return request_.size();
  }
  core::result<std::size_t> write_available(std::string_view data) override {
    last_ = allocations - before_;
    ++sends_;
    return data.size();
  }
  core::task<core::result<void>> wait_writable(core::deadline) override {
    co_return core::fail(net::errc::broken);
  }
  void finish_writing() override {}
  void close() override {}
  bool is_stale() override { return false; }
  const net::peer& other() const override { return peer_; }

  static inline std::size_t last_ = 0;
  static inline std::size_t sends_ = 0;

 private:
  std::string request_;
  std::size_t left_;
  std::size_t before_ = 0;
  net::peer peer_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(warm_path)

BOOST_AUTO_TEST_CASE(a_repeated_request_allocates_nothing_between_read_and_send) {
  tests::http_scene scene;
  scene.service.ends.reserve(100);
  std::string request =
      "GET /api/expert/videocall/url?roomId=room-42 HTTP/1.1\r\nHost: a.example\r\n";
  for (int i = 0; i < 12; ++i) request += "X-Field-" + std::to_string(i) + ": some value\r\n";
  request += "\r\n";
  scene.connections.spawn(scene.server.serve(std::make_unique<looping_stream>(request, 50)));
  scene.settle();
  BOOST_TEST(looping_stream::sends_ == 50u);
  BOOST_TEST(looping_stream::last_ == 0u);
  BOOST_TEST(scene.service.ends.size() == 50u);
}

BOOST_AUTO_TEST_SUITE_END()

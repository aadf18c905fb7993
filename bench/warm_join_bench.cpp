// What a warm join costs us, without the kernel: from the bytes that a connection has read to the
// bytes that it would send, through the server as it is wired, access log and metrics included.
//
// 500 people, 1,024 addresses, as many rooms as the argument says, in an order without pattern.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "app/wiring.hpp"
#include "http/conversation.hpp"

namespace {

constexpr std::string_view configuration = R"toml(
public_url = "https://video.example.com"
[server]
listen = ["127.0.0.1:1"]
threads = 1
[proxy]
trusted = ["127.0.0.0/8"]
header = "x-forwarded-for"
[session]
secret = "vT9mK2xQ7sLpB4wYhN8dR3cF6gJ1zA5e-bench"
[log]
file = "/dev/null"
[limits]
ip = { rate = 1000000, per = "second", burst = 1000000 }
user = { rate = 1000000, per = "second", burst = 1000000 }
[providers.own]
type = "custom"
url_template = "https://video.example.org/room/{roomId}?token={token}"
[providers.own.token]
secret = "nL4tX8wQ2pH6vM9bvT9mK2xQ7sLpB4wY-bench"
)toml";

class no_neighbours final : public join::neighbours {
 public:
  std::size_t owner_of(const core::room_id&) const override { return 0; }
  void post(std::size_t, std::function<void()> call) override { call(); }
  core::task<void> announce(rooms::news) override { co_return; }
};

// One connection: what the client sends next, and the last answer.
class bench_stream final : public net::stream {
 public:
  bench_stream() { peer_.address = *net::ip_address::from("127.0.0.1"); }
  core::task<core::result<void>> wait_readable(core::deadline) override {
    co_return core::result<void>();
  }
  core::result<std::size_t> read_available(std::span<char> into) override {
    const std::string_view bytes = std::exchange(next, {});
    std::copy(bytes.begin(), bytes.end(), into.begin());
    return bytes.size();
  }
  core::result<std::size_t> write_available(std::string_view data) override {
    sent = data.size();
    good = data.starts_with("HTTP/1.1 200");
    return data.size();
  }
  core::task<core::result<void>> wait_writable(core::deadline) override {
    co_return core::result<void>();
  }
  void finish_writing() override {}
  void close() override {}
  bool is_stale() override { return false; }
  const net::peer& other() const override { return peer_; }

  std::string_view next;
  std::size_t sent = 0;
  bool good = false;

 private:
  net::peer peer_;
};

app::config config_for(const std::filesystem::path& database) {
  const std::string text =
      std::string(configuration) + "[store]\npath = \"" + database.string() + "\"\n";
  auto loaded = app::load_config_text(text, {});
  if (!loaded.value) throw std::runtime_error(app::describe(loaded.mistakes));
  return std::move(*loaded.value);
}

class house {
 public:
  explicit house(std::size_t rooms)
      : folder_(std::filesystem::temp_directory_path() / "stagedoor-warm-join"),
        common_(config_for(fresh(folder_) / "bench.db")),
        shard_(common_, neighbours_, common_.shards.at(0)) {
    for (int user = 0; user < 500; ++user) tokens_.push_back(token(user));
    book(rooms);
    for (std::size_t i = 0; i < rooms; ++i) requests_.push_back(request(i * 7919 % rooms));
    for (int i = 0; i < 64; ++i) {
      auto stream = std::make_unique<bench_stream>();
      streams_.push_back(stream.get());
      talks_.push_back(std::make_unique<http::conversation>(shard_.server, std::move(stream)));
    }
  }
  ~house() {
    talks_.clear();
    std::filesystem::remove_all(folder_);
  }

  void join() {
    const std::size_t connection = at_ % streams_.size();
    bench_stream& stream = *streams_[connection];
    stream.next = requests_[at_ % requests_.size()];
    ++at_;
    const auto waits = talks_[connection]->readable();
    if (waits != http::wait_for::no_more && waits != http::wait_for::request)
      throw std::runtime_error("not a warm join");
    if (!stream.good) throw std::runtime_error("refused");
  }
  std::size_t answer_bytes() const { return streams_[0]->sent; }

 private:
  static const std::filesystem::path& fresh(const std::filesystem::path& folder) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directory(folder);
    return folder;
  }
  static std::string number(std::string_view name, std::size_t count) {
    const std::string digits = std::to_string(count);
    return std::string(name) + std::string(6 - digits.size(), '0') + digits;
  }
  std::string token(int user) {
    auth::session_wish wish;
    wish.user = *core::user_id::from(number("user-", static_cast<std::size_t>(user)));
    wish.role = core::role::expert;
    wish.name = "Expert";
    wish.lifetime = std::chrono::hours{4};
    return auth::mint_session(*common_.settings.sessions, wish, common_.clock.wall_now(), "t")
        .value();
  }
  std::string request(std::size_t room) const {
    const std::size_t address = room % 1024;
    return "GET /api/expert/videocall/url?roomId=" + number("room-", room) +
           " HTTP/1.1\r\nHost: video.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) "
           "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n"
           "Accept: application/json\r\nAccept-Language: en-GB,en;q=0.9\r\n"
           "Accept-Encoding: gzip, deflate, br\r\nAuthorization: Bearer " +
           tokens_[room % tokens_.size()] + "\r\nX-Forwarded-For: 198.18." +
           std::to_string(address >> 8) + "." + std::to_string(address & 255) +
           "\r\nX-Forwarded-Proto: https\r\nConnection: keep-alive\r\n\r\n";
  }
  core::deadline soon() const {
    return core::deadline::after(common_.clock.steady_now(), std::chrono::minutes{2});
  }
  core::task<void> book_one(std::size_t room) {
    rooms::booking_draft draft;
    draft.room = *core::room_id::from(number("room-", room));
    draft.starts_at = common_.clock.wall_now() - std::chrono::minutes{1};
    draft.ends_at = draft.starts_at + std::chrono::hours{2};
    draft.participants = {{*core::user_id::from(number("user-", room % 500)), core::role::expert},
                          {*core::user_id::from(number("client-", room)), core::role::client}};
    const core::room_id name = draft.room;
    auto stored = co_await common_.store.put(std::move(draft), *core::provider_name::from("own"),
                                             common_.clock.wall_now(), soon());
    if (!stored) throw std::runtime_error(stored.error().detail);
    auto known = co_await shard_.bookings.find(name, common_.clock.steady_now(), soon());
    if (!known) throw std::runtime_error(known.error().detail);
    ++booked_;
  }
  void book(std::size_t rooms) {
    asio::io_context& context = common_.shards.at(0).context();
    const auto surprise = [](std::exception_ptr what) {
      if (what) std::rethrow_exception(what);
    };
    for (std::size_t room = 0; room < rooms;) {
      const std::size_t until = std::min(rooms, room + 500);
      for (; room < until; ++room) asio::co_spawn(context, book_one(room), surprise);
      while (booked_ < until) context.run_one();
    }
  }

  std::filesystem::path folder_;
  app::common_parts common_;
  no_neighbours neighbours_;
  app::shard_parts shard_;
  std::vector<std::string> tokens_;
  std::vector<std::string> requests_;
  std::vector<bench_stream*> streams_;
  std::vector<std::unique_ptr<http::conversation>> talks_;
  std::size_t booked_ = 0;
  std::size_t at_ = 0;
};

void warm_join(benchmark::State& state) {
  house at(static_cast<std::size_t>(state.range(0)));
  for (std::int64_t i = 0; i < state.range(0); ++i) at.join();
  for (auto _ : state) at.join();
  state.counters["bytes"] = static_cast<double>(at.answer_bytes());
}
BENCHMARK(warm_join)->Arg(64)->Arg(10'000);

}  // namespace

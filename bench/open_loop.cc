// Load at a constant rate: a request is due when it is due, whether or not earlier ones have been
// answered, and its latency counts from that instant (an open loop, without coordinated omission).
//
//   open_loop --port N [--seconds 10] [--timeout-ms 1000] FLOW [FLOW...]
//   FLOW: [--rate 1000] [--connections 64] [--queue N] FILE
//
// Options of a flow hold for the FILEs after them. FILE has one request a line, as join.lua reads
// it: room, session token, client address. A request that finds all connections busy waits in its
// flow's queue; where more than --queue wait (default: no limit) it is turned away unsent. What is
// not answered --timeout-ms after it was due is given up, and its connection is made anew. Prints
// one line of JSON per flow; "goodput" is answers with status 200 in time per second, latencies are
// microseconds, "from_sent" leaves out the wait in the queue.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <numeric>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

using nanoseconds = std::int64_t;

constexpr nanoseconds millisecond = 1'000'000;
constexpr nanoseconds second = 1'000 * millisecond;
// A sleeping thread wakes this late at worst on a machine that is not busy; from here on it waits
// awake, so that requests leave when they are due.
constexpr nanoseconds waking = 80'000;

nanoseconds now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "open_loop: %s\n", what.c_str());
  std::exit(1);
}

// Latencies to within 1/64, however long they are: 64 steps for each power of two.
class histogram {
 public:
  void add(nanoseconds value) {
    const auto one = static_cast<std::uint64_t>(std::max<nanoseconds>(value, 0));
    ++counts_[std::min(place_of(one), counts_.size() - 1)];
    ++count_;
    max_ = std::max(max_, one);
  }

  double microseconds_at(double part) const {
    const auto wanted = static_cast<std::uint64_t>(part * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t at = 0; at < counts_.size(); ++at) {
      seen += counts_[at];
      if (seen > wanted) return static_cast<double>(std::min(upper_end(at), max_)) / 1e3;
    }
    return max();
  }
  double max() const { return static_cast<double>(max_) / 1e3; }

 private:
  static constexpr unsigned step_bits = 6;
  static std::size_t place_of(std::uint64_t value) {
    if (value < (1u << step_bits)) return value;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - step_bits - 1;
    return (std::size_t{shift} << step_bits) + (value >> shift);
  }
  static std::uint64_t upper_end(std::size_t place) {
    if (place < (2u << step_bits)) return place;
    const std::uint64_t shift = (place >> step_bits) - 1;
    const std::uint64_t mantissa = place - (shift << step_bits);
    return ((mantissa + 1) << shift) - 1;
  }

  std::array<std::uint64_t, 2560> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

struct settings {
  std::uint16_t port = 0;
  nanoseconds duration = 10 * second;
  nanoseconds timeout = second;
};

// The part of an answer that has come: its status, and how much is still to come.
class answer_reader {
 public:
  enum class outcome { more, done, nonsense };

  outcome feed(std::string_view bytes) {
    if (missing_ > 0) {
      if (bytes.size() > missing_) return outcome::nonsense;
      missing_ -= bytes.size();
      return missing_ == 0 ? outcome::done : outcome::more;
    }
    // Nearly always the whole answer comes at once and nothing is copied.
    std::string_view all = bytes;
    if (!head_.empty()) {
      head_.append(bytes);
      all = head_;
    }
    const std::size_t end = all.find("\r\n\r\n");
    if (end == std::string_view::npos) {
      if (head_.empty()) head_.assign(bytes);
      return head_.size() > 65536 ? outcome::nonsense : outcome::more;
    }
    const std::string_view head = all.substr(0, end + 2);
    if (!head.starts_with("HTTP/1.1 ")) return outcome::nonsense;
    status_ = std::atoi(head.data() + 9);
    const std::size_t length = content_length(head);
    if (length == std::string_view::npos) return outcome::nonsense;
    closes_ = head.find("onnection: close\r\n") != std::string_view::npos;
    const std::size_t whole = end + 4 + length;
    if (all.size() > whole) return outcome::nonsense;
    missing_ = whole - all.size();
    head_.clear();
    return missing_ == 0 ? outcome::done : outcome::more;
  }

  int status() const { return status_; }
  bool closes() const { return closes_; }

 private:
  static std::size_t content_length(std::string_view head) {
    for (const std::string_view name : {"\r\nContent-Length: ", "\r\ncontent-length: "})
      if (const auto at = head.find(name); at != std::string_view::npos)
        return std::strtoul(head.data() + at + name.size(), nullptr, 10);
    return std::string_view::npos;
  }

  std::string head_;
  std::size_t missing_ = 0;
  int status_ = 0;
  bool closes_ = false;
};

struct connection {
  int socket = -1;
  bool busy = false;
  nanoseconds due = 0;
  nanoseconds sent = 0;
  std::uint64_t serial = 0;  // tells a request from later ones on the same connection
  answer_reader answer;
};

std::string request_of(const std::string& line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string::npos || first == last) fail("not \"room token address\": " + line);
  return "GET /api/expert/videocall/url?roomId=" + line.substr(0, first) +
         "&userName=Expert HTTP/1.1\r\nHost: 127.0.0.1\r\n"
         "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0\r\n"
         "Accept: application/json\r\nAccept-Language: en-US,en;q=0.5\r\n"
         "Accept-Encoding: gzip, deflate, br\r\nAuthorization: Bearer " +
         line.substr(first + 1, last - first - 1) +
         "\r\nX-Forwarded-For: " + line.substr(last + 1) +
         "\r\nX-Forwarded-Proto: https\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\n"
         "Sec-Fetch-Site: same-origin\r\n\r\n";
}

class flow {
 public:
  flow(const settings& all, double rate, std::size_t connections, std::uint64_t queue,
       const char* file)
      : all_(all), rate_(rate), queue_(queue), connections_(connections) {
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) requests_.push_back(request_of(line));
    if (requests_.empty()) fail(std::string("no requests in ") + file);
    // An order without pattern that comes to each request equally often.
    stride_ = std::max<std::size_t>(
        static_cast<std::size_t>(0.618 * static_cast<double>(requests_.size())), 1);
    while (std::gcd(stride_, requests_.size()) > 1) ++stride_;
  }

  void open(int poller, std::uint32_t number) {
    poller_ = poller;
    number_ = number;
    for (std::size_t at = 0; at < connections_.size(); ++at) {
      connect(at);
      free_.push_back(at);
    }
  }

  // All requests of the flow, the first of them half a period after `start`.
  void schedule(nanoseconds start) {
    start_ = start + static_cast<nanoseconds>(0.5e9 / rate_);
    in_all_ = static_cast<std::uint64_t>(rate_ * static_cast<double>(all_.duration) / 1e9);
  }

  nanoseconds next_due() const { return scheduled_ < in_all_ ? due(scheduled_) : INT64_MAX; }
  bool finished(nanoseconds time) {
    if (scheduled_ != in_all_ || !waiting_.empty() || busy_ != 0) return false;
    if (ended_ == 0) ended_ = time;
    return true;
  }

  // Sends what is due and can be sent.
  void send_due(nanoseconds time) {
    for (; scheduled_ < in_all_ && due(scheduled_) <= time; ++scheduled_) {
      if (free_.empty() && waiting_.size() >= queue_)
        ++turned_away_;
      else
        waiting_.push_back(due(scheduled_));
      send_waiting(time);
    }
  }

  void receive(std::size_t at) {
    connection& one = connections_[at];
    std::array<char, 16384> buffer;
    const auto got = ::recv(one.socket, buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    const bool was_busy = one.busy;
    const auto outcome = got <= 0 || !was_busy
                             ? answer_reader::outcome::nonsense
                             : one.answer.feed({buffer.data(), static_cast<std::size_t>(got)});
    if (outcome == answer_reader::outcome::more) return;
    const nanoseconds time = now();
    if (outcome == answer_reader::outcome::done) {
      ++statuses_[one.answer.status()];
      if (time > one.due + all_.timeout) {
        ++late_;  // whoever asked is gone
      } else if (one.answer.status() == 200) {
        ++good_;
        latencies_.add(time - one.due);
        on_the_wire_.add(time - one.sent);
      } else {
        refusals_.add(time - one.due);
      }
      if (one.answer.closes()) connect(at);
    } else {
      errors_ += was_busy;
      connect(at);
    }
    if (!was_busy) return;
    release(at);
    send_waiting(time);
  }

  // Gives up what has been waiting too long. Requests are sent in the order in which they are due,
  // so the oldest in flight is the first in line.
  void give_up(nanoseconds time) {
    for (; !waiting_.empty() && waiting_.front() + all_.timeout <= time; waiting_.pop_front())
      ++unsent_;
    while (!in_flight_.empty()) {
      const auto [at, serial] = in_flight_.front();
      connection& one = connections_[at];
      const bool over = !one.busy || one.serial != serial;
      if (!over && one.due + all_.timeout > time) break;
      in_flight_.pop_front();
      if (over) continue;
      ++timeouts_;
      connect(at);
      release(at);
      send_waiting(time);
    }
  }

  void print() const {
    std::string by_status;
    std::uint64_t answered = 0;
    for (const auto& [status, count] : statuses_) {
      by_status += (by_status.empty() ? "\"" : ",\"") + std::to_string(status) +
                   "\":" + std::to_string(count);
      answered += count;
    }
    const nanoseconds took = ended_ - start_;
    const double seconds = static_cast<double>(std::max(took, all_.duration)) / 1e9;
    std::printf(
        "{\"rate\":%.1f,\"due\":%llu,\"sent\":%llu,\"answered\":%llu,\"by_status\":"
        "{%s},"
        "\"errors\":%llu,\"timeouts\":%llu,\"unsent\":%llu,\"turned_away\":%llu,\"seconds\":%.3f,"
        "\"goodput\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f,"
        "\"from_sent\":{\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f},"
        "\"refused\":{\"p50\":%.1f,\"p99\":%.1f}}\n",
        rate_, ull(in_all_), ull(sent_), ull(answered), by_status.c_str(), ull(errors_),
        ull(timeouts_ + late_), ull(unsent_), ull(turned_away_), seconds,
        static_cast<double>(good_) / seconds, latencies_.microseconds_at(0.5),
        latencies_.microseconds_at(0.9), latencies_.microseconds_at(0.99),
        latencies_.microseconds_at(0.999), latencies_.max(), on_the_wire_.microseconds_at(0.5),
        on_the_wire_.microseconds_at(0.99), on_the_wire_.microseconds_at(0.999),
        refusals_.microseconds_at(0.5), refusals_.microseconds_at(0.99));
  }

 private:
  static unsigned long long ull(std::uint64_t value) { return value; }

  nanoseconds due(std::uint64_t number) const {
    return start_ + static_cast<nanoseconds>(static_cast<double>(number) * 1e9 / rate_);
  }

  void send_waiting(nanoseconds time) {
    while (!waiting_.empty() && !free_.empty()) {
      const nanoseconds wanted = waiting_.front();
      waiting_.pop_front();
      if (wanted + all_.timeout <= time) {
        ++unsent_;
        continue;
      }
      const std::size_t at = free_.front();
      free_.pop_front();
      connection& one = connections_[at];
      position_ = (position_ + stride_) % requests_.size();
      const std::string& request = requests_[position_];
      one.due = wanted;
      one.sent = now();
      one.busy = true;
      one.answer = {};
      ++one.serial;
      ++busy_;
      ++sent_;
      in_flight_.emplace_back(at, one.serial);
      const auto gone = ::send(one.socket, request.data(), request.size(), MSG_NOSIGNAL);
      if (gone == static_cast<ssize_t>(request.size())) continue;
      // A request fits into any socket's buffer: this is one that the server has closed.
      ++errors_;
      connect(at);
      release(at);
    }
  }

  void release(std::size_t at) {
    connections_[at].busy = false;
    --busy_;
    free_.push_back(at);
  }

  // On loopback a connection is there at once, or the server's backlog is full and nothing helps.
  void connect(std::size_t at) {
    connection& one = connections_[at];
    if (one.socket >= 0) ::close(one.socket);
    one.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (one.socket < 0) fail(std::string("socket: ") + std::strerror(errno));
    const int on = 1;
    ::setsockopt(one.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // What is given up leaves no port behind.
    const linger at_once{1, 0};
    ::setsockopt(one.socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    const timeval patience{5, 0};
    ::setsockopt(one.socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(all_.port);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(one.socket, reinterpret_cast<sockaddr*>(&server), sizeof server) != 0)
      fail(std::string("connect: ") + std::strerror(errno));
    ::fcntl(one.socket, F_SETFL, O_NONBLOCK);
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.u64 = std::uint64_t{number_} << 32 | at;
    ::epoll_ctl(poller_, EPOLL_CTL_ADD, one.socket, &wanted);
  }

  const settings& all_;
  double rate_;
  std::uint64_t queue_;
  int poller_ = -1;
  std::uint32_t number_ = 0;
  std::vector<std::string> requests_;
  std::size_t stride_ = 1;
  std::size_t position_ = 0;
  std::vector<connection> connections_;
  std::deque<std::size_t> free_;
  std::deque<std::pair<std::size_t, std::uint64_t>> in_flight_;
  std::deque<nanoseconds> waiting_;  // when they were due
  std::size_t busy_ = 0;
  nanoseconds start_ = 0;
  nanoseconds ended_ = 0;  // when its last request was answered or given up
  std::uint64_t in_all_ = 0;
  std::uint64_t scheduled_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t errors_ = 0;
  std::uint64_t timeouts_ = 0;
  std::uint64_t late_ = 0;
  std::uint64_t good_ = 0;
  std::uint64_t unsent_ = 0;
  std::uint64_t turned_away_ = 0;
  std::unordered_map<int, std::uint64_t> statuses_;
  histogram latencies_;
  histogram on_the_wire_;
  histogram refusals_;
};

class load {
 public:
  load(std::vector<flow>& flows) : flows_(flows), poller_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t at = 0; at < flows_.size(); ++at)
      flows_[at].open(poller_, static_cast<std::uint32_t>(at));
  }

  void run() {
    const nanoseconds start = now() + 10 * millisecond;
    for (flow& one : flows_) one.schedule(start);
    nanoseconds last_look = start;
    std::array<epoll_event, 256> events;
    for (;;) {
      const nanoseconds time = now();
      nanoseconds next = INT64_MAX;
      bool finished = true;
      for (flow& one : flows_) {
        one.send_due(time);
        next = std::min(next, one.next_due());
        finished = one.finished(time) && finished;
      }
      if (finished) break;
      if (time - last_look > millisecond) {
        for (flow& one : flows_) one.give_up(time);
        last_look = time;
      }
      const nanoseconds sleep = std::clamp<nanoseconds>(next - now() - waking, 0, millisecond);
      const timespec until{0, static_cast<long>(sleep)};
      const int ready =
          ::epoll_pwait2(poller_, events.data(), static_cast<int>(events.size()), &until, nullptr);
      for (int i = 0; i < ready; ++i) {
        const std::uint64_t which = events[static_cast<std::size_t>(i)].data.u64;
        flows_[which >> 32].receive(which & 0xffffffff);
      }
    }
    for (const flow& one : flows_) one.print();
  }

 private:
  std::vector<flow>& flows_;
  int poller_;
};

void allow_many_files() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

double number_of(const char* name, const char* text) {
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (*text == '\0' || *end != '\0' || !(value >= 0))
    fail(std::string(name) + " wants a number, not " + text);
  return value;
}

}  // namespace

int main(int count, char** arguments) {
  allow_many_files();
  ::prctl(PR_SET_TIMERSLACK, 1UL);  // the kernel would wake us 50 us late
  settings all;
  double rate = 1000;
  double connections = 64;
  auto queue = ~std::uint64_t{0};
  std::vector<flow> flows;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = arguments[i];
    if (!word.starts_with("--")) {
      if (rate <= 0 || connections < 1) fail("a flow needs a rate and connections");
      flows.emplace_back(all, rate, static_cast<std::size_t>(connections), queue, arguments[i]);
      continue;
    }
    if (++i == count) fail(std::string(word) + " wants a value");
    const double value = number_of(arguments[i - 1], arguments[i]);
    if (word == "--port")
      all.port = static_cast<std::uint16_t>(value);
    else if (word == "--seconds")
      all.duration = static_cast<nanoseconds>(value * 1e9);
    else if (word == "--timeout-ms")
      all.timeout = static_cast<nanoseconds>(value * 1e6);
    else if (word == "--rate")
      rate = value;
    else if (word == "--connections")
      connections = value;
    else if (word == "--queue")
      queue = static_cast<std::uint64_t>(value);
    else
      fail("unknown option " + std::string(word));
  }
  if (all.port == 0 || flows.empty())
    fail(
        "usage: open_loop --port N [--seconds S] [--timeout-ms T] [--rate R] [--connections C] "
        "[--queue Q] FILE...");
  load(flows).run();
}

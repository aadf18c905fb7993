// The log: what a line looks like, that nobody can forge one, and that a slow reader costs lines,
// never time.
#include "core/log.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/json.hpp"
#include "core/log_writer.hpp"
#include "support/fakes.hpp"

BOOST_AUTO_TEST_SUITE(log_lines)

namespace {

using namespace std::chrono_literals;

struct scratch_folder {
  std::filesystem::path path;
  scratch_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "log_test_XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~scratch_folder() { std::filesystem::remove_all(path); }
  std::string file(const char* name) const { return (path / name).string(); }
};

std::vector<std::string> lines_of(const std::string& file) {
  std::ifstream in(file);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

// A named pipe that is read only when somebody asks: a log collector that has stopped.
struct lazy_reader {
  explicit lazy_reader(const std::string& name) {
    BOOST_REQUIRE(::mkfifo(name.c_str(), 0600) == 0);
    descriptor = ::open(name.c_str(), O_RDONLY | O_NONBLOCK);
    BOOST_REQUIRE(descriptor >= 0);
    ::fcntl(descriptor, F_SETFL, 0);
  }
  ~lazy_reader() { ::close(descriptor); }
  std::string read_until_the_end() const {
    std::string out;
    std::vector<char> piece(65536);
    for (;;) {
      const auto got = ::read(descriptor, piece.data(), piece.size());
      if (got <= 0) return out;
      out.append(piece.data(), static_cast<std::size_t>(got));
    }
  }
  int descriptor = -1;
};

std::string line_of(core::log_format format, core::logger::fields with) {
  std::string out;
  const auto at = core::wall_time(std::chrono::seconds(1'795'342'500)) + 123ms;
  core::format_log_line(out, format, at, core::log_level::warn, "something",
                        std::span(with.begin(), with.size()));
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_json_line_is_json_whatever_is_in_its_fields) {
  const std::string line = line_of(
      core::log_format::json,
      {{"text", "a\"b\nc\x01"}, {"bytes", "\xff"}, {"number", -7}, {"real", 0.5}, {"flag", true}});
  BOOST_TEST(line ==
             "{\"time\":\"2026-11-22T10:15:00.123Z\",\"level\":\"warn\",\"event\":\"something\","
             "\"text\":\"a\\\"b\\nc\\u0001\",\"bytes\":\"\xef\xbf\xbd\",\"number\":-7,\"real\":0.5,"
             "\"flag\":true}");
  BOOST_TEST(core::read_json(line).has_value());
}

BOOST_AUTO_TEST_CASE(a_text_line_cannot_be_forged_through_a_field) {
  BOOST_TEST(line_of(core::log_format::text,
                     {{"plain", "word"}, {"empty", ""}, {"forged", "x\n2026 error owned a=b"}}) ==
             "2026-11-22T10:15:00.123Z warn something plain=word empty=\"\" "
             "forged=\"x\\n2026 error owned a=b\"");
}

BOOST_AUTO_TEST_CASE(a_line_is_shown_as_it_is_written) {
  // CSI, NEL, a line separator, a change of direction, a byte-order mark; and what is just letters.
  const std::string name =
      "a\xc2\x9b"
      "2J\xc2\x85\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6\xd8\x9c\xef\xbb\xbf\xc3\xa9\xe2\x82\xac\xf0"
      "\x9f\x98\x80";
  const std::string shown =
      "\"a\\u009b2J\\u0085\\u2028\\u202e\\u2066\\u061c\\ufeff\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"
      "\"";
  BOOST_TEST(line_of(core::log_format::text, {{"user", name}}).ends_with("user=" + shown));
  const std::string line = line_of(core::log_format::json, {{"user", name}});
  BOOST_TEST(line.ends_with("\"user\":" + shown + "}"));
  BOOST_TEST(*core::read_json(line)->find_string("user") == name);
}

BOOST_AUTO_TEST_CASE(what_was_said_is_in_the_file_when_the_logger_has_gone) {
  const scratch_folder folder;
  const tests::fake_clock clock;
  core::log_settings settings;
  settings.file = folder.file("log");
  {
    const auto log = core::make_logger(settings, clock);
    for (int i = 0; i < 1000; ++i) log->info("counted", {{"i", i}});
    log->debug("not_wanted");
  }
  const auto lines = lines_of(settings.file);
  BOOST_REQUIRE(lines.size() == 1000u);
  BOOST_TEST(lines.front().ends_with("\"i\":0}"));
  BOOST_TEST(lines.back().ends_with("\"i\":999}"));
}

BOOST_AUTO_TEST_CASE(no_line_is_torn_and_none_is_missing_when_many_threads_speak) {
  const scratch_folder folder;
  constexpr int threads = 4, each = 5000;
  {
    core::log_writer log({.file = folder.file("log"), .lane_bytes_max = 64 << 20});
    std::vector<std::jthread> speakers;
    for (int t = 0; t < threads; ++t)
      speakers.emplace_back([&log, t] {
        core::use_metric_lane(static_cast<std::size_t>(t) % 3);  // two of them share one
        for (int i = 0; i < each; ++i)
          log.line(i % 500 == 0, [&](std::string& out) {
            out += std::to_string(t) + ':' + std::to_string(i) + ":end";
          });
      });
    speakers.clear();
    BOOST_TEST(log.lost() == 0u);
  }
  std::vector<int> next(threads, 0);
  for (const std::string& line : lines_of(folder.file("log"))) {
    int thread = -1, i = -1, used = 0;
    BOOST_REQUIRE(std::sscanf(line.c_str(), "%d:%d:end%n", &thread, &i, &used) == 2);
    BOOST_REQUIRE(static_cast<std::size_t>(used) == line.size());
    BOOST_REQUIRE(next.at(static_cast<std::size_t>(thread))++ == i);
  }
  for (const int count : next) BOOST_TEST(count == each);
}

BOOST_AUTO_TEST_CASE(a_flush_hands_on_what_was_said_before_it) {
  const scratch_folder folder;
  core::log_writer log({.file = folder.file("log"), .gather = 1h});
  log.line(false, [](std::string& out) { out += "one"; });
  BOOST_REQUIRE(log.flush(10s));
  BOOST_TEST(lines_of(folder.file("log")) == std::vector<std::string>{"one"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_urgent_line_does_not_wait_for_others) {
  const scratch_folder folder;
  const lazy_reader reader(folder.file("pipe"));
  core::log_writer log({.file = folder.file("pipe"), .gather = 1h});
  log.line(true, [](std::string& out) { out += "fire"; });
  std::array<char, 5> got{};
  BOOST_REQUIRE(::read(reader.descriptor, got.data(), got.size()) == 5);  // else this hangs
  BOOST_TEST(std::string_view(got.data(), got.size()) == "fire\n");
}

BOOST_AUTO_TEST_CASE(a_reader_that_does_not_read_costs_lines_but_neither_time_nor_memory) {
  const scratch_folder folder;
  const lazy_reader reader(folder.file("pipe"));
  constexpr std::uint64_t said = 100'000;
  std::uint64_t lost = 0;
  {
    core::log_writer log(
        {.file = folder.file("pipe"), .lane_bytes_max = 64 << 10, .gather = 1ms, .end_wait = 1ms});
    for (std::uint64_t i = 0; i < said; ++i)
      log.line(false, [](std::string& out) { out += "0123456789012345678901234567890"; });
    lost = log.lost();
    // The reserve is for what matters.
    log.line(true, [](std::string& out) { out += "fire"; });
    BOOST_TEST(log.lost() == lost);
    BOOST_TEST(!log.flush(1ms));
  }
  // The pipe, a batch and a lane hold some thousand lines; the rest has nowhere to be.
  BOOST_TEST(lost > said / 2);
  const std::string all = reader.read_until_the_end();  // ends when the writing thread has ended
  BOOST_TEST(static_cast<std::uint64_t>(std::ranges::count(all, '\n')) == said - lost + 1);
  BOOST_TEST(all.ends_with("\nfire\n"));
}

BOOST_AUTO_TEST_CASE(the_log_itself_tells_of_lost_lines) {
  const scratch_folder folder;
  {
    core::log_writer log({.file = folder.file("log"),
                          .lane_bytes_max = 16,
                          .gather = 1h,
                          .tell_lost = [](std::string& out, std::uint64_t count) {
                            out += "lost " + std::to_string(count);
                          }});
    for (int i = 0; i < 5; ++i) log.line(false, [](std::string& out) { out += "123456789"; });
    BOOST_TEST(log.lost() == 4u);
  }
  BOOST_TEST(lines_of(folder.file("log")) == (std::vector<std::string>{"123456789", "lost 4"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(lines_that_cannot_be_written_count_as_lost) {
  core::log_writer log({.file = "/dev/full"});
  log.line(false, [](std::string& out) { out += "one"; });
  log.line(false, [](std::string& out) { out += "two"; });
  BOOST_REQUIRE(log.flush(10s));
  BOOST_TEST(log.lost() == 2u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_is_told_whole_and_once_there_is_room_again) {
  const scratch_folder folder;
  const std::string name = folder.file("log");
  std::filesystem::create_symlink("/dev/full", name);
  std::vector<std::uint64_t> told;
  core::log_writer log({.file = name, .tell_lost = [&](std::string& out, std::uint64_t count) {
                          told.push_back(count);
                          out += "lost " + std::to_string(count);
                        }});
  for (int i = 0; i < 3; ++i) {
    log.line(false, [](std::string& out) { out += "gone"; });
    BOOST_REQUIRE(log.flush(10s));
  }
  BOOST_TEST(log.lost() == 3u);
  BOOST_TEST(told == (std::vector<std::uint64_t>{1, 2, 3}), boost::test_tools::per_element());
  std::filesystem::remove(name);
  BOOST_REQUIRE(log.reopen());
  BOOST_REQUIRE(log.flush(10s));
  log.line(false, [](std::string& out) { out += "there"; });
  BOOST_REQUIRE(log.flush(10s));
  BOOST_TEST(lines_of(name) == (std::vector<std::string>{"lost 3", "there"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_line_that_was_cut_by_a_full_disk_takes_no_other_along) {
  const scratch_folder folder;
  const std::string name = folder.file("log");
  // A limit on files' size does what a full disk does: first less is written, then nothing.
  constexpr rlim_t most = 1 << 20;
  {
    std::ofstream(name) << std::string(most - 11, '-') << '\n';
  }
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  core::log_writer log({.file = name});
  const auto say = [&](std::string_view text) {
    log.line(false, [&](std::string& out) { out += text; });
    BOOST_REQUIRE(log.flush(10s));
  };
  const rlimit small{most, before.rlim_max};
  BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  say("abc");
  say("cut in the middle");
  say("gone");
  BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  BOOST_TEST(log.lost() == 2u);
  say("whole");
  const auto lines = lines_of(name);
  BOOST_REQUIRE(lines.size() == 4u);
  BOOST_TEST(lines[1] == "abc");
  BOOST_TEST(lines[2] == "cut in");
  BOOST_TEST(lines[3] == "whole");
  std::signal(SIGXFSZ, SIG_DFL);
}

BOOST_AUTO_TEST_CASE(after_a_rotation_the_file_is_opened_again) {
  const scratch_folder folder;
  const std::string name = folder.file("log");
  core::log_writer log({.file = name});
  log.line(false, [](std::string& out) { out += "before"; });
  BOOST_REQUIRE(log.flush(10s));
  std::filesystem::rename(name, name + ".1");
  BOOST_TEST(log.reopen());
  log.line(false, [](std::string& out) { out += "after"; });
  BOOST_REQUIRE(log.flush(10s));
  BOOST_TEST(lines_of(name + ".1").at(0) == "before");
  BOOST_TEST(lines_of(name).at(0) == "after");

  std::filesystem::rename(name, name + ".2");
  std::filesystem::create_directory(name);
  BOOST_TEST(!log.reopen());
  log.line(false, [](std::string& out) { out += "still there"; });
  BOOST_REQUIRE(log.flush(10s));
  BOOST_TEST(lines_of(name + ".2").at(1) == "still there");
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_opened_stops_the_start) {
  const tests::fake_clock clock;
  core::log_settings settings;
  settings.file = "/proc/no/such/file";
  BOOST_CHECK_THROW(core::make_logger(settings, clock), std::system_error);
}

BOOST_AUTO_TEST_SUITE_END()

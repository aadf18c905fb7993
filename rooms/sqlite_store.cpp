// sqlite_store: threads that write, read and watch, and coroutines that wait for them.
#include "rooms/sqlite_store.hpp"

#include <asio/post.hpp>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <utility>

#include "core/blocking.hpp"
#include "rooms/changes.hpp"
#include "rooms/error.hpp"
#include "rooms/metrics.hpp"
#include "rooms/sqlite_leases.hpp"
#include "rooms/sqlite_news.hpp"
#include "rooms/sqlite_rows.hpp"
#include "rooms/sqlite_schema.hpp"
#include "rooms/sqlite_writer.hpp"

namespace rooms {
namespace {

using sqlite::connection;

template <class T>
using work = std::function<core::result<T>(connection&)>;

// A write and the coroutine that waits for it. The coroutine may leave first; the write then goes
// on alone.
template <class T>
class waited_write final : public sqlite::write_job {
 public:
  waited_write(core::deadline until, core::executor on, work<T> what)
      : write_job(until), ready(on), on_(on), work_(std::move(what)) {}

  void run(connection& db) override { value = work_(db); }
  void done() override { answer(); }
  void failed(core::failure why) override {
    value = core::fail(std::move(why));
    answer();
  }

  core::notice ready;
  core::result<T> value = core::fail(errc::store_unavailable, "no answer");

 private:
  void answer() {
    // The notice belongs to the shard.
    asio::post(on_, [self = shared_from_this(), this] { ready.give(); });
  }

  core::executor on_;
  work<T> work_;
};

// One question at a time is the rule; more than these would all get the same answer.
constexpr std::size_t watcher_queue_max = 8;

core::failure unavailable(std::string detail) {
  return core::failure(make_error_code(errc::store_unavailable), std::move(detail));
}

void count(store_numbers* numbers, const core::failure* failed, core::steady_time began,
           bool is_write) {
  if (!numbers) return;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  (is_write ? numbers->write_seconds : numbers->read_seconds).observe(took.count());
  if (failed && failed->code == errc::store_unavailable) numbers->failures.add();
}

// Of pages that the watch reads: the end of one list.
constexpr std::int64_t watch_cache_kib = 128;

std::unique_ptr<connection> opened(const sqlite_settings& settings, bool writes,
                                   std::optional<std::int64_t> cache_kib = std::nullopt) {
  sqlite::connection_settings wanted;
  wanted.cache_kib = cache_kib.value_or(wanted.cache_kib);
  wanted.path = settings.path;
  wanted.writes = writes;
  wanted.busy_timeout = settings.busy_timeout;
  wanted.pages_max = settings.pages_max;
  return std::make_unique<connection>(std::move(wanted));
}

void demand(const std::string& mistake) {
  if (!mistake.empty()) throw std::runtime_error(mistake);
}

}  // namespace

sqlite_settings read_sqlite_settings(core::options& from) {
  using namespace std::chrono_literals;
  sqlite_settings read;
  read.path = from.text("path", read.path);
  if (read.path.empty()) from.note("path", "must not be empty");
  read.busy_timeout = from.duration("busy_timeout", read.busy_timeout, 0ms, 60s);
  read.queue_max = static_cast<std::size_t>(
      from.integer("queue_max", static_cast<std::int64_t>(read.queue_max), 1, 1'000'000));
  return read;
}

struct sqlite_store::inside {
  inside(const sqlite_settings& settings, core::logger& log, core::metrics_page* metrics) {
    const auto use = settings.look_only ? sqlite::file_use::look : sqlite::file_use::serve;
    demand(sqlite::prepare_file(settings.path, use));
    auto write_connection = opened(settings, !settings.look_only);
    demand(sqlite::migrate(*write_connection, settings.path, use));
    if (metrics) numbers.emplace(*metrics);
    writer = std::make_unique<sqlite::writer>(std::move(write_connection), settings.queue_max, log);
    // A database in memory is its connection's own: there, reads take turns with the writes.
    if (settings.path == ":memory:") return;
    read_connection = opened(settings, false);
    reader = std::make_unique<core::blocking_thread>("store-read", settings.queue_max);
    if (settings.look_only) return;
    news = std::make_unique<sqlite::news_reader>(opened(settings, false, watch_cache_kib), own);
    watcher = std::make_unique<core::blocking_thread>("store-watch", watcher_queue_max);
  }

  store_numbers* counted() { return numbers ? &*numbers : nullptr; }

  // On the reading thread.
  template <class T>
  core::result<T> read_now(const work<T>& what, core::deadline until) {
    connection& db = read_connection ? *read_connection : writer->on();
    if (until.passed(std::chrono::steady_clock::now()))
      return core::fail(unavailable("the deadline passed before the read began"));
    if (!db.ready()) return core::fail(db.take_trouble());
    db.stop_at(until.at());
    core::result<T> answer = what(db);
    db.stop_at(std::nullopt);
    if (!db.good()) return core::fail(db.take_trouble());
    return answer;
  }

  // What the rest of the process is told of a thread that had no time.
  template <class T>
  static void name_trouble(core::result<T>& answer) {
    if (answer ||
        answer.error().code.category() != core::make_error_code(core::errc::internal).category())
      return;
    answer = core::fail(unavailable(answer.error().detail));
  }

  template <class T>
  core::task<core::result<T>> read(work<T> what, core::deadline until) {
    const auto began = std::chrono::steady_clock::now();
    if (until.passed(began))
      co_return core::fail(unavailable("the deadline passed before the read began"));
    core::blocking_thread& thread = reader ? *reader : writer->thread();
    auto call = [this, what = std::move(what), until] { return read_now<T>(what, until); };
    auto answer = co_await thread.run(std::move(call), until);
    name_trouble(answer);
    count(counted(), answer ? nullptr : &answer.error(), began, false);
    co_return answer;
  }

  template <class T>
  core::task<core::result<T>> write(work<T> what, core::deadline until) {
    const auto began = std::chrono::steady_clock::now();
    if (until.passed(began))
      co_return core::fail(unavailable("the deadline passed before the write began"));
    const core::executor here = co_await asio::this_coro::executor;
    auto job = std::make_shared<waited_write<T>>(until, here, std::move(what));
    core::result<T> answer = core::fail(errc::store_unavailable, "too many writes wait");
    if (writer->submit(job)) {
      const bool ready = co_await job->ready.wait(until);
      if (ready) {
        answer = std::move(job->value);
        own.add(job->made);
      } else {
        answer = core::fail(unavailable("the deadline passed: the write may have been made"));
      }
    }
    count(counted(), answer ? nullptr : &answer.error(), began, true);
    co_return answer;
  }

  std::optional<store_numbers> numbers;
  sqlite::own_news own;
  std::unique_ptr<connection> read_connection;
  std::unique_ptr<sqlite::writer> writer;
  std::unique_ptr<sqlite::news_reader> news;      // none where no other process can write
  std::unique_ptr<core::blocking_thread> reader;  // ends before what it uses
  std::unique_ptr<core::blocking_thread> watcher;
};

sqlite_store::sqlite_store(sqlite_settings settings, core::logger& log, core::metrics_page* metrics)
    : inside_(std::make_unique<inside>(settings, log, metrics)) {}
sqlite_store::~sqlite_store() = default;

namespace {

// What every change has in common: look, decide, keep.
template <class Decide>
core::result<change> apply(connection& db, const core::room_id& room, Decide decide) {
  const auto found = sqlite::find(db, room);
  const booking* before = found ? &*found : nullptr;
  // Without an answer "there is none" would be a guess.
  if (!db.good()) return core::fail(unavailable("the booking could not be read"));
  auto made = decide(before);
  if (made) sqlite::keep(db, before, *made);
  return made;
}

}  // namespace

core::task<core::result<put_outcome>> sqlite_store::put(booking_draft draft,
                                                        core::provider_name fallback,
                                                        core::wall_time now, core::deadline until) {
  work<put_outcome> what = [draft = std::move(draft), fallback = std::move(fallback),
                            now](connection& db) -> core::result<put_outcome> {
    auto made = apply(db, draft.room, [&](const booking* before) {
      return change_by_put(before, draft, fallback, now);
    });
    if (!made) return core::same_failure(made);
    return put_outcome{std::move(made->after), made->created, made->changed};
  };
  return inside_->write<put_outcome>(std::move(what), until);
}

core::task<core::result<std::optional<booking>>> sqlite_store::find(core::room_id room,
                                                                    core::deadline until) {
  work<std::optional<booking>> what = [room = std::move(room)](connection& db) {
    return core::result<std::optional<booking>>(sqlite::find(db, room));
  };
  return inside_->read<std::optional<booking>>(std::move(what), until);
}

core::task<core::result<booking_page>> sqlite_store::list(booking_query query,
                                                          core::deadline until) {
  work<booking_page> what = [query = std::move(query)](connection& db) {
    return sqlite::list(db, query);
  };
  return inside_->read<booking_page>(std::move(what), until);
}

core::task<core::result<booking>> sqlite_store::close(core::room_id room, booking_state to,
                                                      core::wall_time now, core::deadline until) {
  work<booking> what = [room = std::move(room), to, now](connection& db) -> core::result<booking> {
    auto made =
        apply(db, room, [&](const booking* before) { return change_by_close(before, to, now); });
    if (!made) return core::same_failure(made);
    if (made->changed && made->after.provider_room.empty())
      sqlite::note_interrupted(db, made->after, now);
    return std::move(made->after);
  };
  return inside_->write<booking>(std::move(what), until);
}

core::task<core::result<booking>> sqlite_store::remember_room(room_made room, core::wall_time now,
                                                              core::deadline until) {
  work<booking> what = [room = std::move(room), now](connection& db) -> core::result<booking> {
    auto made = apply(db, room.told->room,
                      [&](const booking* before) { return change_by_room(before, room, now); });
    if (!made) return core::same_failure(made);
    sqlite::forget_interrupted(db, room.told->room, room.told->generation);
    return std::move(made->after);
  };
  return inside_->write<booking>(std::move(what), until);
}

core::task<core::result<bool>> sqlite_store::forget_room(booking_ptr known, core::wall_time now,
                                                         core::deadline until) {
  work<bool> what = [known = std::move(known), now](connection& db) -> core::result<bool> {
    auto made = apply(db, known->room, [&](const booking* before) -> core::result<change> {
      return change_by_loss(before, *known, now);
    });
    if (!made) return core::same_failure(made);
    return made->changed;
  };
  return inside_->write<bool>(std::move(what), until);
}

core::task<core::result<std::vector<booking>>> sqlite_store::to_prepare(rooms_due which,
                                                                        core::deadline until) {
  work<std::vector<booking>> what = [which = std::move(which)](connection& db) {
    return core::result<std::vector<booking>>(sqlite::to_prepare(db, which));
  };
  return inside_->read<std::vector<booking>>(std::move(what), until);
}

core::task<core::result<bool>> sqlite_store::prepare_later(core::room_id room,
                                                           std::uint32_t generation, bool failed,
                                                           core::wall_time not_before,
                                                           core::deadline until) {
  work<bool> what = [=](connection& db) -> core::result<bool> {
    bool waits = false;
    auto made = apply(db, room, [&](const booking* before) -> core::result<change> {
      waits =
          before && before->generation == generation && before->state == booking_state::scheduled;
      return waits ? change_by_waiting(*before, failed, not_before) : change{};
    });
    if (!made) return core::same_failure(made);
    return waits;
  };
  return inside_->write<bool>(std::move(what), until);
}

core::task<core::result<report_outcome>> sqlite_store::report_call(call_report report,
                                                                   core::wall_time now,
                                                                   core::deadline until) {
  work<report_outcome> what = [report = std::move(report),
                               now](connection& db) -> core::result<report_outcome> {
    const auto before = sqlite::find_reported(db, report);
    if (!db.good()) return core::fail(unavailable("the booking could not be read"));
    if (!before) return report_outcome{};
    auto made = change_by_report(*before, report, now);
    sqlite::keep(db, &*before, made);
    return report_outcome{std::move(made.after), made.changed};
  };
  return inside_->write<report_outcome>(std::move(what), until);
}

core::task<core::result<std::vector<booking>>> sqlite_store::end_overdue(
    core::wall_time ended_before, core::wall_time live_before, core::wall_time now,
    std::size_t limit, core::deadline until) {
  work<std::vector<booking>> what = [=](connection& db) -> core::result<std::vector<booking>> {
    std::vector<booking> out;
    for (const booking& one : sqlite::overdue(db, ended_before, live_before, limit)) {
      auto made = change_by_close(&one, booking_state::ended, now);
      if (!made) return core::same_failure(made);
      sqlite::keep(db, &one, *made);
      out.push_back(std::move(made->after));
    }
    return out;
  };
  return inside_->write<std::vector<booking>>(std::move(what), until);
}

core::task<core::result<std::vector<room_closing>>> sqlite_store::due_closings(
    core::wall_time now, std::size_t limit, core::deadline until) {
  work<std::vector<room_closing>> what = [=](connection& db) {
    return core::result<std::vector<room_closing>>(sqlite::due_closings(db, now, limit));
  };
  return inside_->read<std::vector<room_closing>>(std::move(what), until);
}

core::task<core::result<std::optional<room_closing>>> sqlite_store::find_closing(
    room_closing which, core::deadline until) {
  work<std::optional<room_closing>> what = [which = std::move(which)](connection& db) {
    return core::result<std::optional<room_closing>>(sqlite::find_closing(db, which));
  };
  return inside_->read<std::optional<room_closing>>(std::move(what), until);
}

core::task<core::result<bool>> sqlite_store::revoke(core::revocation what, core::wall_time now,
                                                    core::wall_time forget_before,
                                                    core::deadline until) {
  work<bool> write = [what = std::move(what), now, forget_before](connection& db) {
    sqlite::revoke(db, what, now);
    sqlite::forget_revocations(db, forget_before);
    return core::result<bool>(true);
  };
  return inside_->write<bool>(std::move(write), until);
}

core::task<core::result<std::vector<core::revocation>>> sqlite_store::revocations(
    core::wall_time since, core::deadline until) {
  work<std::vector<core::revocation>> what = [=](connection& db) {
    return core::result<std::vector<core::revocation>>(sqlite::revocations(db, since));
  };
  return inside_->read<std::vector<core::revocation>>(std::move(what), until);
}

core::task<core::result<news_page>> sqlite_store::news_since(std::optional<news_place> place,
                                                             core::deadline until) {
  if (!inside_->news) co_return news_page{};
  auto call = [news = inside_->news.get(), place] { return news->read(place); };
  auto answer = co_await inside_->watcher->run(std::move(call), until);
  inside::name_trouble(answer);
  if (!answer && inside_->numbers) inside_->numbers->failures.add();
  co_return answer;
}

core::task<core::result<bool>> sqlite_store::hold(lease what, core::wall_time now,
                                                  core::deadline until) {
  work<bool> write = [what = std::move(what), now](connection& db) {
    return core::result<bool>(sqlite::hold(db, what, now));
  };
  return inside_->write<bool>(std::move(write), until);
}

core::task<core::result<bool>> sqlite_store::let_go(std::string what, std::string holder,
                                                    core::deadline until) {
  work<bool> write = [what = std::move(what), holder = std::move(holder)](connection& db) {
    return core::result<bool>(sqlite::let_go(db, what, holder));
  };
  return inside_->write<bool>(std::move(write), until);
}

core::task<core::result<bool>> sqlite_store::closing_done(room_closing which,
                                                          core::deadline until) {
  work<bool> what = [which = std::move(which)](connection& db) {
    return core::result<bool>(sqlite::closing_done(db, which));
  };
  return inside_->write<bool>(std::move(what), until);
}

core::task<core::result<bool>> sqlite_store::closing_later(room_closing which, bool failed,
                                                           core::wall_time retry_at,
                                                           core::deadline until) {
  work<bool> what = [which = std::move(which), failed, retry_at](connection& db) {
    return core::result<bool>(sqlite::closing_later(db, which, failed, retry_at));
  };
  return inside_->write<bool>(std::move(what), until);
}

}  // namespace rooms

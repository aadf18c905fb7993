// sqlite_news: what other processes have written to the file, read from the list that its triggers
// keep.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "core/result.hpp"
#include "rooms/news.hpp"
#include "rooms/sqlite_connection.hpp"

namespace rooms::sqlite {

// The number of the latest entry; 0 where there is none.
news_place latest_news(connection& on);

// Entries after the one and up to the other.
struct news_range {
  news_place after = 0;
  news_place last = 0;
};

// Which entries this process knows of because it has made them itself. Written by the threads that
// waited for a write and read by another.
class own_news {
 public:
  // A transaction's own are known by its lock: nobody else's are among them. To be told by whoever
  // got the write's answer: who gave up waiting has told nobody else what it was, and has to hear
  // of it like everybody.
  void add(news_range made);
  bool has(news_place number) const;
  // Nobody will ask for these again.
  void forget_up_to(news_place number);

 private:
  mutable std::mutex lock_;
  std::deque<news_range> ranges_;  // nearly ascending; neighbours are joined
};

// Reads the list on a connection and a thread of its own, so that neither a long read nor a write
// that waits for another process delays the news.
class news_reader {
 public:
  news_reader(std::unique_ptr<connection> on, own_news& own) : on_(std::move(on)), own_(own) {}

  core::result<news_page> read(std::optional<news_place> place);

 private:
  news_page read_list(news_place place);

  std::unique_ptr<connection> on_;
  own_news& own_;
  std::int64_t version_ = 0;  // of the file, as it was when `read_to_` was the latest
  std::optional<news_place> read_to_;
};

}  // namespace rooms::sqlite

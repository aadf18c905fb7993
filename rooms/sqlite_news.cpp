#include "rooms/sqlite_news.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "rooms/changes.hpp"

namespace rooms::sqlite {
namespace {

constexpr const char* latest_sql = "SELECT coalesce(max(number), 0) FROM news";
constexpr const char* oldest_sql = "SELECT coalesce(min(number), 0) FROM news";
constexpr const char* since_sql =
    "SELECT number, room, user, token_id, before_at FROM news WHERE number > ?1 ORDER BY number";

news_place number_of(connection& on, const char* sql) {
  auto row = on.prepare(sql);
  return row.next() ? row.number(0) : 0;
}

}  // namespace

news_place latest_news(connection& on) { return number_of(on, latest_sql); }

void own_news::add(news_range made) {
  if (made.last <= made.after) return;
  const std::lock_guard hold(lock_);
  if (!ranges_.empty() && ranges_.back().last == made.after)
    ranges_.back().last = made.last;
  else
    ranges_.push_back(made);
}

bool own_news::has(news_place number) const {
  const std::lock_guard hold(lock_);
  return std::ranges::any_of(ranges_, [number](const news_range& one) {
    return one.after < number && number <= one.last;
  });
}

void own_news::forget_up_to(news_place number) {
  const std::lock_guard hold(lock_);
  std::erase_if(ranges_, [number](const news_range& one) { return one.last <= number; });
}

core::result<news_page> news_reader::read(std::optional<news_place> place) {
  if (!on_->ready()) {
    read_to_.reset();
    return core::fail(on_->take_trouble());
  }
  // Another number after each commit of another connection: what is asked for most of the time.
  const std::int64_t version = on_->pragma_number("data_version");
  news_page page;
  if (on_->good() && place && place == read_to_ && version == version_) {
    page.next = *place;
    return page;
  }
  // The list as it was at one instant.
  on_->execute("BEGIN");
  page.next = latest_news(*on_);
  if (place) page = read_list(*place);
  on_->execute("COMMIT");
  if (!on_->good()) {
    auto why = on_->take_trouble();
    if (on_->in_transaction()) on_->execute("ROLLBACK");
    if (!on_->good()) (void)on_->take_trouble();
    read_to_.reset();
    return core::fail(std::move(why));
  }
  version_ = version;
  read_to_ = page.next;
  own_.forget_up_to(page.next);
  return page;
}

news_page news_reader::read_list(news_place place) {
  news_page page;
  page.next = latest_news(*on_);
  // The list forgets its oldest entries; and a file that was put back from a copy begins again.
  const bool gap = page.next > place && number_of(*on_, oldest_sql) > place + 1;
  if (gap || page.next < place) {
    page.what.everything = true;
    return page;
  }
  auto row = on_->prepare(since_sql);
  row.bind(place);
  while (row.next()) {
    if (own_.has(row.number(0))) continue;
    if (row.text(1).empty()) {
      page.what.revocations.push_back(
          {std::string(row.text(2)), std::string(row.text(3)), from_milliseconds(row.number(4))});
    } else if (auto room = core::room_id::from(row.text(1))) {
      page.what.rooms.push_back(std::move(*room));
    }
  }
  // A booking that was written often is to be forgotten once.
  std::ranges::sort(page.what.rooms);
  const auto again = std::ranges::unique(page.what.rooms);
  page.what.rooms.erase(again.begin(), again.end());
  return page;
}

}  // namespace rooms::sqlite

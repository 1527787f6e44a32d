#include "common/postgres/detail_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/postgres/decode_details.h"
#include "common/postgres/pg_row.h"

namespace farshore {
namespace {

// A lock or a busy server: the spine alone for the rest of the look, and for so long at the second look in a
// row that meets it; twice as long at the next.
constexpr nanoseconds kFirstPause = 1s;
constexpr nanoseconds kLongestPause = 30s;
// Grants are mended while sessions live on.
constexpr nanoseconds kTryAgain = 10min;
// A slow part that costs a session each time is asked for less and less often.
constexpr nanoseconds kLongestWait = 10min;
// A late part's last answer is shown for so many turns of the others.
constexpr int kTurnsKept = 3;

constexpr int kLateTrials = 5;

// Syntax error or access rule violation: an unknown column or function, a missing privilege.
bool is_refusal(const std::string& sqlstate) { return sqlstate.starts_with("42"); }

void insert_sorted(FactParts& parts, FactPart part) {
  const auto place = std::ranges::lower_bound(parts, part);
  if (place == parts.end() || *place != part) parts.insert(place, part);
}

}  // namespace

void DetailPlan::begin_session(int server_version) {
  if (server_version == server_version_) return;
  server_version_ = server_version;
  ++generation_;
  fast_ = fact_parts(FactTier::kFast, server_version);
  slow_parts_ = fact_parts(FactTier::kSlow, server_version);
  untried_.clear();
  refused_.clear();
  turn_.clear();
  late_.clear();
  columns_.clear();
  late_looks_ = 0;
  paused_until_ = try_again_at_ = slow_due_ = std::nullopt;
}

const FactParts& DetailPlan::fast(BootTime now) {
  static const FactParts kNone;
  return done_without_ || (paused_until_ && now < *paused_until_) ? kNone : fast_;
}

void DetailPlan::try_each(FactParts& parts, BootTime now) {
  untried_.insert(untried_.end(), parts.begin(), parts.end());
  parts.clear();
  try_again_at_ = now + kTryAgain;
}

void DetailPlan::fast_refused(const std::string& sqlstate, BootTime now) {
  if (!is_refusal(sqlstate)) {
    done_without_ = true;
    if (late_looks_ > 0)
      paused_until_ = now + std::min(kFirstPause * (1 << std::min(late_looks_ - 1, 10)), kLongestPause);
    ++late_looks_;
    return;
  }
  try_each(fast_, now);
  ++generation_;
}

void DetailPlan::fast_answered(const FactDetails& details) {
  late_looks_ = 0;
  paused_until_.reset();
  if (!details.privileges) return;
  const bool may = details.privileges->directories.value_or(false);
  if (directories_ == may) return;
  directories_ = may;
  if (may && !turn_.empty()) return turn_.push_back({FactPart::kDirectories});
  late_.erase(FactPart::kDirectories);
  slow_due_.reset();  // the turn before was without them
}

std::shared_ptr<const FactDetails> DetailPlan::late_details() const {
  if (late_looks_ == 0) return nullptr;
  auto details = std::make_shared<FactDetails>();
  details->late = fast_;
  return details;
}

std::optional<FactParts> DetailPlan::next_side(BootTime now) {
  if (try_again_at_ && now >= *try_again_at_) {
    try_again_at_.reset();
    if (!refused_.empty()) try_each(refused_, now);
  }
  trial_ = !untried_.empty();
  if (trial_) return asked_ = {untried_.back()};
  if (turn_.empty() && !begin_turn(now)) return std::nullopt;
  return asked_ = turn_.front();
}

// What was late last time must not take the others with it.
bool DetailPlan::begin_turn(BootTime now) {
  if (slow_due_ && now < *slow_due_) return false;
  FactParts together;
  for (const FactPart part : slow_parts_) {
    if (part == FactPart::kDirectories && directories_ != true) {
      late_.erase(part);
      if (!directories_ && std::ranges::binary_search(fast_, FactPart::kPrivileges))
        mark_late(part, {0, now, "whether the role may list them was not answered yet"});
      continue;
    }
    const auto late = late_.find(part);
    if (late == late_.end())
      together.push_back(part);
    else if (now >= late->second.due)
      turn_.push_back({part});
  }
  if (!together.empty()) turn_.push_front(std::move(together));
  return !turn_.empty();
}

void DetailPlan::finish_trial(bool good) {
  const FactPart part = untried_.back();
  insert_sorted(good ? accepted_ : refused_, part);
  untried_.pop_back();
  if (!good) {
    late_.erase(part);
    columns_.erase(part);
  }
  if (!untried_.empty()) return;
  // Only now: each change has the statement prepared anew.
  for (const FactPart each : accepted_)
    insert_sorted(tier_of(each, server_version_) == FactTier::kFast ? fast_ : slow_parts_, each);
  accepted_.clear();
  late_trials_ = 0;
  ++generation_;
}

// A busy server says nothing about the part; one that is late again and again may. The slow tier can do with
// late parts.
void DetailPlan::try_later(const Late& late) {
  if (tier_of(untried_.back(), server_version_) == FactTier::kSlow) {
    mark_late(untried_.back(), late);
    return finish_trial(true);
  }
  if (++late_trials_ > kLateTrials) return finish_trial(false);
  std::ranges::rotate(untried_, untried_.end() - 1);
}

std::string DetailPlan::lateness() const {
  std::string text;
  for (const auto& [part, late] : late_)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", to_string(part), late.text);
  return text;
}

void DetailPlan::publish_slow(const std::string& failure) {
  auto next = std::make_shared<SlowTier>();
  next->failure_text = failure;
  for (const auto& [part, late] : late_) next->late.push_back(part);
  next->last_success = slow_answered_;
  if (slow_answered_)
    std::erase_if(columns_, [&](const auto& column) {
      return *slow_answered_ - column.second.at > kTurnsKept * slow_interval_;
    });
  FactParts parts;
  PgRow columns;
  for (const auto& [part, column] : columns_) {
    parts.push_back(part);
    columns.push_back(column.text);
  }
  if (!parts.empty()) next->facts = std::make_shared<const FactDetails>(decode_details(columns, parts));
  slow_ = std::move(next);
}

void DetailPlan::end_statement(BootTime now) {
  turn_.pop_front();
  if (!turn_.empty()) return;
  publish_slow(lateness());
  slow_due_ = now + slow_interval_;
}

void DetailPlan::side_answered(std::span<const std::optional<std::string>> columns, BootTime now) {
  if (trial_) return finish_trial(true);
  for (size_t i = 0; i < asked_.size() && i < columns.size(); ++i) {
    columns_.insert_or_assign(asked_[i], Column{columns[i], now});
    late_.erase(asked_[i]);
  }
  slow_answered_ = now;
  end_statement(now);
}

void DetailPlan::side_refused(const std::string& sqlstate, const std::string& text, BootTime now) {
  if (!is_refusal(sqlstate)) return side_late({0, now + slow_interval_, text}, now);
  if (trial_) return finish_trial(false);
  turn_.clear();
  publish_slow(text);
  try_each(slow_parts_, now);
  slow_due_ = now;  // with what is left, once that is known
}

void DetailPlan::side_lost(BootTime now) {
  const auto before = late_.find(asked_.front());
  const int sessions = 1 + (before == late_.end() ? 0 : before->second.sessions);
  const nanoseconds wait = std::min(slow_interval_ * (1 << std::min(sessions, 10)), kLongestWait);
  side_late({sessions, now + wait, "no answer in time"}, now);
}

void DetailPlan::side_late(Late late, BootTime now) {
  if (trial_) return try_later(late);
  if (asked_.size() == 1) {
    mark_late(asked_.front(), std::move(late));
  } else {
    // Any of them may be the one that takes so long.
    for (const FactPart part : asked_) turn_.push_back({part});
  }
  end_statement(now);
}

void DetailPlan::mark_late(FactPart part, Late late) { late_.insert_or_assign(part, std::move(late)); }

}  // namespace farshore

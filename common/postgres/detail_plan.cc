#include "common/postgres/detail_plan.h"

#include <algorithm>

#include "common/postgres/decode_details.h"

namespace farshore {
namespace {

// A lock or a busy server: the spine alone for so long.
constexpr nanoseconds kPause = 30s;
// Grants are mended while sessions live on.
constexpr nanoseconds kTryAgain = 10min;
// A slow tier that costs a session each time is asked for less and less often.
constexpr nanoseconds kLongestWait = 10min;

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
  paused_until_ = try_again_at_ = slow_due_ = std::nullopt;
  slow_lost_ = 0;
}

const FactParts& DetailPlan::fast(BootTime now) {
  static const FactParts kNone;
  return paused_until_ && now < *paused_until_ ? kNone : fast_;
}

void DetailPlan::try_each(FactParts& parts, BootTime now) {
  untried_.insert(untried_.end(), parts.begin(), parts.end());
  parts.clear();
  try_again_at_ = now + kTryAgain;
}

void DetailPlan::fast_refused(const std::string& sqlstate, BootTime now) {
  if (!is_refusal(sqlstate)) {
    paused_until_ = now + kPause;
    return;
  }
  try_each(fast_, now);
  ++generation_;
}

void DetailPlan::fast_answered(const FactDetails& details) {
  if (details.privileges) directories_ = details.privileges->directories.value_or(false);
}

std::optional<FactParts> DetailPlan::next_side(BootTime now) {
  if (try_again_at_ && now >= *try_again_at_) {
    try_again_at_.reset();
    if (!refused_.empty()) try_each(refused_, now);
  }
  trial_ = !untried_.empty();
  if (trial_) return asked_ = {untried_.back()};
  if (slow_due_ && now < *slow_due_) return std::nullopt;
  asked_ = slow_parts_;
  if (!directories_) std::erase(asked_, FactPart::kDirectories);
  if (asked_.empty()) return std::nullopt;
  return asked_;
}

void DetailPlan::finish_trial(bool good) {
  insert_sorted(good ? accepted_ : refused_, untried_.back());
  untried_.pop_back();
  if (!untried_.empty()) return;
  // Only now: each change has the statement prepared anew.
  for (const FactPart part : accepted_)
    insert_sorted(tier_of(part, server_version_) == FactTier::kFast ? fast_ : slow_parts_, part);
  accepted_.clear();
  late_trials_ = 0;
  ++generation_;
}

// A busy server says nothing about the part; one that is late again and again may.
void DetailPlan::try_later() {
  if (++late_trials_ > kLateTrials) return finish_trial(false);
  std::ranges::rotate(untried_, untried_.end() - 1);
}

void DetailPlan::finish_slow(std::shared_ptr<const FactDetails> facts, const std::string& failure,
                             BootTime now) {
  auto next = std::make_shared<SlowTier>();
  next->failure_text = failure;
  next->last_success = facts ? std::optional(now) : slow_ ? slow_->last_success : std::nullopt;
  next->facts = facts ? std::move(facts) : slow_ ? slow_->facts : nullptr;
  slow_ = std::move(next);
  slow_due_ = now + std::min(slow_interval_ * (1 << std::min(slow_lost_, 10)), kLongestWait);
}

void DetailPlan::side_answered(std::span<const std::optional<std::string>> columns, BootTime now) {
  if (trial_) return finish_trial(true);
  slow_lost_ = 0;
  finish_slow(std::make_shared<const FactDetails>(decode_details(columns, asked_)), "", now);
}

void DetailPlan::side_refused(const std::string& sqlstate, const std::string& text, BootTime now) {
  if (trial_) return is_refusal(sqlstate) ? finish_trial(false) : try_later();
  finish_slow(nullptr, text, now);
  if (!is_refusal(sqlstate)) return;
  try_each(slow_parts_, now);
  slow_due_ = now;  // with what is left, once that is known
}

void DetailPlan::side_lost(BootTime now) {
  if (trial_) return try_later();
  ++slow_lost_;
  finish_slow(nullptr, "no answer in time", now);
}

}  // namespace farshore

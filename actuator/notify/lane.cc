#include "actuator/notify/lane.h"

#include <algorithm>

#include "common/base/log.h"

namespace farshore {
namespace {

constexpr nanoseconds kFirstPause = 1s;
constexpr nanoseconds kLongestPause = 1min;
constexpr nanoseconds kGiveUpAfter = 1h;
constexpr nanoseconds kRefreshEvery = 30s;
constexpr nanoseconds kNews = 24h;  // an outcome older than this at the start is none any more
constexpr nanoseconds kRefusalsEvery = 10min;
constexpr nanoseconds kIdle = 1min;
constexpr size_t kLookBack = 200;  // runs

Notice notice_of(const RunRecord& run) {
  const WallTime at = run.ended_at.value_or(run.started_at);
  return {run.cluster, run.id, std::string(to_string(run.state)), run.reason, at, run};
}

RunState outcome_of(const Notice& notice) {
  if (notice.kind == "held") return RunState::kHeld;
  return notice.kind == "succeeded" ? RunState::kSucceeded : RunState::kRefused;
}

// The report of a run that succeeded is a fact of it.
std::string message_of(Journal& journal, const RunRecord& run) {
  if (run.state != RunState::kSucceeded) return run.reason;
  const auto steps = journal.steps(run.id);
  if (!steps) return "";
  std::string report;
  for (const StepRecord& step : *steps)
    if (const auto found = step.facts.find("report"); found != step.facts.end()) report = found->second;
  return report;
}

}  // namespace

Lane::Lane(std::unique_ptr<Sender> sender, std::string receiver, Journal& journal, Clock& clock,
           NotifyCounters& counters)
    : sender_(std::move(sender)),
      receiver_(std::move(receiver)),
      journal_(journal),
      clock_(clock),
      counters_(counters) {
  counters_.add_kind(sender_->kind());
}

Lane::~Lane() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Lane::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void Lane::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const nanoseconds pause = tick();
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, pause, [this] { return pushed_; });
    pushed_ = false;
  }
}

void Lane::push(Notice notice) {
  if (!sender_->wants(notice)) return;
  const BootTime now = clock_.boot_now();
  bool dropped = false;
  {
    const std::lock_guard lock(mutex_);
    if (const auto same = find_waiting(notice); same != waiting_.end()) {
      same->notice = std::move(notice);
      same->since = now;  // a hold after another has its own hour
      return;
    }
    waiting_.push_back({std::move(notice), now, now});
    dropped = waiting_.size() > kMostWaiting;
    if (dropped) waiting_.pop_front();
    pushed_ = true;
  }
  changed_.notify_all();
  if (dropped) counters_.count(sender_->kind(), "dropped");
}

nanoseconds Lane::tick() {
  if (!loaded_) loaded_ = load_untold();
  const BootTime now = clock_.boot_now();
  if (auto waiting = take_due(now)) attempt(std::move(*waiting));
  refresh();
  return until_next(clock_.boot_now());
}

// ---- what the process before this one did not tell ----

bool Lane::load_untold() {
  const auto told = journal_.told(receiver_);
  auto runs = journal_.runs(kLookBack);
  if (!told || !runs) return false;
  std::ranges::reverse(*runs);  // oldest first
  for (const RunRecord& run : *runs) {
    const bool is_news = run.ended_at && clock_.wall_now() - *run.ended_at < kNews;
    const bool is_held = run.state == RunState::kHeld;
    if (run.state == RunState::kRunning || (!is_news && !is_held)) continue;
    Notice notice = notice_of(run);
    if (!sender_->wants(notice)) continue;
    if (is_told(run, *told)) {
      if (is_held && sender_->keeps_up()) held_.insert_or_assign(run.id, std::move(notice));
      continue;
    }
    notice.message = message_of(journal_, run);
    const std::lock_guard lock(mutex_);
    const bool is_here = find_waiting(notice) != waiting_.end();
    const BootTime now = clock_.boot_now();
    if (!is_here && waiting_.size() < kMostWaiting) waiting_.push_back({std::move(notice), now, now});
  }
  return true;
}

bool Lane::is_told(const RunRecord& run, const std::vector<ToldRecord>& told) const {
  return std::ranges::any_of(told, [&](const ToldRecord& each) {
    if (each.run_id != run.id || each.outcome != run.state) return false;
    // Of each hold of its own, by the time it began; the wall clock may have been set back since.
    return run.state != RunState::kHeld || !run.ended_at || each.at == *run.ended_at;
  });
}

// What was pushed while the same was being told.
bool Lane::was_told(const Notice& notice) const {
  if (!notice.is_outcome() || !notice.run || notice.run->state != outcome_of(notice)) return false;
  const auto told = journal_.told(receiver_);
  return told && is_told(*notice.run, *told);
}

// ---- one attempt ----

std::optional<Lane::Waiting> Lane::take_due(BootTime now) {
  const std::lock_guard lock(mutex_);
  const auto due = std::ranges::find_if(waiting_, [&](const Waiting& each) { return each.due <= now; });
  if (due == waiting_.end()) return std::nullopt;
  Waiting waiting = std::move(*due);
  waiting_.erase(due);
  return waiting;
}

// An outcome is told once, however often it was pushed: a run that ends while the journal is loaded is found
// there and pushed too. Under mutex_.
std::deque<Lane::Waiting>::iterator Lane::find_waiting(const Notice& notice) {
  return std::ranges::find_if(waiting_, [&](const Waiting& each) {
    return notice.is_outcome() && each.notice.run_id == notice.run_id && each.notice.kind == notice.kind;
  });
}

void Lane::put_back(Waiting waiting) {
  const std::lock_guard lock(mutex_);
  if (const auto same = find_waiting(waiting.notice); same != waiting_.end()) {
    waiting.notice = std::move(same->notice);
    waiting.since = same->since;
    waiting_.erase(same);
  }
  waiting_.push_back(std::move(waiting));
  // The others came since; the oldest of all goes.
  if (waiting_.size() <= kMostWaiting) return;
  waiting_.erase(std::ranges::min_element(waiting_, {}, &Waiting::since));
  counters_.count(sender_->kind(), "dropped");
}

void Lane::attempt(Waiting waiting) {
  Notice& notice = waiting.notice;
  if (!notice.run_id.empty())
    if (auto run = journal_.run(notice.run_id)) notice.run = std::move(*run);
  if (was_told(notice)) return;
  const bool held_no_more = notice.kind == "held" && notice.run && notice.run->state != RunState::kHeld;
  if (held_no_more || (waiting.attempts == 0 && is_repetition(notice))) {
    settled(notice, "omitted");
    return;
  }
  const Status sent = sender_->send(notice);
  if (sent) {
    if (failures_ > 0)
      log_info("notifications arrive again", {{"receiver", receiver_}, {"failures", failures_}});
    failures_ = 0;
    settled(notice, "sent");
    return;
  }
  ++waiting.attempts;
  note_failure(waiting, sent.error());
  if (sent.error().code == ErrorCode::kInvalidArgument) {
    settled(notice, "refused");
    return;
  }
  const BootTime now = clock_.boot_now();
  if (now - waiting.since >= kGiveUpAfter) {
    counters_.count(sender_->kind(), "dropped");
    return;  // not settled: the next process may have more luck while it is news
  }
  counters_.count(sender_->kind(), "failed");
  waiting.due = now + std::min(kLongestPause, kFirstPause * (1 << std::min(waiting.attempts - 1, 10)));
  put_back(std::move(waiting));
}

// While an alert fires, a refusal that may be tried again is tried again every few seconds, for hours
// perhaps.
bool Lane::is_repetition(const Notice& notice) {
  if (notice.kind != "refused" || !notice.run || !notice.run->retryable) {
    refused_last_.erase(notice.cluster);
    return false;
  }
  const BootTime now = clock_.boot_now();
  const auto last = refused_last_.find(notice.cluster);
  if (last != refused_last_.end() && now - last->second < kRefusalsEvery) return true;
  refused_last_[notice.cluster] = now;
  return false;
}

void Lane::settled(const Notice& notice, std::string_view outcome) {
  counters_.count(sender_->kind(), outcome);
  if (!notice.is_outcome()) return;
  if (notice.kind == "held" && outcome == "sent" && sender_->keeps_up()) {
    if (held_.empty()) refresh_due_ = clock_.boot_now() + kRefreshEvery;
    held_.insert_or_assign(notice.run_id, notice);
  } else {
    refresh_due_ = clock_.boot_now();  // what is told of a run may mean that it is held no more
  }
  const RunState state = outcome_of(notice);
  // A hold that was over before it could be told must not hide what was told since.
  if (state == RunState::kHeld && notice.run && notice.run->state != state) return;
  const bool ended = notice.run && notice.run->state == state && notice.run->ended_at;
  const WallTime at = ended ? *notice.run->ended_at : notice.at;
  if (const Status written = journal_.record_told({receiver_, notice.run_id, state, at}); !written)
    log_warn("told, but not written down: it may be told again",
             {{"receiver", receiver_}, {"run", notice.run_id}, {"reason", written.error().message}});
}

void Lane::note_failure(const Waiting& waiting, const Error& error) {
  if (failures_++ > 0) return;  // the same complaint once; counted until it ends
  log_warn("a notification was not taken", {{"receiver", receiver_},
                                            {"run", waiting.notice.run_id},
                                            {"event", waiting.notice.kind},
                                            {"reason", error.message}});
}

// ---- runs that are held ----

void Lane::refresh() {
  const BootTime now = clock_.boot_now();
  if (held_.empty() || now < refresh_due_) return;
  refresh_due_ = now + kRefreshEvery;
  for (auto entry = held_.begin(); entry != held_.end();) {
    Notice& notice = entry->second;
    const auto run = journal_.run(notice.run_id);
    if (run) {
      notice.over = run->state != RunState::kHeld;
      if (!notice.over) notice.message = run->reason;
    }
    const Status sent = sender_->send(notice);
    counters_.count(sender_->kind(), sent ? "sent" : "failed");
    if (!sent) note_failure({notice, now, now}, sent.error());
    if (sent) failures_ = 0;
    entry = notice.over && sent ? held_.erase(entry) : std::next(entry);
  }
}

nanoseconds Lane::until_next(BootTime now) {
  BootTime next = now + (loaded_ ? kIdle : kFirstPause);
  if (!held_.empty()) next = std::min(next, refresh_due_);
  const std::lock_guard lock(mutex_);
  for (const Waiting& each : waiting_) next = std::min(next, each.due);
  return std::max<nanoseconds>(0ns, next - now);
}

}  // namespace farshore

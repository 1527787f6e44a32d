#include "actuator/failover/cluster_worker.h"

#include <algorithm>

#include "actuator/failover/adoption.h"
#include "actuator/failover/rows.h"
#include "actuator/journal/journal_rules.h"

namespace farshore {
namespace {

constexpr nanoseconds kIdle = 1s;
constexpr nanoseconds kRetryEvery = 10s;  // a retryable refusal, while the alert fires
constexpr nanoseconds kCareFirst = 1s;    // a held run that goes forward; doubles up to
constexpr nanoseconds kCareSlowest = 30s;
constexpr nanoseconds kForwardSlowest = 5s;  // clients wait
constexpr nanoseconds kLookLimit = 2s;
constexpr nanoseconds kWhileAsking = 100ms;
constexpr nanoseconds kCurrentLookLimit = 1s;  // a region that hangs may be the lost one: it costs no more

class HeldSlot {
 public:
  explicit HeldSlot(RunSlots* slots) : slots_(slots) {
    if (slots_) slots_->acquire();
  }
  ~HeldSlot() {
    if (slots_) slots_->release();
  }
  HeldSlot(const HeldSlot&) = delete;
  HeldSlot& operator=(const HeldSlot&) = delete;

 private:
  RunSlots* const slots_;
};

}  // namespace

ClusterWorker::ClusterWorker(EngineDeps deps, std::function<bool()> stopping, RunSlots* slots)
    : deps_([&] {
        deps.open_ends = &open_ends_;
        return std::move(deps);
      }()),
      stopping_(std::move(stopping)),
      slots_(slots),
      engine_(deps_),
      old_alerts_(deps_) {}

nanoseconds ClusterWorker::tick() {
  std::shared_ptr<Adoption> adoption;
  {
    std::lock_guard lock(mutex_);
    adoption.swap(adoption_);
  }
  if (adoption) obey(*adoption);
  if (!ensure_reign() || !journal_is_current()) return kIdle;
  if (!loaded_) load_open_run();
  write_outcome();
  std::deque<Queued> queued;
  {
    std::lock_guard lock(mutex_);
    queued.swap(queue_);
  }
  for (const Queued& command : queued) obey(command);
  waits_ = false;
  if (context_ && context_->run.promoting) engine_.care_for_reign(*context_, true);
  drive();
  judge_alerts();
  try_again();
  drive();
  look_after_held();
  look_after_reign();
  return old_alerts_.asking() ? kWhileAsking : kIdle;
}

// ---- the reign ----

bool ClusterWorker::ensure_reign() {
  const auto reign = deps_.journal->reign(deps_.cluster->name);
  if (!reign) {
    set_problem("the journal cannot be read: " + reign.error().message);
    return false;
  }
  if (*reign) return true;
  const auto shown = reign_shown_by_all(deps_, look_at_all(deps_, kLookLimit));
  const Status adopted = shown ? deps_.journal->adopt(*shown) : Status(tl::unexpect, shown.error());
  if (!adopted) {
    set_problem("no reign is adopted yet: " + adopted.error().message);
    return false;
  }
  tell_adopted(*shown);
  current_ = true;
  return true;
}

void ClusterWorker::tell_adopted(const Reign& reign) {
  deps_.notifier->tell({reign.cluster, "", "adopted",
                        fmt::format("{} is the primary of epoch {}", reign.server, reign.epoch)});
}

// A journal put back from a copy does not know what was done since. Asked at the start and after every run
// that came to nothing; a run asks again for itself (admit).
bool ClusterWorker::journal_is_current() {
  if (!current_) {
    const std::string& cluster = deps_.cluster->name;
    const auto reign = deps_.journal->reign(cluster);
    const auto claim = deps_.journal->claim(cluster);
    const auto open = deps_.journal->open_run(cluster);
    if (!reign || !*reign || !claim || !open) {
      set_problem("the journal cannot be read");
      return false;
    }
    std::optional<EpochRow> own;
    if (*claim && *open && (*claim)->run_id == (*open)->id)
      own = EpochRow{cluster, (*claim)->epoch, (*open)->candidate};
    const auto looks = look_at_all(deps_, kCurrentLookLimit);
    if (const auto behind = why_journal_is_behind(looks, **reign, own)) {
      set_problem(*behind);
      refuse_alerts(*behind);
      return false;
    }
    // Nobody answered: unknown. It is asked again, and the rows of a run look for themselves.
    current_ =
        std::any_of(looks.begin(), looks.end(), [](const LookResult& r) { return r.look.has_value(); });
  }
  set_problem("");
  return true;
}

void ClusterWorker::refuse_alerts(const std::string& why) {
  const auto alerts = deps_.journal->pending_alerts(deps_.cluster->name);
  if (!alerts) return;
  for (const AlertRecord& alert : *alerts) (void)deps_.journal->set_verdict(alert.id, "refused", why, "");
}

// ---- runs ----

void ClusterWorker::load_open_run() {
  const auto open = deps_.journal->open_run(deps_.cluster->name);
  if (!open) return;
  loaded_ = true;
  if (*open) {
    const RunRecord& run = **open;
    auto context = engine_.open(run);
    if (!context) {
      set_problem("the open run cannot be read: " + context.error().message);
      loaded_ = false;
      return;
    }
    context_.emplace(std::move(*context));
    if (context_->run.promoting) return;
    if (run.state == RunState::kHeld) {  // a person decides
      context_->run = run;
      load_reign_run();
    } else if (context_->attempt == 1) {  // nothing of it is written but that it is open
      load_reign_run();
      if (reign_run_) engine_.take_over(*context_, *reign_run_);
      reign_run_.reset();
    }
    return;
  }
  load_reign_run();
}

void ClusterWorker::load_reign_run() {
  const auto reign = deps_.journal->reign(deps_.cluster->name);
  const auto last = deps_.journal->last_succeeded_run(deps_.cluster->name);
  if (!reign || !*reign || !last || !*last) return;
  if ((*last)->epoch != (*reign)->epoch) return;  // adopted by a person since: nothing of this run counts
  if (auto context = engine_.open(**last)) {
    reign_run_.emplace(std::move(*context));
    reign_run_->run = **last;
  }
}

// Before anything else is done about the run, or a person obeyed.
void ClusterWorker::write_outcome() {
  if (!context_ || !context_->unwritten) return;
  const bool is_over = context_->unwritten->state != RunState::kHeld;
  if (engine_.write_outcome(*context_) == Progress::kEnded && is_over) after_end();
}

void ClusterWorker::drive() {
  // A run that waits is gone on with at the next tick, after what is urgent.
  if (!context_ || context_->run.state != RunState::kRunning || waits_) return;
  const HeldSlot slot(slots_);
  while (context_ && context_->run.state == RunState::kRunning) {
    if (stopping_ && stopping_()) return;
    const Progress progress = engine_.advance(*context_);
    waits_ = progress == Progress::kWaiting;
    if (waits_) return;
    if (progress == Progress::kEnded) {
      after_end();
      return;
    }
  }
}

void ClusterWorker::after_end() {
  care_pause_ = kCareFirst;
  next_care_ = deps_.clock->boot_now() + care_pause_;
  const RunRecord run = context_->run;
  if (run.state == RunState::kHeld) {
    if (run.promoting) return;
    deps_.votes->unwatch(deps_.cluster->name);
    load_reign_run();
    return;
  }
  if (run.state == RunState::kSucceeded) {
    deps_.votes->unwatch(deps_.cluster->name);
    reign_run_.emplace(std::move(*context_));
    context_.reset();
    return;
  }
  context_.reset();
  load_reign_run();
  current_ = false;
  last_refusal_ = run.reason;
  if (run.retryable)
    next_attempt_ = deps_.clock->boot_now() + kRetryEvery;
  else
    deps_.votes->unwatch(deps_.cluster->name);
}

void ClusterWorker::start_run(const Reign& reign, WallTime accepted_at) {
  next_attempt_.reset();
  auto context = engine_.start(reign, accepted_at, reign_run_ ? &*reign_run_ : nullptr);
  if (!context) {
    set_problem("no run can be started: " + context.error().message);
    return;
  }
  context_.emplace(std::move(*context));
  reign_run_.reset();
}

// The actuator's own poll: no new webhook is needed for a new attempt while the alert still fires.
void ClusterWorker::try_again() {
  if (!next_attempt_ || deps_.clock->boot_now() < *next_attempt_) return;
  next_attempt_.reset();
  const auto reign = deps_.journal->reign(deps_.cluster->name);
  if (!reign || !*reign || context_) return;
  AlertRecord alert;
  alert.epoch = (*reign)->epoch;
  if (firing_votes(deps_) >= deps_.votes->quorum() && !why_not_now(alert, **reign)) {
    start_run(**reign, deps_.clock->wall_now());
    return;
  }
  deps_.votes->unwatch(deps_.cluster->name);
}

// ---- alerts ----

std::optional<std::string> ClusterWorker::why_not_now(const AlertRecord& alert, const Reign& reign) {
  if (alert.epoch != reign.epoch)
    return fmt::format("epoch {} is not the reign, which is {}: the failover it asks for was done",
                       alert.epoch, reign.epoch);
  if (const auto why = rows::why_not_act(deps_)) return why->text;
  if (next_attempt_)
    return fmt::format("refused a moment ago: {}; tried again by itself within {:.0f} s while it fires",
                       last_refusal_, to_seconds(kRetryEvery));
  return std::nullopt;
}

void ClusterWorker::judge_alerts() {
  const auto alerts = deps_.journal->pending_alerts(deps_.cluster->name);
  if (!alerts) return;
  const bool asked = old_alerts_.asking();
  bool asking = false;
  for (const AlertRecord& alert : *alerts) {
    const auto reign = deps_.journal->reign(deps_.cluster->name);  // the alert before may have changed it
    if (!reign || !*reign) return;
    asking |= judge_alert(alert, **reign);
  }
  old_alerts_.round_is_over(asking);
  if (asked && !asking && !context_ && !next_attempt_) deps_.votes->unwatch(deps_.cluster->name);
}

// True when the alert stays pending until the Prometheus servers have been asked about it.
bool ClusterWorker::judge_alert(const AlertRecord& alert, const Reign& reign) {
  if (context_ && alert.epoch == reign.epoch) {
    (void)deps_.journal->set_verdict(
        alert.id, "duplicate",
        fmt::format("run {} about this loss is {} already", context_->run.id,
                    context_->run.state == RunState::kHeld ? "held" : "under way"),
        context_->run.id);
    return false;
  }
  auto why = why_not_now(alert, reign);
  if (!why) {
    const auto age = old_alerts_.judge(alert, reign);
    if (age == OldAlerts::Verdict::kAsking) return true;
    if (age == OldAlerts::Verdict::kTooOld) why = old_alerts_.why(alert);
  }
  if (why) {
    (void)deps_.journal->set_verdict(alert.id, "refused", *why, "");
    return false;
  }
  start_run(reign, alert.received_at);
  if (!context_) return false;  // stays pending
  (void)deps_.journal->set_verdict(alert.id, "acted_on", "", context_->run.id);
  drive();
  return false;
}

// ---- held runs, and the reign ----

void ClusterWorker::look_after_held() {
  if (!context_ || context_->run.state != RunState::kHeld || deps_.clock->boot_now() < next_care_) return;
  if (context_->run.promoting) {
    const Progress progress = engine_.advance(*context_);
    if (progress == Progress::kAdvanced) {
      drive();
      return;
    }
    if (progress == Progress::kEnded && context_->run.state != RunState::kHeld) after_end();
  } else {
    (void)engine_.put_back(*context_);
  }
  const nanoseconds slowest = context_ && context_->run.promoting ? kForwardSlowest : kCareSlowest;
  care_pause_ = std::min(std::max(care_pause_ * 2, kCareFirst), slowest);
  next_care_ = deps_.clock->boot_now() + care_pause_;
}

// A run that is held before the promotion leaves the reign before it in force.
void ClusterWorker::look_after_reign() {
  if (context_ && context_->run.promoting)
    engine_.care_for_reign(*context_);
  else if (reign_run_ && (!context_ || context_->run.state == RunState::kHeld))
    engine_.care_for_reign(*reign_run_);
}

std::string ClusterWorker::problem() const {
  std::lock_guard lock(mutex_);
  return problem_;
}

void ClusterWorker::set_problem(std::string problem) {
  std::lock_guard lock(mutex_);
  problem_ = std::move(problem);
}

}  // namespace farshore

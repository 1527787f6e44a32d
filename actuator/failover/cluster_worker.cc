#include "actuator/failover/cluster_worker.h"

#include <algorithm>

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
constexpr size_t kMostCommands = 16;

// Why these looks do not show one primary with every other server following it; nothing = they do.
std::optional<std::string> why_no_reign(const std::vector<LookResult>& looks, const ServerLook*& primary,
                                        std::string& primary_name) {
  primary = nullptr;
  for (const LookResult& result : looks) {
    if (!result.look)
      return fmt::format("{} could not be looked at ({})", result.server->name(), result.error);
    if (result.look->facts.in_recovery) continue;
    if (primary) return fmt::format("{} and {} are both writable", primary_name, result.server->name());
    primary = &*result.look;
    primary_name = result.server->name();
  }
  if (!primary) return "no server is writable";
  for (const LookResult& result : looks) {
    if (result.look->facts.system_identifier != primary->facts.system_identifier)
      return fmt::format("{} belongs to another system than {}", result.server->name(), primary_name);
    if (result.look->facts.timeline != primary->facts.timeline)
      return fmt::format("{} is on timeline {}, {} on {}", result.server->name(), result.look->facts.timeline,
                         primary_name, primary->facts.timeline);
  }
  return std::nullopt;
}

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
  if (!ensure_reign()) return kIdle;
  if (!loaded_) load_open_run();
  std::deque<Queued> queued;
  {
    std::lock_guard lock(mutex_);
    queued.swap(queue_);
  }
  for (const Queued& command : queued) obey(command);
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
  if (*reign) {
    set_problem("");
    return true;
  }
  RunRecord none;
  none.cluster = deps_.cluster->name;
  RunContext context(deps_, none, Reign());
  context.row_deadline = deps_.clock->boot_now() + kLookLimit;
  if (const auto adopted = adopt(look_at(context, deps_.servers, kLookLimit)); !adopted) {
    set_problem("no reign is adopted yet: " + adopted.error().message);
    return false;
  }
  set_problem("");
  return true;
}

Status ClusterWorker::adopt(const std::vector<LookResult>& looks) {
  const ServerLook* primary = nullptr;
  std::string name;
  if (const auto why = why_no_reign(looks, primary, name)) return fail(ErrorCode::kConflict, "{}", *why);
  if (primary->epoch_row && primary->epoch_row->server != name)
    return fail(ErrorCode::kConflict,
                "{} is writable, but epoch {} belongs to {}: a person must say which is right", name,
                primary->epoch_row->epoch, primary->epoch_row->server);
  EpochRow row{deps_.cluster->name, primary->epoch_row ? primary->epoch_row->epoch : 1, name};
  if (!primary->epoch_row) {
    const auto server =
        std::find_if(deps_.servers.begin(), deps_.servers.end(),
                     [&](const PostgresServer* candidate) { return candidate->name() == name; });
    const auto committed = (*server)->commit_epoch_row(row, deps_.clock->boot_now() + kLookLimit);
    if (!committed) return wrap("the first probe row could not be committed", committed.error());
  }
  const Reign reign{row.cluster,
                    row.epoch,
                    name,
                    primary->facts.timeline,
                    primary->facts.system_identifier,
                    deps_.clock->wall_now()};
  if (auto adopted = deps_.journal->adopt(reign); !adopted) return adopted;
  deps_.notifier->tell(
      {row.cluster, "", "adopted", fmt::format("{} is the primary of epoch {}", name, row.epoch)});
  return {};
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
    if (run.state == RunState::kHeld && !context_->run.promoting) {  // a person decides
      context_->run = run;
      load_reign_run();
    }
    return;
  }
  load_reign_run();
}

void ClusterWorker::load_reign_run() {
  const auto reign = deps_.journal->reign(deps_.cluster->name);
  const auto runs = deps_.journal->runs(50);
  if (!reign || !*reign || !runs) return;
  for (const RunRecord& run : *runs) {
    if (run.cluster != deps_.cluster->name || run.state != RunState::kSucceeded) continue;
    if (run.epoch != (*reign)->epoch) return;  // adopted by a person since: nothing of this run counts
    if (auto context = engine_.open(run)) {
      reign_run_.emplace(std::move(*context));
      reign_run_->run = run;
    }
    return;
  }
}

void ClusterWorker::drive() {
  if (!context_ || context_->run.state != RunState::kRunning) return;
  const HeldSlot slot(slots_);
  while (context_ && context_->run.state == RunState::kRunning) {
    if (stopping_ && stopping_()) return;
    const Progress progress = engine_.advance(*context_);
    if (progress == Progress::kWaiting) return;
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

// ---- people ----

Status ClusterWorker::command(PersonCommand command, const std::string& run_id, const std::string& by) {
  std::lock_guard lock(mutex_);
  if (queue_.size() >= kMostCommands) return fail(ErrorCode::kConflict, "too many commands are waiting");
  queue_.push_back({command, run_id, by});
  return {};
}

void ClusterWorker::obey(const Queued& queued) {
  if (!context_ || context_->run.id != queued.run_id || context_->run.state != RunState::kHeld) return;
  if (queued.command == PersonCommand::kAbandon) {
    if (engine_.abandon(*context_, queued.by)) after_end();
    return;
  }
  std::string permit;
  if (queued.command == PersonCommand::kApprove) {
    const auto approval = deps_.journal->take_approval(queued.run_id, deps_.clock->wall_now());
    if (!approval || !*approval) return;
    const auto steps = deps_.journal->steps(queued.run_id);
    if (!steps || approval_digest(context_->run, merge_facts(*steps)) != (*approval)->digest) return;
    permit = (*approval)->by;
  }
  open_again(context_->run, permit);
}

void ClusterWorker::open_again(const RunRecord& run, const std::string& permit) {
  auto context = engine_.open(run, permit);
  if (!context) {
    set_problem("the held run cannot be opened again: " + context.error().message);
    return;
  }
  if (const auto begun = engine_.begin_again(*context); !begun) {
    set_problem("the held run cannot be opened again: " + begun.error().message);
    return;
  }
  context_.emplace(std::move(*context));
}

// ---- held runs, and the reign ----

void ClusterWorker::look_after_held() {
  if (!context_ || context_->run.state != RunState::kHeld || deps_.clock->boot_now() < next_care_) return;
  if (context_->run.promoting) {
    if (engine_.advance(*context_) == Progress::kAdvanced) {
      drive();
      return;
    }
    if (context_->run.state != RunState::kHeld) after_end();
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

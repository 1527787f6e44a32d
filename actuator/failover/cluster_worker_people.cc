// What a person asks of a cluster's worker: their commands wait for its next tick.
#include "actuator/failover/adoption.h"
#include "actuator/failover/cluster_worker.h"
#include "actuator/journal/journal_rules.h"

namespace farshore {
namespace {

constexpr nanoseconds kLookLimit = 2s;
constexpr size_t kMostCommands = 16;

}  // namespace

Status ClusterWorker::command(PersonCommand command, const std::string& run_id, const std::string& by) {
  std::lock_guard lock(mutex_);
  if (queue_.size() >= kMostCommands) return fail(ErrorCode::kConflict, "too many commands are waiting");
  queue_.push_back({command, run_id, by});
  return {};
}

Status ClusterWorker::adopt(const std::string& server, const std::string& by, nanoseconds limit) {
  auto adoption = std::make_shared<Adoption>(Adoption{server, by, {}});
  std::future<Status> done = adoption->done.get_future();
  {
    std::lock_guard lock(mutex_);
    if (adoption_) return fail(ErrorCode::kConflict, "another person is naming the primary at this moment");
    adoption_ = adoption;
  }
  if (wake_) wake_();
  if (done.wait_for(limit) == std::future_status::ready) return done.get();
  std::lock_guard lock(mutex_);
  if (adoption_ == adoption) {  // not begun, and it will not be
    adoption_.reset();
    return fail(ErrorCode::kConflict, "a run is at work; look at it, and try again");
  }
  return fail(ErrorCode::kUnknown, "it takes long; look at the state of the cluster");
}

void ClusterWorker::obey(Adoption& adoption) { adoption.done.set_value(adopt_now(adoption)); }

Status ClusterWorker::adopt_now(const Adoption& adoption) {
  const auto open = deps_.journal->open_run(deps_.cluster->name);
  if (!open) return tl::unexpected<Error>(open.error());
  // Of a journal that is behind, the open run is a thing of the past; of one that is not, it can be ended
  // properly, unless it is past the point of no return and stuck there.
  const bool stuck = *open && (*open)->promoting && (*open)->state == RunState::kHeld;
  if (*open && !stuck && journal_is_current())
    return fail(ErrorCode::kConflict, "run {} is {}: end it first (farshorectl abandon {})", (*open)->id,
                to_string((*open)->state), (*open)->id);
  const auto reign = reign_named(deps_, look_at_all(deps_, kLookLimit), adoption.server);
  if (!reign) return tl::unexpected<Error>(reign.error());
  const std::string why =
      fmt::format("{} named {} as the primary of epoch {}", adoption.by, reign->server, reign->epoch);
  if (auto adopted = deps_.journal->adopt_named(*reign, why); !adopted) return adopted;
  context_.reset();
  reign_run_.reset();
  next_attempt_.reset();
  loaded_ = current_ = false;
  deps_.votes->unwatch(deps_.cluster->name);
  tell_adopted(*reign);
  return {};
}

void ClusterWorker::obey(const Queued& queued) {
  if (!context_ || context_->run.id != queued.run_id || context_->run.state != RunState::kHeld) return;
  if (context_->unwritten && context_->unwritten->state != RunState::kHeld) return;  // given up already
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

}  // namespace farshore

#include "actuator/failover/supervisor.h"

#include <algorithm>

#include "actuator/journal/journal_rules.h"
#include "common/base/log.h"

namespace farshore {
namespace {

constexpr nanoseconds kLookAtSelf = 1s;

std::string_view to_string(FailoverMode mode) {
  switch (mode) {
    case FailoverMode::kOff:
      return "off";
    case FailoverMode::kApprove:
      return "approve";
    case FailoverMode::kAutomatic:
      return "automatic";
  }
  return "off";
}

constexpr nanoseconds kAdoptionLimit = 8s;  // the looks, the row, the journal; less than a client waits

// No attempt was begun since the last one ended. A new one writes its first step before it changes the run.
bool is_at_its_end(const std::vector<StepRecord>& steps) {
  const auto last = std::find_if(steps.rbegin(), steps.rend(), [](const StepRecord& step) {
    return step.step == "start" || step.step == "end";
  });
  return last != steps.rend() && last->step == "end";
}

// What an approval of the run would be bound to; empty when there is nothing to approve. A run that was held
// when it was read may be taken up again before its steps are: what the two say together was never true.
std::string digest_to_approve(Journal& journal, const RunRecord& held) {
  const auto steps = journal.steps(held.id);
  const auto now = journal.run(held.id);
  if (!steps || !is_at_its_end(*steps)) return "";
  if (!now || now->state != RunState::kHeld || now->ended_at != held.ended_at) return "";
  const RunFacts facts = merge_facts(*steps);
  const auto needs = facts.find("needs");
  return needs == facts.end() || needs->second.empty() ? "" : approval_digest(held, facts);
}

}  // namespace

Supervisor::Supervisor(std::vector<EngineDeps> clusters, Journal& journal, Clock& clock)
    : journal_(journal), clock_(clock), latch_(journal, clock) {
  for (EngineDeps& deps : clusters) {
    auto member = std::make_unique<Member>();
    member->worker = std::make_unique<ClusterWorker>(
        std::move(deps), [this] { return stopping_.stop_requested(); }, &slots_);
    member->plan = std::make_unique<PlanKeeper>(member->worker->deps());
    member->worker->on_wanted([this, name = member->worker->deps().cluster->name] { wake(name); });
    members_.push_back(std::move(member));
  }
}

Supervisor::~Supervisor() {
  request_stop();
  self_watcher_ = {};
  for (auto& member : members_)
    if (member->thread.joinable()) member->thread.join();
}

void Supervisor::request_stop() {
  stopping_.request_stop();
  for (auto& member : members_) {
    member->thread.request_stop();
    member->plan->request_stop();
  }
}

void Supervisor::start() {
  for (auto& member : members_) {
    member->thread =
        std::jthread([this, &member = *member](std::stop_token stop) { work(member, std::move(stop)); });
    member->plan->start();
  }
  self_watcher_ = std::jthread([this](const std::stop_token& stop) { watch_self(stop); });
}

// ---- the latch ----

void Supervisor::watch_self(const std::stop_token& stop) {
  while (clock_.sleep_for(kLookAtSelf, stop))
    if (const auto reason = look_at_self()) (void)latch_.close(*reason);  // tried again in a second
}

std::optional<std::string> Supervisor::look_at_self() {
  std::vector<ServerObservation> servers;
  std::vector<AlertVote> votes;
  bool at_stake = false;  // otherwise a short trouble of the network would need a person
  for (const auto& member : members_) {
    const EngineDeps& deps = member->worker->deps();
    const auto run = journal_.open_run(deps.cluster->name);
    if (run && *run && (*run)->state == RunState::kRunning && !(*run)->promoting) {
      at_stake = true;
      for (AlertVote& vote : deps.votes->latest(deps.cluster->name)) votes.push_back(std::move(vote));
    }
    const auto snapshot = deps.view->snapshot();
    if (!snapshot) continue;
    for (const ServerObservation& server : snapshot->servers)
      if (server.cluster == deps.cluster->name) servers.push_back(server);
  }
  if (at_stake) return self_look_.judge(servers, votes, clock_.boot_now());
  self_look_.reset();
  return std::nullopt;
}

Status Supervisor::unlatch(const std::string& by) {
  const auto done = [&]() -> Status {
    const auto latch = journal_.latched();
    if (!latch) return tl::unexpected<Error>(latch.error());
    if (!*latch) return fail(ErrorCode::kConflict, "automation is not latched");
    return journal_.unlatch();
  }();
  if (done) log_warn("automation is no longer latched", {{"by", by}});
  for (auto& member : members_) member->plan->wake();
  return journaled(done, by, "unlatch", "", "");
}

// A run that starts again now would only be stopped again.
Status Supervisor::not_latched() {
  const auto latch = journal_.latched();
  if (!latch) return tl::unexpected<Error>(latch.error());
  if (*latch) return fail(ErrorCode::kConflict, "{}", latched_sentence(**latch));
  return {};
}

void Supervisor::work(Member& member, std::stop_token stop) {
  while (!stop.stop_requested()) {
    const nanoseconds pause = member.worker->tick();
    std::unique_lock lock(member.mutex);
    member.wake.wait_for(lock, stop, pause, [&member] { return member.woken; });
    member.woken = false;
  }
}

Supervisor::Member* Supervisor::find(const std::string& cluster) {
  for (auto& member : members_)
    if (member->worker->deps().cluster->name == cluster) return member.get();
  return nullptr;
}

void Supervisor::wake(const std::string& cluster) {
  Member* member = find(cluster);
  if (!member) return;
  {
    std::lock_guard lock(member->mutex);
    member->woken = true;
  }
  member->wake.notify_all();
}

// ---- reading ----

std::vector<ClusterStatus> Supervisor::status() {
  std::vector<ClusterStatus> all;
  for (auto& member : members_) all.push_back(status_of(*member));
  return all;
}

ClusterStatus Supervisor::status_of(Member& member) {
  const EngineDeps& deps = member.worker->deps();
  ClusterStatus status;
  status.cluster = deps.cluster->name;
  status.mode = to_string(deps.cluster->failover.mode);
  status.problem = member.worker->problem();
  const auto note = [&status](const Error& error) {
    if (status.problem.empty()) status.problem = "the journal cannot be read: " + error.message;
  };
  if (const auto writable = journal_.check_writable(clock_.boot_now()); !writable)
    status.problem = "the journal cannot be written: " + writable.error().message;
  if (auto pause = journal_.paused(status.cluster))
    status.pause = *pause;
  else
    note(pause.error());
  if (auto latch = journal_.latched())
    status.latch = *latch;
  else
    note(latch.error());
  if (auto reign = journal_.reign(status.cluster))
    status.reign = *reign;
  else
    note(reign.error());
  if (auto claim = journal_.claim(status.cluster))
    status.claim = *claim;
  else
    note(claim.error());
  if (auto run = journal_.open_run(status.cluster))
    status.open_run = *run;
  else
    note(run.error());
  if (status.open_run && status.open_run->state == RunState::kHeld)
    status.approval_digest = digest_to_approve(journal_, *status.open_run);
  status.plan = member.plan->newest();
  // A rehearsal for the loss of a primary that was replaced since says nothing about its successor.
  if (status.plan && status.reign && !status.plan->primary.empty() &&
      status.plan->primary != status.reign->server)
    status.plan.reset();
  if (const auto snapshot = deps.view->snapshot())
    for (const ServerObservation& server : snapshot->servers)
      if (server.cluster == status.cluster) status.servers.push_back(server);
  status.traffic_open = member.worker->open_ends().open(OpenEnds::Kind::kTraffic);
  status.stale_primaries = member.worker->open_ends().open(OpenEnds::Kind::kStalePrimary);
  status.hooks_open = member.worker->open_ends().open(OpenEnds::Kind::kHook);
  status.votes = deps.votes->latest(status.cluster);
  status.votes_needed = deps.votes->quorum();
  return status;
}

// ---- people ----

Status Supervisor::journaled(Status done, const std::string& by, const std::string& action,
                             const std::string& cluster, const std::string& run_id) {
  const auto written = journal_.record_action(
      {clock_.wall_now(), by, action, cluster, run_id, done ? "done" : done.error().message});
  return done && !written ? written : done;
}

Status Supervisor::pause(const std::string& cluster, const std::string& by, const std::string& reason) {
  Member* member = find(cluster);
  if (!member) return fail(ErrorCode::kNotFound, "no cluster '{}'", cluster);
  const Status paused = journal_.pause({cluster, by, reason, clock_.wall_now()});
  member->plan->wake();
  return journaled(paused, by, "pause", cluster, "");
}

Status Supervisor::resume(const std::string& cluster, const std::string& by) {
  Member* member = find(cluster);
  if (!member) return fail(ErrorCode::kNotFound, "no cluster '{}'", cluster);
  const Status resumed = journal_.resume(cluster);
  member->plan->wake();
  return journaled(resumed, by, "resume", cluster, "");
}

Status Supervisor::adopt(const std::string& cluster, const std::string& by, const std::string& server) {
  Member* member = find(cluster);
  if (!member) return fail(ErrorCode::kNotFound, "no cluster '{}'", cluster);
  return journaled(member->worker->adopt(server, by, kAdoptionLimit), by, "adopt " + server, cluster, "");
}

Result<RunRecord> Supervisor::held_run(const std::string& run_id) {
  auto run = journal_.run(run_id);
  if (!run) return run;
  if (run->state != RunState::kHeld)
    return fail(ErrorCode::kConflict, "run {} is {}, not held", run_id, farshore::to_string(run->state));
  return run;
}

Status Supervisor::command(PersonCommand command, const RunRecord& run, const std::string& by) {
  Member* member = find(run.cluster);
  if (!member) return fail(ErrorCode::kNotFound, "cluster '{}' is not in the topology any more", run.cluster);
  auto queued = member->worker->command(command, run.id, by);
  wake(run.cluster);
  return queued;
}

Status Supervisor::approve(const std::string& run_id, const std::string& by, const std::string& digest) {
  const auto run = held_run(run_id);
  if (!run) return tl::unexpected<Error>(run.error());
  const auto done = [&]() -> Status {
    const auto steps = journal_.steps(run_id);
    if (!steps) return tl::unexpected<Error>(steps.error());
    const RunFacts facts = merge_facts(*steps);
    const auto needs = facts.find("needs");
    if (needs == facts.end() || needs->second.empty())
      return fail(ErrorCode::kConflict, "an approval cannot help run {}: {}; mend the cause and retry",
                  run_id, run->reason);
    if (approval_digest(*run, facts) != digest)
      return fail(ErrorCode::kConflict, "the facts of run {} are not the ones you were shown: look again",
                  run_id);
    if (auto free = run->promoting ? Status() : not_latched(); !free) return free;
    if (auto written = journal_.approve({run_id, by, digest, clock_.wall_now()}); !written) return written;
    return command(PersonCommand::kApprove, *run, by);
  }();
  return journaled(done, by, "approve", run->cluster, run_id);
}

Status Supervisor::retry(const std::string& run_id, const std::string& by) {
  const auto run = held_run(run_id);
  if (!run) return tl::unexpected<Error>(run.error());
  const Status free = run->promoting ? Status() : not_latched();
  return journaled(free ? command(PersonCommand::kRetry, *run, by) : free, by, "retry", run->cluster, run_id);
}

Status Supervisor::abandon(const std::string& run_id, const std::string& by) {
  const auto run = held_run(run_id);
  if (!run) return tl::unexpected<Error>(run.error());
  if (run->promoting)
    return fail(ErrorCode::kConflict, "run {} is past the point of no return: it only goes forward", run_id);
  return journaled(command(PersonCommand::kAbandon, *run, by), by, "abandon", run->cluster, run_id);
}

}  // namespace farshore

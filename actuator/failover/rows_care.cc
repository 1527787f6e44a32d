// Row 12, refence; and the care of it and of row 10 after the run succeeded: traffic that somebody pointed
// elsewhere, a server that lost the reign and comes back as a primary.
#include <algorithm>

#include "actuator/failover/rows.h"

namespace farshore::rows {
namespace {

constexpr nanoseconds kPollEvery = 20ms;
constexpr nanoseconds kLookLimit = 1s;
constexpr nanoseconds kPointLimit = 3s;
constexpr nanoseconds kPointEvery = 60s;   // a record that somebody keeps changing is a person's business
constexpr nanoseconds kSettleEvery = 30s;  // clients are where they should be; an API counts its requests
constexpr nanoseconds kStaleFor = 60s;     // one that comes and goes is one event, and an alert sees it
constexpr nanoseconds kFresh = 3s;

bool lost_a_reign(const RunContext& context, const std::string& server) {
  if (server == context.old_primary()) return true;
  const auto reigns = context.deps.journal->reigns(context.run.cluster);
  return reigns && std::any_of(reigns->begin(), reigns->end(), [&](const Reign& reign) {
           return reign.epoch < context.run.epoch && reign.server == server;
         });
}

// On the reign's own timeline only the probe row tells a server that followed it, and was promoted by
// somebody, from one that never did. The first is a split brain, which is a person's to solve.
bool never_followed(RunContext& context, const std::string& server, uint32_t timeline) {
  const double reigns_on = context.number("timeline").value_or(0);
  if (timeline < reigns_on) return true;
  if (timeline > reigns_on) return false;
  PostgresServer* admin = context.server(server);
  const auto look = admin ? admin->look(context.clock().boot_now() + kLookLimit)
                          : Result<ServerLook>(fail(ErrorCode::kNotFound, "not in the topology"));
  return look && !look->facts.in_recovery && (!look->epoch_row || look->epoch_row->epoch < context.run.epoch);
}

// Why this server has to be kept out now; empty = it has not. `seen_writing`: it answers as a primary.
std::string why_stale(RunContext& context, const std::string& server, bool& seen_writing) {
  const auto snapshot = context.deps.view->snapshot();
  const ServerObservation* seen = fresh_sight(context, snapshot.get(), server);
  const bool is_primary =
      seen && !seen->facts->in_recovery && seen->facts->system_identifier == context.reign.system_identifier;
  seen_writing =
      is_primary && lost_a_reign(context, server) && never_followed(context, server, seen->facts->timeline);
  if (seen_writing)
    return fmt::format("{} lost the reign to {} and answers as a primary", server, context.run.candidate);
  const bool follows = seen && seen->facts->in_recovery;
  const bool unproven = must_be_kept_out(context, server) && !context.fact(kept_out_fact(server));
  if (!unproven || follows) return "";
  const auto lost = context.lost_proofs.find(server);
  if (lost != context.lost_proofs.end())
    return fmt::format("{} lost the reign to {} and nothing proves any more that it cannot write: {}", server,
                       context.run.candidate, lost->second);
  return fmt::format("{} lost the reign to {} and nothing proves that it cannot write", server,
                     context.run.candidate);
}

bool read_proof(RunContext& context, const std::string& server) {
  for (const FenceProof& proof : read_proofs(context, server))
    if (proof.state == FenceState::kIsolated) {
      if (!context.fact(kept_out_fact(server))) context.set_fact(kept_out_fact(server), proof.evidence);
      context.lost_proofs.erase(server);
      return true;
    }
  return false;
}

void ask_fences(RunContext& context, const std::string& server) {
  std::vector<std::function<void()>> tasks;
  for (Fence* rung : fences_of(context, server))
    tasks.emplace_back([rung, &context] { (void)rung->isolate(context.row_deadline); });
  context.deps.parallel->run(std::move(tasks));
}

// What was seen of it since the last look: that it follows, or that its proof does not hold any more.
void watch(RunContext& context, const std::string& server) {
  const auto snapshot = context.deps.view->snapshot();
  const ServerObservation* seen = fresh_sight(context, snapshot.get(), server);
  if (seen) note_rejoined(context, server, *seen);
  if (!must_be_kept_out(context, server)) {
    context.lost_proofs.erase(server);
    return;
  }
  if (seen && seen->facts->in_recovery) return;  // it cannot write, whoever started it
  const auto evidence = lost_proof(context, server);
  if (!evidence) return;
  context.set_fact(kept_out_fact(server), std::string());
  context.lost_proofs[server] = *evidence;
  context.last_stale[server] = context.clock().boot_now();
}

std::string joined(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace

const ServerObservation* fresh_sight(const RunContext& context, const Snapshot* snapshot,
                                     const std::string& server) {
  const ServerObservation* seen = snapshot ? snapshot->find(context.run.cluster, server) : nullptr;
  if (!seen || !seen->up || !seen->facts || !seen->last_success) return nullptr;
  return context.clock().boot_now() - *seen->last_success <= kFresh ? seen : nullptr;
}

bool is_seen_reigning(const RunContext& context) {
  const auto snapshot = context.deps.view->snapshot();
  const ServerObservation* primary = fresh_sight(context, snapshot.get(), context.run.candidate);
  return primary && !primary->facts->in_recovery;
}

// ---- 12 refence ----

StepCheck is_kept_out(RunContext& context) {
  return fences_of_old_primary(context).empty() || read_proof(context, context.old_primary());
}

StepStatus fence_again(RunContext& context) {
  // The proof that was read before the promotion does not hold any more.
  context.set_fact(kept_out_fact(context.old_primary()), std::string());
  ask_fences(context, context.old_primary());
  return {};
}

StepStatus keeps_out(RunContext& context) {
  while (!*is_kept_out(context)) {
    if (context.clock().boot_now() + kPollEvery >= context.row_deadline)
      return stop("no proof yet that {} cannot write; it is asked for again and again",
                  context.old_primary());
    context.clock().sleep_for(kPollEvery);
  }
  return {};
}

StepStatus no_stale_primary(RunContext& context) {
  std::vector<std::string> open;
  const BootTime now = context.clock().boot_now();
  for (const ServerConfig& server : context.deps.cluster->servers) {
    if (server.name == context.run.candidate) continue;
    watch(context, server.name);
    bool seen_writing = false;
    std::string why = why_stale(context, server.name, seen_writing);
    if (seen_writing) context.last_stale[server.name] = now;
    const auto last = context.last_stale.find(server.name);
    if (why.empty() && last != context.last_stale.end() && now - last->second < kStaleFor)
      why = fmt::format("{} lost the reign and could write a moment ago", server.name);
    context.report(OpenEnds::Kind::kStalePrimary, server.name, why);
    if (!why.empty()) open.push_back(std::move(why));
  }
  if (open.empty()) return {};
  return stop("{}", joined(open));
}

StepStatus fence_stale_primaries(RunContext& context) {
  if (const auto why_not = why_not_act(context.deps)) return stop("not fenced: {}", why_not->text);
  std::vector<std::string> open;
  for (const ServerConfig& server : context.deps.cluster->servers) {
    bool seen_writing = false;
    if (server.name == context.run.candidate || why_stale(context, server.name, seen_writing).empty())
      continue;
    if (context.fact(kept_out_fact(server.name))) context.set_fact(kept_out_fact(server.name), std::string());
    forget_rejoined(context, server.name);
    ask_fences(context, server.name);
    if (!read_proof(context, server.name))
      open.push_back(fmt::format("no proof yet that {} cannot write", server.name));
  }
  if (open.empty()) return {};
  return stop("{}", joined(open));
}

// ---- 10 switch_traffic, afterwards ----

StepStatus traffic_still_points_there(RunContext& context) {
  const auto& records = context.deps.traffic;
  std::vector<std::string> astray(records.size());
  std::vector<std::function<void()>> tasks;
  const BootTime deadline = context.clock().boot_now() + kLookLimit;
  for (size_t i = 0; i < records.size(); ++i)
    tasks.emplace_back([&, i] {
      const auto target = records[i]->target_of(context.run.region);
      const auto seen = records[i]->observed(deadline);
      const bool answered = seen && std::any_of(seen->answers.begin(), seen->answers.end(),
                                                [](const auto& answer) { return answer.failure.empty(); });
      if (target && answered && !seen->all_answer_only(*target))
        astray[i] = fmt::format("{} does not point at {} any more", records[i]->key(), context.run.region);
      else if (target && !answered && context.traffic_astray.contains(records[i]->key()))
        astray[i] = context.traffic_astray.at(records[i]->key());  // nobody answers: as it was last seen
    });
  context.deps.parallel->run(std::move(tasks));
  context.traffic_astray.clear();
  std::vector<std::string> open;
  for (size_t i = 0; i < records.size(); ++i) {
    const std::string& record = records[i]->key();
    const auto left_open = context.fact(left_open_fact(record));
    if (!astray[i].empty()) context.traffic_astray[record] = astray[i];
    const std::string why = astray[i].empty() && left_open ? record + ": " + *left_open : astray[i];
    context.report(OpenEnds::Kind::kTraffic, record, why);
    if (!why.empty()) open.push_back(why);
  }
  if (open.empty()) return {};
  return stop("{}", joined(open));
}

namespace {

bool is_due(const std::map<std::string, BootTime>& last, const std::string& record, BootTime now,
            nanoseconds every) {
  const auto found = last.find(record);
  return found == last.end() || now - found->second >= every;
}

}  // namespace

StepStatus point_traffic_again(RunContext& context) {
  if (const auto why_not = why_not_act(context.deps)) return stop("not pointed back: {}", why_not->text);
  if (!is_seen_reigning(context))
    return stop("not pointed back: {} is not seen as a primary", context.run.candidate);
  const BootTime now = context.clock().boot_now();
  context.row_deadline = std::min(context.row_deadline, now + kPointLimit);
  std::vector<TrafficSwitch*> records;
  for (TrafficSwitch* traffic : context.deps.traffic) {
    const std::string& record = traffic->key();
    if (context.traffic_astray.contains(record)
            ? is_due(context.last_pointed, record, now, kPointEvery)
            : context.fact(left_open_fact(record)) && is_due(context.last_settled, record, now, kSettleEvery))
      records.push_back(traffic);
  }
  std::vector<Switched> switched(records.size());
  std::vector<std::function<void()>> tasks;
  for (size_t i = 0; i < records.size(); ++i)
    tasks.emplace_back([&, i] { switched[i] = switch_one(context, *records[i]); });
  context.deps.parallel->run(std::move(tasks));
  std::vector<std::string> open;
  for (size_t i = 0; i < records.size(); ++i) {
    const std::string& record = records[i]->key();
    const std::string& why = switched[i].astray.empty() ? switched[i].open : switched[i].astray;
    if (!why.empty()) open.push_back(record + ": " + why);
    context.last_settled[record] = context.clock().boot_now();
    if (!switched[i].astray.empty()) continue;
    note_left_open(context, record, switched[i].open);
    if (context.traffic_astray.erase(record) > 0) context.last_pointed[record] = context.clock().boot_now();
  }
  if (open.empty()) return {};
  return stop("{}", joined(open));
}

}  // namespace farshore::rows

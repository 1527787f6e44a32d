// Row 12 after success: the proof that a lost primary cannot write is watched for as long as the reign lasts.
// A machine that somebody boots in a region which this process cannot reach shows itself in no other way.
#include <algorithm>

#include "actuator/failover/rows.h"
#include "common/base/log.h"

namespace farshore::rows {
namespace {

constexpr nanoseconds kWatchEvery = 5s;
constexpr nanoseconds kWatchLimit = 4s;  // of a look; nobody waits for it

std::string rejoined_fact(const std::string& server) { return "rejoined." + server; }

struct Watched {
  size_t isolated = 0, not_isolated = 0, unknown = 0;
  std::string evidence;  // why it is not isolated, or else why that is unknown
};

// Takes the answers; nothing while one is out.
std::optional<Watched> take_answers(RunContext& context, const std::vector<Fence*>& fences) {
  Watched seen;
  std::string unknown;
  for (Fence* fence : fences) {
    const FenceProof* proof = context.watched.answer(*fence);
    if (!proof) return std::nullopt;
    seen.isolated += proof->state == FenceState::kIsolated;
    seen.not_isolated += proof->state == FenceState::kNotIsolated;
    seen.unknown += proof->state == FenceState::kUnknown;
    std::string& text = proof->state == FenceState::kNotIsolated ? seen.evidence : unknown;
    if (proof->state != FenceState::kIsolated) text += (text.empty() ? "" : "; ") + proof->evidence;
  }
  for (Fence* fence : fences) context.watched.forget(*fence);
  if (seen.evidence.empty()) seen.evidence = unknown;
  return seen;
}

// True when nobody proves it any more. What cannot be looked at stands as it was last seen: a provider that
// is down boots nothing, and an alert for each of its failures would be one that nobody reads. One that was
// not isolated while another could not be looked at is looked at twice: the other may be the one that proves
// it.
bool is_lost(RunContext& context, const std::string& server, const Watched& seen) {
  if (seen.isolated == 0 && seen.not_isolated == 0) {
    if (context.unread_proofs.insert(server).second)
      log_warn("the proof cannot be read again, and counts as it was read last",
               {{"cluster", context.run.cluster}, {"server", server}, {"reason", seen.evidence}});
    return false;
  }
  context.unread_proofs.erase(server);
  const bool doubtful = seen.isolated == 0;
  if (!doubtful || seen.unknown > 0) {
    const bool again = doubtful && context.doubted_proofs.contains(server);
    context.doubted_proofs.erase(server);
    if (doubtful && !again) context.doubted_proofs.insert(server);
    return again;
  }
  context.doubted_proofs.erase(server);
  return true;
}

}  // namespace

bool must_be_kept_out(const RunContext& context, const std::string& server) {
  if (fences_of(context, server).empty() || context.fact(rejoined_fact(server))) return false;
  return server == context.old_primary() || context.facts().contains(kept_out_fact(server));
}

void note_rejoined(RunContext& context, const std::string& server, const ServerObservation& seen) {
  const double reigns_on = context.number("timeline").value_or(0);
  const bool follows = seen.facts->in_recovery && reigns_on > 0 && seen.facts->timeline >= reigns_on &&
                       seen.facts->system_identifier == context.reign.system_identifier;
  if (!follows || !must_be_kept_out(context, server)) return;
  context.set_fact(rejoined_fact(server), format_rfc3339(context.clock().wall_now()));
  context.last_stale.erase(server);
}

void forget_rejoined(RunContext& context, const std::string& server) {
  if (context.fact(rejoined_fact(server))) context.set_fact(rejoined_fact(server), std::string());
}

std::optional<std::string> lost_proof(RunContext& context, const std::string& server) {
  if (!must_be_kept_out(context, server) || !context.fact(kept_out_fact(server))) return std::nullopt;
  const std::vector<Fence*> fences = fences_of(context, server);
  const BootTime now = context.clock().boot_now();
  const auto due = context.watch_due.find(server);
  if (due == context.watch_due.end() || now >= due->second) {
    context.watch_due[server] = now + kWatchEvery;
    for (Fence* fence : fences)
      context.watched.begin(*context.deps.parallel, *fence,
                            [fence, deadline = now + kWatchLimit] { return fence->proof(deadline); });
  }
  const auto seen = take_answers(context, fences);
  if (!seen || !is_lost(context, server, *seen)) return std::nullopt;
  return seen->evidence;
}

RunFacts proofs_to_watch(const RunContext& context) {
  RunFacts facts;
  for (const ServerConfig& server : context.deps.cluster->servers) {
    const auto proof = context.fact(kept_out_fact(server.name));
    if (proof && server.name != context.run.candidate && must_be_kept_out(context, server.name))
      facts[kept_out_fact(server.name)] = *proof;
  }
  return facts;
}

}  // namespace farshore::rows

// The rows rehearsed: what each would say were the primary lost now. They only look, and they ask what the
// rows themselves ask.
#include <algorithm>

#include "actuator/failover/evidence.h"
#include "actuator/failover/rehearsal.h"
#include "actuator/failover/rows.h"

namespace farshore::rows {
namespace {

using enum ObstacleReason;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

std::string list_of(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

// The Prometheus servers of the primary's region are lost with it.
void ask_prometheus(RunContext& context, Rehearsal& rehearsal) {
  AlertVotes& votes = *context.deps.votes;
  int answering = 0, others = 0;
  std::string silent;
  for (const AlertVote& vote :
       votes.ask_once(context.run.cluster, context.run.from_epoch, context.old_primary())) {
    if (vote.region == context.run.old_region) continue;
    ++others;
    answering += vote.vote != Vote::kUnknown;
    if (vote.vote == Vote::kUnknown)
      silent += fmt::format("; {}: {}", vote.region, vote.detail.empty() ? "no answer" : vote.detail);
  }
  const std::string text = fmt::format("{} of the {} Prometheus servers outside {} answer, {} are needed{}",
                                       answering, others, context.run.old_region, votes.quorum(), silent);
  if (answering < votes.quorum())
    rehearsal.blocks({kPrometheus, text});
  else
    rehearsal.saw(text);
}

const LookResult* look_of(const Rehearsal& rehearsal, const std::string& name) {
  for (const LookResult& result : rehearsal.looks)
    if (result.server->name() == name) return &result;
  return nullptr;
}

std::string replay_in_words(const ServerFacts& facts) {
  std::string text;
  if (facts.replay_paused.value_or(false)) text += ", its replay is paused and would be resumed";
  if (facts.replay && facts.held() && *facts.held() > *facts.replay)
    text += fmt::format(", {} bytes are still to be replayed", *facts.held() - *facts.replay);
  return text;
}

// What a provider and the clients' name servers say of one record.
struct RecordSeen {
  TrafficSwitch* traffic;
  Result<std::string> current = std::string();
  Result<TrafficView> view = TrafficView();
};

std::vector<RecordSeen> look_at_traffic(const RunContext& context) {
  std::vector<RecordSeen> seen;
  for (TrafficSwitch* traffic : context.deps.traffic) seen.push_back({traffic});
  std::vector<std::function<void()>> tasks;
  for (RecordSeen& record : seen) {
    tasks.emplace_back([&] { record.current = record.traffic->current(context.row_deadline); });
    tasks.emplace_back([&] { record.view = record.traffic->observed(context.row_deadline); });
  }
  context.deps.parallel->run(std::move(tasks));
  return seen;
}

void rehearse_record(const RunContext& context, Rehearsal& rehearsal, const RecordSeen& record) {
  const std::string& name = record.traffic->key();
  if (!context.run.region.empty())
    if (const auto target = record.traffic->target_of(context.run.region); !target)
      rehearsal.blocks({kTrafficTarget, fmt::format("{}: {}", name, target.error().message)});
  if (record.current)
    rehearsal.saw(fmt::format("{} points at {}", name, *record.current));
  else
    rehearsal.blocks({kTrafficUnreadable, fmt::format("{}: the provider does not say where it points: {}",
                                                      name, record.current.error().message)});
  std::string silent = record.view ? "" : record.view.error().message;
  size_t answering = 0;
  if (record.view)
    for (const NameServerAnswer& answer : record.view->answers) {
      answering += answer.failure.empty();
      if (!answer.failure.empty())
        silent += fmt::format("{}{}: {}", silent.empty() ? "" : ", ", answer.nameserver, answer.failure);
    }
  if (answering == 0)
    rehearsal.blocks(
        {kTrafficNameservers, fmt::format("{}: nobody tells what clients get: {}", name, silent)});
  else if (!silent.empty())
    rehearsal.saw("without an answer: " + silent);
}

}  // namespace

void rehearse_confirm_outage(RunContext& context, Rehearsal& rehearsal) {
  if (const auto why_not = why_not_act(context.deps)) rehearsal.blocks(*why_not);
  remember_last_sight(context);
  const Evidence own = own_evidence(context);
  if (own.life == Life::kUnknown)
    rehearsal.blocks({kPrimaryUnknown,
                      fmt::format("whether {} lives cannot be told: {}", context.old_primary(), own.why)});
  else
    rehearsal.saw(own.why);
  const Evidence heard = receiver_evidence(context, rehearsal.looks, rehearsal.looked_at);
  if (heard.life == Life::kUnknown)
    rehearsal.blocked_elsewhere(heard.why);
  else
    rehearsal.saw(heard.why);
  ask_prometheus(context, rehearsal);
}

void rehearse_admit(RunContext& context, Rehearsal& rehearsal) {
  const auto cooldown = cooldown_left(context.deps);
  if (!cooldown)
    rehearsal.blocks({kJournal, "the last runs cannot be read: " + cooldown.error().message});
  else if (*cooldown > 0ns)
    context.set_fact("cooldown_left_seconds", to_seconds(*cooldown));
  const Admission found = admission(context, rehearsal.looks);
  rehearsal.fit = found.fit;
  if (!found.fit.empty()) rehearsal.saw(list_of(found.fit) + " may be promoted");
  for (const auto& [name, why_not] : found.unfit) {
    const std::string text = fmt::format("{} {}", name, why_not.text);
    if (found.fit.empty())
      rehearsal.blocks({why_not.reason, text});
    else
      rehearsal.saw(text);  // a failover goes on without it
  }
  if (rehearsal.looks.empty()) rehearsal.blocks({kNoStandby, "the cluster has no standby"});
  for (const Need& need : needed_permissions(context, found.best_loss))
    if (need.permit != kPermitLoss || !found.best.empty()) rehearsal.blocks(need.hindrance, true);
}

void rehearse_take_claim(RunContext& context, Rehearsal& rehearsal) {
  const auto run = context.deps.journal->open_run(context.run.cluster);
  const auto claim = context.deps.journal->claim(context.run.cluster);
  if (!run || !claim) {
    rehearsal.blocks({kJournal, fmt::format("the journal cannot be read: {}",
                                            !run ? run.error().message : claim.error().message)});
    return;
  }
  if (*run)
    rehearsal.blocks({kRunOpen, fmt::format("run {} is {} at {}: {}", (*run)->id, to_string((*run)->state),
                                            (*run)->step, (*run)->reason)});
  if (*claim)
    rehearsal.blocks(
        {kClaim, fmt::format("run {} holds the claim on epoch {}", (*claim)->run_id, (*claim)->epoch)});
  if (!*run && !*claim)
    rehearsal.saw(fmt::format("nobody claims what follows epoch {}", context.run.from_epoch));
}

void rehearse_fence(RunContext& context, Rehearsal& rehearsal) {
  const std::vector<FenceProof> proofs = read_proofs(context, context.old_primary());
  if (proofs.empty()) {
    rehearsal.blocks({kFenceMissing, fmt::format("{} has no fence: nothing can prove that it cannot write",
                                                 context.old_primary())},
                     true);
    return;
  }
  const bool alive = own_evidence(context).life == Life::kAlive;
  size_t readable = 0;
  std::string said;
  for (const FenceProof& proof : proofs) {
    readable += proof.state != FenceState::kUnknown;
    said += fmt::format("{}{} ({})", said.empty() ? "" : "; ",
                        proof.evidence.empty() ? "no evidence" : proof.evidence, proof.grade);
    if (proof.state == FenceState::kIsolated && alive)
      rehearsal.blocks({kFenceWrong, fmt::format("a fence says that {} is isolated, and it answers: {}",
                                                 context.old_primary(), proof.evidence)});
  }
  if (readable == 0)
    rehearsal.blocks(
        {kFenceUnreadable, fmt::format("no proof can be read of {}: {}", context.old_primary(), said)}, true);
  else
    rehearsal.saw(said);
}

void rehearse_cut_streams(RunContext& context, Rehearsal& rehearsal) {
  std::vector<PostgresServer*> servers;
  for (PostgresServer* server : context.standbys())
    if (contains(rehearsal.fit, server->name())) servers.push_back(server);
  const auto read = read_settings_of(context, servers);
  rehearsal.fit.clear();
  std::vector<Hindrance> unread;
  for (size_t i = 0; i < servers.size(); ++i) {
    if (read[i])
      rehearsal.fit.push_back(servers[i]->name());
    else
      unread.push_back({kSettings, fmt::format("the settings of {} cannot be saved: {}", servers[i]->name(),
                                               read[i].error().message)});
  }
  for (const Hindrance& hindrance : unread)
    if (rehearsal.fit.empty())
      rehearsal.blocks(hindrance);
    else
      rehearsal.saw(hindrance.text);
  if (!rehearsal.fit.empty())
    rehearsal.saw("the settings of " + list_of(rehearsal.fit) + " can be saved");
  else if (servers.empty())
    rehearsal.saw("there is no standby to cut that could be promoted");
}

void rehearse_choose_candidate(RunContext& context, Rehearsal& rehearsal) {
  // The looks are moments apart while the primary writes: what a standby holds beyond the last sight of the
  // primary does not make it the better one.
  const auto sight = context.fact("last_sight_lsn");
  const auto limit = sight ? Lsn::parse(*sight) : Result<Lsn>(Lsn());
  std::optional<Choice> choice;
  Lsn holds;
  for (const std::string& name : rehearsal.fit) {
    const LookResult* result = look_of(rehearsal, name);
    const Lsn held = result->look->facts.held().value_or(Lsn());
    const Choice other = choice_of(context, result->server, sight && limit ? std::min(held, *limit) : held);
    if (choice && !other.better_than(*choice)) continue;
    choice = other;
    holds = held;
  }
  if (!choice) {
    rehearsal.blocked_elsewhere("nobody could be chosen");
    return;
  }
  context.run.candidate = rehearsal.plan.candidate = choice->server->name();
  context.run.region = choice->server->region();
  const auto loss = loss_for(context, holds);
  if (loss) {
    rehearsal.plan.loss_bytes = loss->lower_bytes;
    rehearsal.plan.loss_time = loss->lag_time;
  }
  rehearsal.saw(fmt::format("{} holds {}{}", choice->server->name(), holds.to_string(),
                            replay_in_words(look_of(rehearsal, choice->server->name())->look->facts)));
  if (const auto beyond = loss_beyond_limit(context, loss)) rehearsal.blocks(*beyond, true);
}

void rehearse_switch_traffic(RunContext& context, Rehearsal& rehearsal) {
  for (const RecordSeen& record : look_at_traffic(context)) rehearse_record(context, rehearsal, record);
  if (context.deps.traffic.empty()) rehearsal.saw("there is no traffic to move");
}

}  // namespace farshore::rows

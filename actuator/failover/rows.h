// The functions of the rows of steps.cc, and what several of them share. Only the engine and its worker
// include this beside them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actuator/failover/obstacle_reason.h"
#include "actuator/failover/rehearsal.h"
#include "actuator/failover/run_context.h"
#include "common/postgres/loss.h"

namespace farshore::rows {

// 1 confirm_outage
StepStatus may_act(RunContext& context);
StepStatus confirm_outage(RunContext& context);
void rehearse_confirm_outage(RunContext& context, Rehearsal& rehearsal);
// 2 admit
StepStatus admit(RunContext& context);
void rehearse_admit(RunContext& context, Rehearsal& rehearsal);
// 3 take_claim
StepStatus take_claim(RunContext& context);
StepStatus claim_is_ours(RunContext& context);
void rehearse_take_claim(RunContext& context, Rehearsal& rehearsal);
// 5 fence_old_primary
StepStatus may_fence(RunContext& context);
StepStatus still_silent(RunContext& context);
StepCheck is_fenced(RunContext& context);
StepStatus fence(RunContext& context);
StepStatus fence_holds(RunContext& context);
nanoseconds fence_limit(const RunContext& context);
void rehearse_fence(RunContext& context, Rehearsal& rehearsal);
// 6 cut_streams
StepStatus save_settings(RunContext& context);
StepStatus cut_streams(RunContext& context);
StepStatus streams_are_cut(RunContext& context);
// What is open of the cut of this standby; empty = it is cut, in effect.
std::string why_not_cut(const ServerLook& look);
void rehearse_cut_streams(RunContext& context, Rehearsal& rehearsal);
// 7 choose_candidate
StepStatus choose_candidate(RunContext& context);
void rehearse_choose_candidate(RunContext& context, Rehearsal& rehearsal);
// 8 promote
StepStatus may_promote(RunContext& context);
StepCheck is_promoted(RunContext& context);
StepStatus promote(RunContext& context);
StepStatus promotion_shows(RunContext& context);
// 9 prove_writable
StepCheck has_probe_row(RunContext& context);
StepStatus commit_probe_row(RunContext& context);
StepStatus reign_begins(RunContext& context);
// 10 switch_traffic
StepStatus reign_is_ours(RunContext& context);
StepStatus switch_traffic(RunContext& context);
StepStatus traffic_points_there(RunContext& context);
void rehearse_switch_traffic(RunContext& context, Rehearsal& rehearsal);
// 11 follow
StepStatus follow(RunContext& context);
StepStatus followers_replay(RunContext& context);
// Puts the saved settings on every standby that waits for them, with the new primary's address.
void give_settings_back(RunContext& context);
// The saved settings that no standby took back yet, with the new primary's address put in.
RunFacts settings_still_to_put_back(RunContext& context);
// 12 refence
StepCheck is_kept_out(RunContext& context);
StepStatus fence_again(RunContext& context);
StepStatus keeps_out(RunContext& context);
// 13 reconfigure
StepStatus hooks_are_due(RunContext& context);
StepCheck no_hook_is_open(RunContext& context);
StepStatus run_hooks(RunContext& context);
StepStatus hooks_are_in_force(RunContext& context);
// The care of rows 10 to 13 after success.
StepStatus traffic_still_points_there(RunContext& context);
StepStatus point_traffic_again(RunContext& context);
StepStatus all_follow(RunContext& context);
StepStatus restore_followers(RunContext& context);
StepStatus no_stale_primary(RunContext& context);
StepStatus fence_stale_primaries(RunContext& context);
StepStatus hooks_came_into_force(RunContext& context);
StepStatus run_hooks_again(RunContext& context);
// A server that lost a reign, has a fence, and was not seen following since.
bool must_be_kept_out(const RunContext& context, const std::string& server);
// Seen in recovery on the reign's timeline, it is one of its standbys, and nothing is kept out any more.
void note_rejoined(RunContext& context, const std::string& server, const ServerObservation& seen);
void forget_rejoined(RunContext& context, const std::string& server);
// Looks at the proof of such a server every few seconds, aside; the evidence when it does not hold any more.
std::optional<std::string> lost_proof(RunContext& context, const std::string& server);
// The facts by which the next run goes on watching the servers that lost an earlier reign.
RunFacts proofs_to_watch(const RunContext& context);
// What this process' observer saw of a server in the last seconds; null = it did not answer, or longer ago.
const ServerObservation* fresh_sight(const RunContext& context, const Snapshot* snapshot,
                                     const std::string& server);
// This process' observer sees the reign's primary, as a primary: clients may be sent there again.
bool is_seen_reigning(const RunContext& context);
// 14 account
StepStatus account(RunContext& context);

// Shared. Where the primary was when this process saw it last, into the facts.
void remember_last_sight(RunContext& context);
// Why the cluster must not be failed over at all; nothing = it may.
std::optional<Hindrance> why_not_act(const EngineDeps& deps);
// Why automation is latched, or cannot be told; nothing = it is free.
std::optional<Hindrance> why_latched(const EngineDeps& deps);
// What a person would have to permit, whether or not one did.
struct Need {
  std::string_view permit;  // kPermit*
  Hindrance hindrance;
};
std::vector<Need> needed_permissions(const RunContext& context, const std::optional<PredictedLoss>& loss);
// What is left of failover.cooldown since the last run that succeeded; zero = nothing.
Result<nanoseconds> cooldown_left(const EngineDeps& deps);
// The settings that a standby must not have lower, as the lost primary had them when it was last seen;
// nothing = never seen.
std::optional<StandbyMinimums> primary_minimums(const RunContext& context);
// Why a standby must not be promoted (S3); nothing = eligible.
std::optional<Hindrance> not_eligible(const RunContext& context, const LookResult& result);
// Which of these standbys may be promoted, which not and why, and who would lose least.
struct Admission {
  std::vector<std::string> fit;
  std::vector<std::pair<std::string, Hindrance>> unfit;
  std::string best;                        // empty when none is fit
  std::optional<PredictedLoss> best_loss;  // of it; nothing = unknown
};
Admission admission(const RunContext& context, const std::vector<LookResult>& looks);
// The settings that cut_streams changes, read side by side; in the order of `servers`.
std::vector<Result<SavedSettings>> read_settings_of(const RunContext& context,
                                                    const std::vector<PostgresServer*>& servers);
// A standby that could be chosen, by what it holds and then by its priority.
struct Choice {
  PostgresServer* server = nullptr;
  Lsn lsn;
  int priority = 0;
  bool better_than(const Choice& other) const {
    return lsn > other.lsn || (lsn == other.lsn && priority > other.priority);
  }
};
Choice choice_of(const RunContext& context, PostgresServer* server, Lsn lsn);
std::optional<PredictedLoss> loss_for(const RunContext& context,
                                      Lsn candidate);  // nothing = never seen: unknown
void record_loss(RunContext& context, const PredictedLoss& loss);
// Why the loss is beyond max_data_loss or max_exposure; nothing = within.
std::optional<Hindrance> loss_beyond_limit(const RunContext& context,
                                           const std::optional<PredictedLoss>& loss);
nanoseconds exposure(const RunContext& context);  // last sight until the fence held, or until now
// The fact that says which proof of isolation was read last of a server.
inline std::string kept_out_fact(const std::string& server) { return "kept_out." + server; }
std::vector<Fence*> fences_of(const RunContext& context, const std::string& server);
std::vector<Fence*> fences_of_old_primary(const RunContext& context);
// One traffic record: points it at the run's region, and looks until the clients' view agrees or the row's
// deadline comes.
struct Switched {
  std::string astray;  // why clients are not sent there; empty = they are
  std::string open;    // what is to be done at the provider although they are; empty = nothing
  std::optional<BootTime> taken = {};  // when the provider said yes first
};
Switched switch_one(RunContext& context, TrafficSwitch& traffic);
// Into facts by the record's key, what it left open: also a process that starts later mends it.
void note_left_open(RunContext& context, const std::string& record, const std::string& open);
// Runs of earlier versions have it by the name alone: taken as left open by every type of that name, until
// the provider says otherwise.
void read_left_open_by_name(RunContext& context);
// The fact that says what a switch left open at the provider.
inline std::string left_open_fact(const std::string& record) { return "traffic_left_open." + record; }
// What each of them says now, looked at side by side.
std::vector<FenceProof> read_proofs(const RunContext& context, const std::string& server);
struct NoProof {
  std::string said;      // by each of the fences
  bool refuted = false;  // one of them knows that the server is not isolated; else nobody knows anything
};
// The first proof of isolation, all fences looked at side by side. Who has not answered yet when one has a
// proof is not waited for.
tl::expected<FenceProof, NoProof> isolation_proof(RunContext& context);
bool promoted_on_new_timeline(const RunContext& context, const ServerLook& look);

// A row that polls ends this long before its deadline: a look cut short would say nothing but that.
inline constexpr nanoseconds kTimeForALook = 300ms;
inline constexpr const char* kStandbyNames =
    "synchronous_standby_names";  // fact: what the promoted server inherited
inline constexpr const char* kSavedPrefix =
    "saved.";  // fact: the settings of a standby that are to be put back
inline constexpr const char* kCutOnlyPrefix = "cut_only.";  // fact: why this standby is cut and nothing more
inline constexpr const char* kUncutPrefix = "uncut.";       // fact: why this standby could not be cut

}  // namespace farshore::rows

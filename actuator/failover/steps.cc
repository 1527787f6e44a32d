#include "actuator/failover/steps.h"

#include <array>

#include "actuator/failover/rows.h"

namespace farshore {
namespace {

using namespace rows;

constexpr std::array kSteps = {
    Step{
        1, "confirm_outage", "acting on a failure of the monitoring", "-", "",
        "own new session, the alert at the set number of Prometheus servers and the WAL receivers of all "
        "standbys "
        "agree; evidence of life ends it at once",
        may_act, nullptr, nullptr, confirm_outage, 15s, OnFailure::kRefuse, false,
        "mode and pause; whether the primary's life could be told, by the own sessions, by the WAL receivers "
        "and by enough Prometheus servers outside its region",
        rehearse_confirm_outage},
    Step{
        2, "admit", "starting what cannot end well", "- (always looked at anew)", "",
        "no standby that answers has heard the primary since (else refused); one or more are eligible and "
        "the "
        "lag at the last sight is within max_data_loss; unknown is not within",
        may_act, nullptr, nullptr, admit, 5s, OnFailure::kHold, false,
        "the same look at every standby, the loss were the primary lost now, and what a person would have to "
        "permit",
        rehearse_admit},
    Step{3, "take_claim", "two runs acting", "the claim is ours", "compare-and-swap on the epoch",
         "read back", may_act, nullptr, take_claim, claim_is_ours, 5s, OnFailure::kRefuse, false,
         "no run is open and nobody holds the claim", rehearse_take_claim},
    Step{5, "fence_old_primary", "two writers", "the proof says isolated",
         "asks every fence of the old primary", "the proof is read back; accepted is no proof", may_fence,
         is_fenced, fence, fence_holds, 30s, OnFailure::kHold, false,
         "a proof can be read, and says \"not isolated\" of a living primary", rehearse_fence, Care{},
         fence_limit},
    Step{6, "cut_streams",
         "siblings passing the candidate; a half-dead primary or an archive that still feeds", "-",
         "saves the settings of every reachable standby, clears primary_conninfo and restore_command; makes "
         "those that may be promoted replay all they hold",
         "both are empty in effect and no WAL receiver is left, in a new session", save_settings, nullptr,
         cut_streams, streams_are_cut, 10s, OnFailure::kHold, false,
         "the settings of a standby that may be promoted can be read and saved", rehearse_cut_streams},
    Step{7, "choose_candidate", "the wrong server", "-", "",
         "replay rests; the largest replay position on the reign's timeline with the reign's probe row wins, "
         "then the "
         "priority; its loss is within the limit",
         nullptr, nullptr, nullptr, choose_candidate, 15s, OnFailure::kHold, false,
         "who would be chosen by the position held now, and at what loss", rehearse_choose_candidate},
    Step{8, "promote", "promoting twice, or before the old primary is fenced",
         "not in recovery, timeline advanced", "pg_promote(false)",
         "not in recovery and a new timeline by the WAL file name; asked again when nothing moves",
         may_promote, is_promoted, promote, promotion_shows, 60s, OnFailure::kForward, true},
    Step{9, "prove_writable", "traffic to a server that hangs on commit",
         "the probe row of the new epoch is there", "commits the probe row",
         "the row is read in a second session; then the new reign is in force", nullptr, has_probe_row,
         commit_probe_row, reign_begins, 30s, OnFailure::kForward, false},
    Step{10, "switch_traffic", "split clients", "-", "points every traffic record at the new region",
         "every answering authoritative name server gives the new target, and at least one answers; a "
         "provider "
         "that took it has the time that its kind takes to publish (docs/providers.md) before the run is "
         "held; "
         "standbys are led and a returned old primary is fenced meanwhile",
         reign_is_ours, nullptr, switch_traffic, traffic_points_there, 10s, OnFailure::kForward, false,
         "the target is known, the provider says where it points, a name server answers",
         rehearse_switch_traffic,
         Care{.holds = traffic_still_points_there, .mend = point_traffic_again, .every = 5s}},
    Step{
        11,
        "follow",
        "orphaned standbys, a rewind that says it is not needed",
        "-",
        "CHECKPOINT (not awaited); makes the slots of the other standbys and puts their saved settings back, "
        "with the new primary's address; one that streamed from another standby goes on to",
        "they replay the new probe row, a delayed one points there; nothing of the cut is left in their "
        "settings",
        reign_is_ours,
        nullptr,
        follow,
        followers_replay,
        5s,
        OnFailure::kNote,
        false,
        {},
        nullptr,
        Care{.holds = all_follow, .mend = restore_followers, .every = 5s, .slows_down = true}},
    Step{12,
         "refence",
         "a returned old primary",
         "the proof says isolated, or there is no fence to ask",
         "asks every fence of a server that lost the reign and may write",
         "the proof is read back, and again every few seconds for as long as the reign lasts",
         reign_is_ours,
         is_kept_out,
         fence_again,
         keeps_out,
         5s,
         OnFailure::kNote,
         false,
         {},
         nullptr,
         Care{.holds = no_stale_primary, .mend = fence_stale_primaries, .every = 1s, .urgent = true}},
    Step{13,
         "reconfigure",
         "applications on old settings",
         "no hook is left that was not in force once",
         "runs the hooks in their order, each until its check holds; they go on aside from the run",
         "the check of each hook; its exit where it has none",
         hooks_are_due,
         no_hook_is_open,
         run_hooks,
         hooks_are_in_force,
         3s,
         OnFailure::kNote,
         false,
         {},
         nullptr,
         Care{.holds = hooks_came_into_force, .mend = run_hooks_again, .every = 5s, .slows_down = true}},
    Step{14, "account", "not knowing the cost", "-", "", "the report is in the journal", nullptr, nullptr,
         nullptr, account, 5s, OnFailure::kNote, false},
};

consteval bool table_is_sound() {
  size_t no_return = 0, fence_row = 0, promote_row = 0;
  for (size_t i = 0; i < kSteps.size(); ++i) {
    if (i > 0 && kSteps[i - 1].number >= kSteps[i].number) return false;
    // That it has a verify is a test's business: with -fsanitize=undefined g++ 12 takes no comparison of a
    // function pointer for constant.
    if (kSteps[i].danger.empty() || kSteps[i].verified_by.empty()) return false;
    if (kSteps[i].name == "fence_old_primary") fence_row = i;
    if (kSteps[i].name == "promote") promote_row = i;
    no_return += kSteps[i].point_of_no_return;
  }
  return no_return == 1 && fence_row < promote_row && kSteps[promote_row].point_of_no_return;
}
static_assert(table_is_sound(),
              "numbers ascend, every row says its danger and looks, the fence comes before promote");

std::string_view words(OnFailure on_failure) {
  switch (on_failure) {
    case OnFailure::kRefuse:
      return "refused, may be tried again";
    case OnFailure::kHold:
      return "held, everything put back";
    case OnFailure::kForward:
      return "keeps trying; held meanwhile, nothing put back";
    case OnFailure::kNote:
      return "noted";
  }
  return "";
}

}  // namespace

std::span<const Step> failover_steps() { return kSteps; }

size_t point_of_no_return_row() {
  for (size_t i = 0; i < kSteps.size(); ++i)
    if (kSteps[i].point_of_no_return) return i;
  return kSteps.size();
}

std::string steps_markdown() {
  std::string text =
      "# The failover, step by step\n\n"
      "Printed by `farshorectl steps --markdown` from the table that the engine runs; a test compares the "
      "two.\n"
      "Before **promote** a run that cannot go on puts everything back; from there on it only goes "
      "forward.\n\n"
      "| # | step | danger avoided | already done when | effect | verified by | limit | on failure | "
      "rehearsed by |\n"
      "|---|---|---|---|---|---|---|---|---|\n";
  for (const Step& step : kSteps)
    text += fmt::format("| {} | {}{} | {} | {} | {} | {} | {} s{} | {} | {} |\n", step.number, step.name,
                        step.point_of_no_return ? " (no return)" : "", step.danger, step.done_when,
                        step.effect.empty() ? "none" : step.effect, step.verified_by,
                        static_cast<int>(to_seconds(step.deadline)),
                        step.longer != nullptr ? ", or longer when one of them says so" : "",
                        words(step.on_failure), step.rehearsed_by.empty() ? "-" : step.rehearsed_by);
  text +=
      "\n## What can stand in the way\n\n"
      "`farshorectl plan` rehearses the rows that say by what, with the primary alive and touching nothing. "
      "The "
      "reasons that\nit can give, which are the label `reason` of `farshore_failover_ready`:\n\n"
      "| reason | meaning |\n|---|---|\n";
  for (const ObstacleWord& word : obstacle_words())
    text += fmt::format("| `{}` | {} |\n", word.word, word.meaning);
  return text;
}

}  // namespace farshore

// Why a run or an alert went as it did, and what a person can do now.
#include <array>

#include "actuator/ctl/json_text.h"
#include "actuator/ctl/text_table.h"
#include "actuator/ctl/words.h"
#include "actuator/failover/steps.h"

namespace farshore {
namespace {

// What to mend when a run is held at a row. {old}, {new}, {region} and {cluster} stand for the run's.
struct Remedy {
  std::string_view row, text;
};
constexpr std::array kRemedies = {
    Remedy{"confirm_outage",
           "See whether {old} is really lost: 'farshorectl status {cluster}' shows who sees it and what each "
           "Prometheus server says."},
    Remedy{
        "admit",
        "Mend what is named above ('farshorectl status {cluster}' shows every server), or permit it if you "
        "accept what it costs."},
    Remedy{"take_claim",
           "Another run has the claim on the next epoch: 'farshorectl runs' shows it; end that one first."},
    Remedy{"fence_old_primary",
           "Make sure by your own means that {old} is off and stays off, and see why its fence cannot prove "
           "it; permit going on WITHOUT PROOF only when you know that it cannot write."},
    Remedy{
        "cut_streams",
        "See that the standbys answer the actuator's admin role and take ALTER SYSTEM; 'farshorectl status "
        "{cluster}' shows who answers."},
    Remedy{"choose_candidate",
           "See why replay does not rest or no standby fits, on the standbys themselves: their logs, "
           "pg_stat_wal_receiver, paused replay, restore_command."},
    Remedy{"promote", "See the log of {new}; nothing else may be promoted before {new} is fenced."},
    Remedy{"prove_writable",
           "Make a commit on {new} possible: disk space, default_transaction_read_only, "
           "synchronous_standby_names."},
    Remedy{"switch_traffic",
           "See why the traffic provider does not take or publish it, or point the records at {region} by "
           "hand."},
    Remedy{"follow", "The other standbys do not follow {new} yet: see their logs."},
    Remedy{"refence",
           "Keep {old} from writing by your own means, and see why its fence cannot; Farshore goes on asking "
           "it."},
    Remedy{
        "reconfigure",
        "See what the hooks that are named print and why, or do by hand what they should; Farshore goes on "
        "asking them."},
    Remedy{"account", "Only the report is missing: see that the journal can be written."},
};

void put_in(std::string& text, std::string_view name, const std::string& value) {
  for (size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size()))
    text.replace(at, name.size(), value);
}

std::string remedy_of(const JsonValue& run) {
  for (const Remedy& remedy : kRemedies) {
    if (remedy.row != text_of(run, "step")) continue;
    std::string text(remedy.text);
    const std::string candidate = printable(text_of(run, "candidate"));
    put_in(text, "{old}", printable(text_of(run, "old_primary")));
    put_in(text, "{new}", candidate.empty() ? "the candidate" : candidate);
    put_in(text, "{region}", printable(text_of(run, "region")));
    put_in(text, "{cluster}", printable(text_of(run, "cluster")));
    return text;
  }
  return "";
}

std::string_view danger_of(const std::string& name) {
  for (const Step& step : failover_steps())
    if (step.name == name) return step.danger;
  return "";
}

std::string what_to_do_when_held(const JsonValue& run) {
  const std::string id = printable(text_of(run, "id")), remedy = remedy_of(run);
  if (flag_of(run, "promoting"))
    return fmt::format(
        "It is past the point of no return and goes on by itself as soon as it can; mend the cause.\n{}\n",
        remedy);
  std::string text = fmt::format(
      "Everything was put back, and nothing happens until a person decides.\n{}\n"
      "Then:\n",
      remedy);
  const auto facts = run.find("facts");
  if (facts && !text_of(*facts, "needs").empty())
    text +=
        "  farshorectl approve " + id + "   permits what it needs and starts again with new observations\n";
  return text + "  farshorectl retry " + id + "     starts again with new observations, permits nothing\n" +
         "  farshorectl abandon " + id + "   ends it\n";
}

std::string what_to_do(const JsonValue& run) {
  const std::string id = printable(text_of(run, "id")), state = text_of(run, "state");
  if (state == "running") return "It is under way: farshorectl show " + id + " tells how far.\n";
  if (state == "held") return what_to_do_when_held(run);
  if (state != "refused") return "";
  if (flag_of(run, "retryable"))
    return "Nothing was done. While the alert fires it is tried again by itself, at most every 10 s; if the "
           "primary is lost all the same, " +
           remedy_of(run) + "\n";
  return "Nothing was done, and it is not tried again for this alert; a new loss begins a new run.\n";
}

std::string verdict_in_words(const std::string& verdict) {
  if (verdict == "acted_on") return "was acted on";
  if (verdict == "pending") return "waits for its verdict";
  if (verdict == "duplicate") return "repeats an alert that was taken already";
  if (verdict == "noted") return "was only noted";
  return "was " + printable(verdict);
}

}  // namespace

std::string why_run(const JsonValue& run) {
  std::string text =
      fmt::format("Run {} of cluster {}: {} at {}\n", printable(text_of(run, "id")),
                  printable(text_of(run, "cluster")), text_of(run, "state"), text_of(run, "step"));
  const std::string reason = printable(text_of(run, "reason"));
  if (!reason.empty()) text += "Because " + reason + ".\n";
  text += "\n";
  for (const JsonValue& step : items_of(run, "steps")) {
    const std::string name = text_of(step, "name"), took = seconds_of(step, "seconds");
    text += fmt::format("{} (attempt {}): {}{}", printable(name), text_of(step, "attempt"),
                        text_of(step, "state"), took.empty() ? "" : " after " + took);
    if (const std::string detail = text_of(step, "detail"); !detail.empty()) text += ": " + printable(detail);
    text += "\n";
    if (const std::string_view danger = danger_of(name); !danger.empty())
      text += fmt::format("    guards against {}\n", danger);
  }
  const std::string advice = what_to_do(run);
  return advice.empty() ? text : text + "\n" + advice;
}

std::string why_alert(const JsonValue& alert, const JsonValue* run) {
  const std::string id = printable(text_of(alert, "run_id")), reason = printable(text_of(alert, "reason"));
  std::string text = fmt::format(
      "Alert {}: {} ({}) of server {} in {}, cluster {}, epoch {}, since {}\nBrought by {} at {}.\n",
      text_of(alert, "id"), printable(text_of(alert, "alertname")), text_of(alert, "status"),
      printable(text_of(alert, "server")), printable(text_of(alert, "region")),
      printable(text_of(alert, "cluster")), text_of(alert, "epoch"), time_of(alert, "starts_at"),
      printable(text_of(alert, "principal")), time_of(alert, "received_at"));
  text += fmt::format("It {}{}{}.\n", verdict_in_words(text_of(alert, "verdict")), reason.empty() ? "" : ": ",
                      reason);
  if (id.empty()) return text;
  if (run == nullptr) return text + "It belongs to run " + id + ": farshorectl why " + id + "\n";
  const std::string because = printable(text_of(*run, "reason"));
  return text + fmt::format("It belongs to run {}, which is {}{}{}: farshorectl why {}\n", id,
                            text_of(*run, "state"), because.empty() ? "" : ", because ", because, id);
}

}  // namespace farshore

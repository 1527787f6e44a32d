#include "actuator/ctl/json_text.h"
#include "actuator/ctl/text_table.h"
#include "actuator/ctl/words.h"
#include "actuator/failover/permits.h"

namespace farshore {
namespace {

using Rows = std::vector<std::vector<std::string>>;

void add(Rows& rows, const std::string& name, const std::string& value) {
  if (!value.empty()) rows.push_back({name, value});
}

std::string fact_of(const JsonValue& run, std::string_view name) {
  const auto facts = run.find("facts");
  return facts ? text_of(*facts, name) : "";
}

std::string loss_in_words(const JsonValue& run) {
  const auto loss = run.find("predicted_loss_bytes");
  if (!loss || text_of(*loss, "lower").empty()) return "";
  const std::string upper = text_of(*loss, "upper");
  return fmt::format("{} to {} bytes of WAL", text_of(*loss, "lower"), upper.empty() ? "unknown" : upper);
}

std::string headline(const JsonValue& run) {
  return fmt::format("Run {} of cluster {}: {} at {}\n", printable(text_of(run, "id")),
                     printable(text_of(run, "cluster")), text_of(run, "state"), text_of(run, "step"));
}

std::string summary(const JsonValue& run) {
  Rows rows;
  add(rows, "reason", text_of(run, "reason"));
  rows.push_back({"lost", fmt::format("{} in {}, primary of epoch {}", text_of(run, "old_primary"),
                                      text_of(run, "old_region"), text_of(run, "from_epoch"))});
  if (!text_of(run, "candidate").empty())
    rows.push_back({"candidate", fmt::format("{} in {}, for epoch {}", text_of(run, "candidate"),
                                             text_of(run, "region"), text_of(run, "epoch"))});
  add(rows, "accepted", time_of(run, "accepted_at"));
  add(rows, "started", time_of(run, "started_at"));
  add(rows, "ended", time_of(run, "ended_at"));
  add(rows, "write outage", seconds_of(run, "write_outage_seconds"));
  add(rows, "exposure", seconds_of(run, "exposure_seconds"));
  add(rows, "predicted loss", loss_in_words(run));
  add(rows, "fork", text_of(run, "fork_lsn"));
  add(rows, "caches clear", time_of(run, "traffic_caches_clear_at"));
  add(rows, "sessions left", text_of(run, "old_primary_sessions"));
  return text_table(rows, "  ");
}

std::string needs_in_words(const std::string& needs) {
  std::string text;
  for (const std::string& clause : permits_in_words(needs)) text += "  - " + printable(clause) + "\n";
  return text;
}

}  // namespace

std::string runs_in_words(const JsonValue& runs) {
  Rows rows{{"RUN", "CLUSTER", "STATE", "AT", "FROM", "TO", "STARTED", "REASON"}};
  for (const JsonValue& run : items_of(runs, "runs"))
    rows.push_back({text_of(run, "id"), text_of(run, "cluster"), text_of(run, "state"), text_of(run, "step"),
                    text_of(run, "old_primary"), text_of(run, "candidate"), time_of(run, "started_at"),
                    text_of(run, "reason")});
  if (rows.size() == 1) return "There have been no runs.\n";
  return text_table(rows);
}

std::string run_in_words(const JsonValue& run, const std::string& digest) {
  std::string text = headline(run) + summary(run) + "\n";
  Rows steps{{"ATTEMPT", "STEP", "STATE", "TOOK", "DETAIL"}};
  for (const JsonValue& step : items_of(run, "steps"))
    steps.push_back({text_of(step, "attempt"), text_of(step, "name"), text_of(step, "state"),
                     seconds_of(step, "seconds"), text_of(step, "detail")});
  text += text_table(steps, "  ");
  Rows facts;
  if (const auto object = run.find("facts"))
    for (const auto& [name, value] : object->members())
      if (const std::string shown = value.as_string().value_or(""); !shown.empty())
        facts.push_back({name, shown});
  if (!facts.empty()) text += "\n  Facts\n" + text_table(facts, "  ");
  if (!digest.empty()) text += "\n  Digest for an approval: " + printable(digest) + "\n";
  return text;
}

std::string approval_in_words(const JsonValue& run, const std::string& digest) {
  const std::string needs = fact_of(run, "needs");
  std::string text = headline(run) + summary(run);
  Rows rows;
  add(rows, "best candidate", fact_of(run, "best_candidate"));
  add(rows, "loss as shown", fact_of(run, "shown_loss_bytes"));
  add(rows, "fence", fact_of(run, "fence_evidence"));
  add(rows, "digest", digest);
  text += text_table(rows, "  ");
  if (!needs.empty())
    text += "An approval permits, once and for the next 15 minutes:\n" + needs_in_words(needs);
  return text;
}

}  // namespace farshore

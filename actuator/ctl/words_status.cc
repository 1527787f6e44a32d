#include "actuator/ctl/json_text.h"
#include "actuator/ctl/text_table.h"
#include "actuator/ctl/words.h"

namespace farshore {
namespace {

// Empty when protected; else why not.
std::string unprotected_because(const JsonValue& cluster) {
  if (const auto latch = cluster.find("latch"))
    return fmt::format("automation is latched since {}: {}; look, then farshorectl unlatch",
                       time_of(*latch, "since"), text_of(*latch, "reason"));
  if (const auto pause = cluster.find("pause"))
    return fmt::format("paused by {} since {}: {}", text_of(*pause, "by"), time_of(*pause, "since"),
                       text_of(*pause, "reason"));
  if (const auto run = cluster.find("open_run")) {
    const std::string id = text_of(*run, "id"), reason = text_of(*run, "reason");
    if (text_of(*run, "state") == "running")
      return fmt::format("failing over: run {} is at {}", id, text_of(*run, "step"));
    return fmt::format("run {} is held at {}: {}", id, text_of(*run, "step"), reason);
  }
  if (const std::string problem = text_of(cluster, "problem"); !problem.empty()) return problem;
  if (text_of(cluster, "mode") == "off") return "failover.mode is off";
  if (!cluster.find("reign")) return "no primary is known yet";
  return "";
}

std::string state_of(const JsonValue& server) {
  if (flag_of(server, "up")) return "up";
  const std::string failure = text_of(server, "failure");
  return failure.empty() ? "not seen yet" : "no answer (" + failure + ")";
}

std::string servers_table(const JsonValue& cluster) {
  std::vector<std::vector<std::string>> rows{
      {"SERVER", "REGION", "ROLE", "STATE", "TIMELINE", "POSITION", "SEEN"}};
  for (const JsonValue& server : items_of(cluster, "servers")) {
    std::string position = text_of(server, "flush_lsn");
    if (position.empty()) position = text_of(server, "replay_lsn");
    const std::string seen = seconds_of(server, "seen_seconds_ago");
    rows.push_back({text_of(server, "server"), text_of(server, "region"), text_of(server, "role"),
                    state_of(server), text_of(server, "timeline"), position,
                    seen.empty() ? "never" : seen + " ago"});
  }
  return text_table(rows, "  ");
}

// What a failover left to be done, and is being tried again. Empty when there is nothing.
std::string open_ends_table(const JsonValue& cluster) {
  struct Kind {
    const char *list, *name, *words;
  };
  constexpr Kind kKinds[] = {{"traffic_open", "record", "traffic"},
                             {"stale_primaries", "server", "stale primary"},
                             {"hooks_open", "hook", "hook"}};
  std::vector<std::vector<std::string>> rows{{"OPEN", "NAME", "SINCE", "WHY"}};
  for (const Kind& kind : kKinds)
    for (const JsonValue& end : items_of(cluster, kind.list))
      rows.push_back({kind.words, text_of(end, kind.name), time_of(end, "since"), text_of(end, "why")});
  return rows.size() == 1 ? "" : text_table(rows, "  ");
}

std::string cluster_text(const JsonValue& cluster, const std::string& problem) {
  std::vector<std::vector<std::string>> facts;
  facts.push_back({"mode", text_of(cluster, "mode")});
  if (const auto reign = cluster.find("reign"))
    facts.push_back({"primary", fmt::format("{}, epoch {} since {}, timeline {}", text_of(*reign, "server"),
                                            text_of(*reign, "epoch"), time_of(*reign, "since"),
                                            text_of(*reign, "timeline"))});
  if (const auto run = cluster.find("open_run"))
    facts.push_back({"run", text_of(*run, "id") + " (farshorectl why " + text_of(*run, "id") + ")"});
  return printable(text_of(cluster, "cluster")) + ": " +
         (problem.empty() ? "protected" : "NOT PROTECTED: " + printable(problem)) + "\n" +
         text_table(facts, "  ") + servers_table(cluster) + open_ends_table(cluster);
}

}  // namespace

StatusText status_in_words(const JsonValue& status, const std::string& only) {
  StatusText result;
  for (const JsonValue& cluster : items_of(status, "clusters")) {
    if (!only.empty() && text_of(cluster, "cluster") != only) continue;
    const std::string problem = unprotected_because(cluster);
    if (result.found) result.text += "\n";
    result.text += cluster_text(cluster, problem);
    result.all_protected = result.all_protected && problem.empty();
    result.found = true;
  }
  return result;
}

std::string approval_digest_of(const JsonValue& status, const std::string& run_id) {
  for (const JsonValue& cluster : items_of(status, "clusters"))
    if (const auto run = cluster.find("open_run"); run && text_of(*run, "id") == run_id)
      return text_of(cluster, "approval_digest");
  return "";
}

}  // namespace farshore

#include "actuator/page/words.h"

#include <algorithm>
#include <array>

#include "actuator/page/step_lines.h"

namespace farshore {
namespace {

ClusterWords running_words(const RunRecord& run, const std::vector<StepRecord>& steps) {
  ClusterWords words{Alarm::kWork, "FAILING OVER", "", "", run.id};
  const auto lines = step_lines(run, steps, run.started_at);
  const StepLine* at = line_at_work(lines);
  words.why = at == nullptr ? fmt::format("run {} is ending", run.id)
                            : fmt::format("step {} of {}, {}", at->position, lines.size(), at->name);
  words.to_do = fmt::format("nothing; {} is lost, and it goes on by itself.", run.old_primary);
  if (run.promoting) words.to_do = "nothing; it is past the point of no return and goes on by itself.";
  return words;
}

ClusterWords held_words(const ClusterStatus& cluster) {
  const RunRecord& run = *cluster.open_run;
  ClusterWords words{Alarm::kPerson, "HELD", run.reason, "", run.id};
  if (run.promoting)
    words.to_do =
        "mend the cause; it is past the point of no return and goes on by itself as soon as it can.";
  else if (cluster.approval_digest.empty())
    words.to_do = "everything was put back; mend the cause and retry the run, or abandon it.";
  else
    words.to_do = "everything was put back; approve, retry or abandon the run.";
  return words;
}

ClusterWords latched_words(const ClusterStatus& cluster) {
  return {Alarm::kPerson, "NOT PROTECTED",
          fmt::format("automation is latched for every cluster since {}: {}",
                      format_rfc3339(cluster.latch->since), cluster.latch->reason),
          "look at both sides, then clear the latch.", cluster.open_run ? cluster.open_run->id : ""};
}

// Why nobody looks after it, and what to do about that; empty = somebody does.
ClusterWords unprotected_words(const ClusterStatus& cluster) {
  ClusterWords words{Alarm::kPerson, "NOT PROTECTED", "", "", ""};
  if (cluster.pause) {
    words.why = fmt::format("paused by {} since {}: {}", cluster.pause->by,
                            format_rfc3339(cluster.pause->since), cluster.pause->reason);
    words.to_do = "resume it when that is over.";
  } else if (!cluster.problem.empty()) {
    words.why = cluster.problem;
    words.to_do = "mend that; the actuator looks again every second.";
  } else if (cluster.mode == "off") {
    words.why = "failover.mode is off";
    words.to_do = "set failover.mode in the topology file and restart the actuator.";
  } else if (!cluster.reign) {
    words.why = "no primary is known yet";
    words.to_do = "wait until every server was seen; the first primary is then adopted.";
  } else {
    words.state.clear();
  }
  return words;
}

}  // namespace

ClusterWords cluster_in_words(const ClusterStatus& cluster, const std::vector<StepRecord>& steps) {
  if (cluster.open_run && cluster.open_run->state == RunState::kRunning)
    return running_words(*cluster.open_run, steps);
  if (cluster.latch) return latched_words(cluster);
  if (cluster.open_run && cluster.open_run->state == RunState::kHeld) return held_words(cluster);
  if (const ClusterWords words = unprotected_words(cluster); !words.state.empty()) return words;
  const auto obstacle = cluster.plan
                            ? std::ranges::find(cluster.plan->obstacles, false, &Obstacle::approvable)
                            : std::vector<Obstacle>::const_iterator{};
  if (cluster.plan && obstacle != cluster.plan->obstacles.end())
    return {Alarm::kPerson, "NOT PROTECTED", obstacle->text, "see what stands in the way, below.", ""};
  if (cluster.plan && !cluster.plan->obstacles.empty())
    return {Alarm::kNone, "PROTECTED, IF A PERSON APPROVES", cluster.plan->obstacles.front().text, "", ""};
  if (cluster.mode == "approve")
    return {Alarm::kNone, "PROTECTED, IF A PERSON APPROVES", "failover.mode is approve", "", ""};
  return {Alarm::kNone, "PROTECTED", fmt::format("{} is the primary", cluster.reign->server), "", ""};
}

std::string bytes_in_words(int64_t bytes) {
  constexpr std::array kUnits = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto amount = static_cast<double>(bytes);
  size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < kUnits.size(); ++unit) amount /= 1024;
  if (unit == 0) return bytes == 1 ? "1 byte" : fmt::format("{} bytes", bytes);
  return fmt::format("{:.1f} {}", amount, kUnits.at(unit));
}

std::string span_in_words(nanoseconds span) {
  const double total = to_seconds(span);
  if (total < 60) return fmt::format("{:.1f} s", total);
  const auto whole = static_cast<int64_t>(total);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
  return fmt::format("{} d {} h", whole / 86400, whole % 86400 / 3600);
}

std::optional<int64_t> lag_bytes(const ClusterStatus& cluster, const ServerObservation& standby) {
  if (!cluster.reign || !standby.facts || !standby.facts->in_recovery) return std::nullopt;
  const auto primary = std::ranges::find(cluster.servers, cluster.reign->server, &ServerObservation::server);
  if (primary == cluster.servers.end() || !primary->facts || !primary->facts->flush) return std::nullopt;
  const auto held = standby.facts->held();
  if (!held) return std::nullopt;
  // The standby may have been looked at a moment later than the primary.
  return std::max<int64_t>(0, *primary->facts->flush - *held);
}

}  // namespace farshore

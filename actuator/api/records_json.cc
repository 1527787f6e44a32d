#include "actuator/api/records_json.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "actuator/journal/run_json.h"

namespace farshore {
namespace {

void time_field(JsonWriter& writer, std::string_view name, const std::optional<WallTime>& time) {
  if (time) {
    writer.field(name, format_rfc3339(*time));
  } else {
    writer.null_field(name);
  }
}

template <typename T>
void optional_field(JsonWriter& writer, std::string_view name, const std::optional<T>& value) {
  if (value) {
    writer.field(name, *value);
  } else {
    writer.null_field(name);
  }
}

void lsn_field(JsonWriter& writer, std::string_view name, const std::optional<Lsn>& lsn) {
  optional_field(writer, name, lsn ? std::optional(lsn->to_string()) : std::nullopt);
}

// ---- status ----

void write_server(JsonWriter& writer, const ServerObservation& server, BootTime boot_now) {
  writer.begin_object()
      .field("server", server.server)
      .field("region", server.region)
      .field("up", server.up)
      .field("failure", to_string(server.failure))
      .field("failure_text", server.failure_text);
  optional_field(
      writer, "seen_seconds_ago",
      server.last_success ? std::optional(to_seconds(boot_now - *server.last_success)) : std::nullopt);
  const auto& facts = server.facts;
  optional_field(
      writer, "role",
      facts ? std::optional<std::string>(facts->in_recovery ? "standby" : "primary") : std::nullopt);
  optional_field(writer, "timeline", facts ? std::optional<int64_t>(facts->timeline) : std::nullopt);
  lsn_field(writer, "flush_lsn", facts ? facts->flush : std::nullopt);
  lsn_field(writer, "receive_lsn", facts ? facts->receive : std::nullopt);
  lsn_field(writer, "replay_lsn", facts ? facts->replay : std::nullopt);
  writer.end_object();
}

// "not_asked" is not "unknown": nobody wants to know while no run is open.
void write_vote(JsonWriter& writer, const AlertVote& vote, BootTime boot_now) {
  constexpr std::string_view kWords[] = {"unknown", "firing", "not_firing"};
  const bool known = vote.watched && vote.vote != Vote::kUnknown;
  writer.begin_object()
      .field("region", vote.region)
      .field("vote", vote.watched ? kWords[static_cast<size_t>(vote.vote)] : "not_asked");
  optional_field(writer, "live_primary", known ? std::optional(vote.live_primary) : std::nullopt);
  optional_field(writer, "asked_seconds_ago",
                 vote.asked != BootTime{} ? std::optional(to_seconds(boot_now - vote.asked)) : std::nullopt);
  writer.field("detail", vote.detail).end_object();
}

void write_reign(JsonWriter& writer, const std::optional<Reign>& reign) {
  if (!reign) {
    writer.null_field("reign");
    return;
  }
  writer.object("reign")
      .field("epoch", reign->epoch)
      .field("server", reign->server)
      .field("timeline", reign->timeline)
      .field("system_identifier", reign->system_identifier)
      .field("since", format_rfc3339(reign->since))
      .end_object();
}

void write_pause(JsonWriter& writer, const std::optional<Pause>& pause) {
  if (!pause) {
    writer.null_field("pause");
    return;
  }
  writer.object("pause")
      .field("by", pause->by)
      .field("reason", pause->reason)
      .field("since", format_rfc3339(pause->since))
      .end_object();
}

void write_latch(JsonWriter& writer, const std::optional<LatchRecord>& latch) {
  if (!latch) {
    writer.null_field("latch");
    return;
  }
  writer.object("latch")
      .field("reason", latch->reason)
      .field("since", format_rfc3339(latch->since))
      .end_object();
}

void write_open_ends(JsonWriter& writer, std::string_view name, std::string_view of,
                     const std::vector<OpenEnd>& ends) {
  writer.array(name);
  for (const OpenEnd& end : ends)
    writer.begin_object()
        .field(of, end.name)
        .field("why", end.why)
        .field("since", format_rfc3339(end.since))
        .end_object();
  writer.end_array();
}

void write_cluster(JsonWriter& writer, const ClusterStatus& cluster, BootTime boot_now) {
  writer.begin_object().field("cluster", cluster.cluster).field("mode", cluster.mode);
  writer.field("paused", cluster.pause.has_value());
  write_pause(writer, cluster.pause);
  write_latch(writer, cluster.latch);
  write_reign(writer, cluster.reign);
  if (cluster.claim) {
    writer.object("claim")
        .field("epoch", cluster.claim->epoch)
        .field("run_id", cluster.claim->run_id)
        .end_object();
  } else {
    writer.null_field("claim");
  }
  writer.key("open_run");
  if (cluster.open_run) {
    write_run(writer, *cluster.open_run);
  } else {
    writer.null();
  }
  writer.field("problem", cluster.problem).field("approval_digest", cluster.approval_digest);
  writer.key("plan");
  if (cluster.plan) {
    write_plan(writer, *cluster.plan, boot_now);
  } else {
    writer.null();
  }
  writer.array("servers");
  for (const auto& server : cluster.servers) write_server(writer, server, boot_now);
  writer.end_array().field("votes_needed", int64_t{cluster.votes_needed}).array("votes");
  for (const auto& vote : cluster.votes) write_vote(writer, vote, boot_now);
  writer.end_array();
  write_open_ends(writer, "traffic_open", "record", cluster.traffic_open);
  write_open_ends(writer, "stale_primaries", "server", cluster.stale_primaries);
  write_open_ends(writer, "hooks_open", "hook", cluster.hooks_open);
  writer.end_object();
}

std::string_view state_word(PlanState state) {
  switch (state) {
    case PlanState::kFine:
      return "fine";
    case PlanState::kBlocked:
      return "blocked";
    case PlanState::kNotLooked:
      return "not_looked";
  }
  return "";
}

// ---- runs ----

// An empty fact is one that was taken back.
std::optional<std::string> fact(const RunFacts& facts, const std::string& name) {
  const auto found = facts.find(name);
  return found == facts.end() || found->second.empty() ? std::nullopt : std::optional(found->second);
}

template <typename T>
std::optional<T> number_fact(const RunFacts& facts, const std::string& name) {
  const auto text = fact(facts, name);
  if (!text) return std::nullopt;
  T number{};
  const char* last = text->data() + text->size();
  const auto [end, error] = std::from_chars(text->data(), last, number);
  if (error != std::errc() || end != last) return std::nullopt;
  return number;
}

std::optional<std::string> time_fact(const RunFacts& facts, const std::string& name) {
  const auto text = fact(facts, name);
  return text && parse_rfc3339(*text) ? text : std::nullopt;
}

// From the accepted webhook to the traffic seen at the new region.
// As the run measured it, by the boot-time clock; of a run of an earlier version by the wall clock.
std::optional<double> actuator_seconds(const RunRecord& run, const RunFacts& facts) {
  if (const auto measured = number_fact<double>(facts, "actuator_seconds")) return measured;
  const auto text = fact(facts, "traffic_verified_at");
  if (!text) return std::nullopt;
  const auto verified = parse_rfc3339(*text);
  if (!verified) return std::nullopt;
  return to_seconds(*verified - run.accepted_at);
}

void write_figures(JsonWriter& writer, const RunRecord& run, const RunFacts& facts) {
  const RunFigures figures = figures_of(run, facts);
  optional_field(writer, "quorum_wait_seconds", figures.quorum_wait_seconds);
  optional_field(writer, "actuator_seconds", figures.actuator_seconds);
  optional_field(writer, "write_outage_seconds", number_fact<double>(facts, "write_outage_seconds"));
  optional_field(writer, "exposure_seconds", figures.exposure_seconds);
  optional_field(writer, "fork_lsn", fact(facts, "fork_lsn"));
  optional_field(writer, "traffic_caches_clear_at", time_fact(facts, "traffic_caches_clear_at"));
  optional_field(writer, "old_primary_sessions", number_fact<int64_t>(facts, "old_primary_sessions"));
  writer.object("predicted_loss_bytes");
  optional_field(writer, "lower", figures.predicted_loss_lower_bytes);
  optional_field(writer, "upper", figures.predicted_loss_upper_bytes);
  writer.end_object();
}

}  // namespace

void write_status(JsonWriter& writer, const std::vector<ClusterStatus>& clusters, WallTime now,
                  BootTime boot_now) {
  writer.begin_object().field("time", format_rfc3339(now)).array("clusters");
  for (const auto& cluster : clusters) write_cluster(writer, cluster, boot_now);
  writer.end_array().end_object();
}

void write_plan(JsonWriter& writer, const FailoverPlan& plan, BootTime boot_now) {
  writer.begin_object()
      .field("cluster", plan.cluster)
      .field("at", format_rfc3339(plan.at))
      .field("age_seconds", to_seconds(boot_now - plan.looked_at))
      .field("ready", plan.ready())
      .field("primary", plan.primary)
      .field("candidate", plan.candidate);
  optional_field(writer, "loss_bytes", plan.loss_bytes);
  optional_field(writer, "loss_seconds",
                 plan.loss_time ? std::optional(to_seconds(*plan.loss_time)) : std::nullopt);
  writer.array("steps");
  for (const auto& step : plan.steps)
    writer.begin_object()
        .field("number", step.number)
        .field("name", step.name)
        .field("danger", step.danger)
        .field("state", state_word(step.state))
        .field("text", step.text)
        .end_object();
  writer.end_array().array("obstacles");
  for (const auto& obstacle : plan.obstacles)
    writer.begin_object()
        .field("reason", obstacle.reason)
        .field("text", obstacle.text)
        .field("approvable", obstacle.approvable)
        .end_object();
  writer.end_array().end_object();
}

void write_alert(JsonWriter& writer, const AlertRecord& alert) {
  writer.begin_object().field("id", alert.id);
  time_field(writer, "received_at", alert.received_at);
  writer.field("principal", alert.principal)
      .field("status", alert.status == AlertStatus::kFiring ? "firing" : "resolved")
      .field("alertname", alert.alertname)
      .field("action", alert.action)
      .field("cluster", alert.cluster)
      .field("region", alert.region)
      .field("server", alert.server)
      .field("epoch", alert.epoch)
      .field("fingerprint", alert.fingerprint);
  time_field(writer, "starts_at", alert.starts_at);
  writer.field("verdict", alert.verdict.empty() ? std::string("pending") : alert.verdict)
      .field("reason", alert.reason)
      .field("run_id", alert.run_id)
      .end_object();
}

void write_run(JsonWriter& writer, const RunRecord& run) {
  writer.begin_object();
  write_run_fields(writer, run);
  writer.end_object();
}

void write_run_detail(JsonWriter& writer, const RunRecord& run, const std::vector<StepRecord>& steps) {
  const RunFacts facts = merge_facts(steps);
  writer.begin_object();
  write_run_fields(writer, run);
  write_figures(writer, run, facts);
  writer.object("facts");
  for (const auto& [name, value] : facts) writer.field(name, value);
  writer.end_object().array("steps");
  for (const auto& step : summarise_steps(steps)) {
    writer.begin_object()
        .field("name", step.name)
        .field("attempt", step.attempt)
        .field("state", step.state)
        .field("started_at", format_rfc3339(step.started_at));
    optional_field(writer, "seconds", step.seconds);
    writer.field("detail", step.detail).end_object();
  }
  writer.end_array().end_object();
}

RunFigures figures_of(const RunRecord& run, const RunFacts& facts) {
  return {number_fact<double>(facts, "quorum_wait_seconds"), actuator_seconds(run, facts),
          number_fact<double>(facts, "exposure_seconds"),
          number_fact<int64_t>(facts, "predicted_loss_lower_bytes"),
          number_fact<int64_t>(facts, "predicted_loss_upper_bytes")};
}

std::vector<StepSummary> summarise_steps(const std::vector<StepRecord>& steps) {
  std::vector<StepSummary> summaries;
  for (const auto& step : steps) {
    auto found = std::ranges::find_if(summaries, [&](const StepSummary& summary) {
      return summary.name == step.step && summary.attempt == step.attempt;
    });
    if (found == summaries.end()) {
      summaries.push_back({step.step, step.attempt, "", step.at, std::nullopt, ""});
      found = std::prev(summaries.end());
    }
    const bool running = step.event == StepEvent::kIntent;
    found->state = running ? "running" : to_string(step.event);
    found->seconds = running ? std::nullopt : std::optional(to_seconds(step.at - found->started_at));
    // A row that only looks has no intent: how long it took is a fact of its outcome.
    if (const auto took = number_fact<double>(step.facts, "seconds." + step.step); took && !running) {
      found->seconds = took;
      found->started_at =
          step.at - std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(*took));
    }
    if (!step.detail.empty()) found->detail = step.detail;
  }
  return summaries;
}

}  // namespace farshore

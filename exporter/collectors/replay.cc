// How a standby replays. A paused or delayed one can be promoted, but replays what it holds first.
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_replay_paused", MetricType::Gauge, kServerLabels, "pg_is_wal_replay_paused()",
     "1 if a pause of replay was asked for, else 0. Standby only."},
    {"farshore_pg_recovery_min_apply_delay_seconds", MetricType::Gauge, kServerLabels,
     "recovery_min_apply_delay",
     "How long the standby waits before it replays a commit; 0 for none. Standby only."},
    {"farshore_pg_replay_backlog_bytes", MetricType::Gauge, kServerLabels,
     "pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()",
     "Received and durable on the standby and not yet replayed: what a promotion replays first. 0 while it "
     "replays from an archive. Standby only; absent until something was received."},
    {"farshore_pg_replay_stalled_seconds", MetricType::Gauge, kServerLabels,
     "pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()",
     "For how long the looks of this exporter have found replay standing still with something left to "
     "replay; 0 while it moves or has nothing to do. Standby only; absent while replay is paused, waits on "
     "purpose (recovery_min_apply_delay) or may do so for all that is known, and until something was "
     "received."},
    {"farshore_pg_last_xact_replay_timestamp_seconds", MetricType::Gauge, kServerLabels,
     "pg_last_xact_replay_timestamp()",
     "When the last replayed transaction was committed, by the primary's clock. Its age grows while the "
     "primary is idle: no measure of lag. Standby only; absent until a commit was replayed."},
    {"farshore_pg_replay_pause_state", MetricType::Gauge, "cluster region server vantage state",
     "pg_get_wal_replay_pause_state()",
     "Always 1; the label is the state replay is in: not_paused, pause_requested or paused. Standby only; "
     "before PostgreSQL 14 a paused one is shown as pause_requested."},
};

std::optional<nanoseconds> delay_of(const ServerView& server) {
  const FactDetails* details = server.details();
  return details != nullptr && details->replay ? details->replay->min_apply_delay : std::nullopt;
}

std::optional<double> stalled_for(const ServerView& server) {
  const bool unknown = !server.facts()->backlog() || !delay_of(server);
  if (unknown || *delay_of(server) > 0ns || server.facts()->replay_paused.value_or(false))
    return std::nullopt;
  const ServerObservation& seen = *server.observation;
  if (!seen.replay_stalled_since || !seen.last_success) return 0;
  return to_seconds(*seen.last_success - *seen.replay_stalled_since);
}

// As PostgreSQL writes it, and as a label.
constexpr std::pair<std::string_view, std::string_view> kStates[] = {
    {"not paused", "not_paused"}, {"pause requested", "pause_requested"}, {"paused", "paused"}};

// Empty when it is not known.
std::string_view pause_state_of(const ServerView& server) {
  const FactDetails* details = server.details();
  if (details != nullptr && details->replay && details->replay->pause_state)
    for (const auto& [text, label] : kStates)
      if (*details->replay->pause_state == text) return label;
  if (!server.facts()->replay_paused) return {};
  return *server.facts()->replay_paused ? "pause_requested" : "not_paused";
}

MetricFamilies collect(const ExporterView& view) {
  ServerFamily paused(kMetrics[0], view), delay(kMetrics[1], view), backlog(kMetrics[2], view),
      stalled(kMetrics[3], view), commit(kMetrics[4], view), state(kMetrics[5], view);
  for (const ServerView& server : view.servers) {
    const ServerFacts* facts = server.facts();
    if (facts == nullptr || !facts->in_recovery) continue;
    paused.add_if(server, sample(facts->replay_paused));
    backlog.add_if(server, sample(facts->backlog()));
    stalled.add_if(server, stalled_for(server));
    commit.add_if(server, sample(facts->last_replayed_commit));
    delay.add_if(server, sample(delay_of(server)));
    if (const std::string_view label = pause_state_of(server); !label.empty())
      state.add(server, 1, {{"state", std::string(label)}});
  }
  MetricFamilies families;
  for (ServerFamily* family : {&paused, &delay, &backlog, &stalled, &commit, &state})
    family->append_to(families);
  return families;
}

}  // namespace

const Collector kReplayCollector{"replay", kMetrics, collect};

}  // namespace farshore

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
    {"farshore_pg_last_xact_replay_timestamp_seconds", MetricType::Gauge, kServerLabels,
     "pg_last_xact_replay_timestamp()",
     "When the last replayed transaction was committed, by the primary's clock. Its age grows while the "
     "primary is idle: no measure of lag. Standby only; absent until a commit was replayed."},
    {"farshore_pg_replay_pause_state", MetricType::Gauge, "cluster region server vantage state",
     "pg_get_wal_replay_pause_state()",
     "1 for the state replay is in: not_paused, pause_requested or paused; 0 for the others. Standby only, "
     "PostgreSQL 14 and later."},
};

std::optional<double> backlog_of(const ServerFacts& facts) {
  if (!facts.receive || !facts.replay) return std::nullopt;
  return *facts.receive > *facts.replay ? static_cast<double>(facts.receive->bytes() - facts.replay->bytes())
                                        : 0;
}

// As PostgreSQL writes it, and as a label.
constexpr std::pair<std::string_view, std::string_view> kStates[] = {
    {"not paused", "not_paused"}, {"pause requested", "pause_requested"}, {"paused", "paused"}};

MetricFamilies collect(const ExporterView& view) {
  ServerFamily paused(kMetrics[0], view), delay(kMetrics[1], view), backlog(kMetrics[2], view),
      commit(kMetrics[3], view), state(kMetrics[4], view);
  for (const ServerView& server : view.servers) {
    const ServerFacts* facts = server.facts();
    if (facts == nullptr || !facts->in_recovery) continue;
    paused.add_if(server, sample(facts->replay_paused));
    backlog.add_if(server, backlog_of(*facts));
    commit.add_if(server, sample(facts->last_replayed_commit));
    if (server.details() == nullptr || !server.details()->replay) continue;
    const ReplayDetails& replay = *server.details()->replay;
    delay.add_if(server, sample(replay.min_apply_delay));
    if (!replay.pause_state) continue;
    for (const auto& [text, label] : kStates)
      state.add(server, *replay.pause_state == text ? 1 : 0, {{"state", std::string(label)}});
  }
  MetricFamilies families;
  for (ServerFamily* family : {&paused, &delay, &backlog, &commit, &state}) family->append_to(families);
  return families;
}

}  // namespace

const Collector kReplayCollector{"replay", kMetrics, collect};

}  // namespace farshore

// The opt-in heartbeat and write probe of exporter/heartbeat, and how old the newest commit is that a standby
// has replayed, which is only worth something while somebody commits all the time.
#include <algorithm>

#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

constexpr const char* kClass = "cluster region server vantage class";
constexpr const char* kBeatSource = "pg_current_xact_id(), synchronous_commit=off";
constexpr const char* kProbeSource = "pg_current_xact_id() and a temporary file, synchronous_commit=local";

constexpr Metric kMetrics[] = {
    {"farshore_heartbeat_success", MetricType::Gauge, kServerLabels, kBeatSource,
     "1 if the newest beat was committed, 0 if not or if the server does not answer. Only from the exporter "
     "of the primary's own region, and only with observe.heartbeat; absent before the first beat and for a "
     "server that is not the cluster's newest primary. Says nothing of the disk: see farshore_pg_writable."},
    {"farshore_heartbeat_failure", MetricType::Gauge, kClass, kBeatSource,
     "Always 1; the label is the class of the newest beat's failure, no series when it did not fail."},
    {"farshore_heartbeat_beats_total", MetricType::Counter, kServerLabels, kBeatSource,
     "Beats committed since the exporter started or read its topology again."},
    {"farshore_heartbeat_last_success_timestamp_seconds", MetricType::Gauge, kServerLabels,
     "the exporter's clock", "When the newest committed beat was answered, since the Unix epoch."},
    {"farshore_heartbeat_duration_seconds", MetricType::Gauge, kServerLabels, kBeatSource,
     "Time from sending the newest committed beat to its answer."},
    {"farshore_heartbeat_replayed_age_seconds", MetricType::Gauge, kServerLabels,
     "pg_last_xact_replay_timestamp(), clock_timestamp() of the primary",
     "Age of the newest commit that the standby had replayed when it was looked at, by the primary's own "
     "clock as this vantage last read it: no difference between clocks is in it. Grows to about the beat's "
     "interval when all is well, and on and on when replay stands still, the link is cut, the primary is "
     "gone or nobody beats. Only with observe.heartbeat; absent until the vantage has seen the primary."},
    {"farshore_pg_writable", MetricType::Gauge, kServerLabels, kProbeSource,
     "1 if the newest write probe reached the primary's disk, 0 if the primary answers but cannot write "
     "(sick: read-only, disk full, out of resources, an error of its system or data, no answer in time). "
     "Absent when not known: the server does not answer, or the probe failed for another reason. Waits for "
     "no standby: a missing synchronous one is not seen here."},
    {"farshore_write_probe_failure", MetricType::Gauge, kClass, kProbeSource,
     "Always 1; the label is the class of the newest write probe's failure, no series when it did not fail."},
    {"farshore_write_probe_last_success_timestamp_seconds", MetricType::Gauge, kServerLabels,
     "the exporter's clock", "When the newest successful write probe was answered, since the Unix epoch."},
    {"farshore_write_probe_duration_seconds", MetricType::Gauge, kServerLabels, kProbeSource,
     "Time from sending the newest successful write probe to its answer: most of it is the disk's."},
};

// Nothing of a server that has just been seen as a standby, whatever the heartbeat's thread knows yet.
const BeatState* beats_of(const ExporterView& view, const ServerView& server) {
  if (server.facts() != nullptr && server.facts()->in_recovery) return nullptr;
  return view.beats.find(server.observation->cluster, server.observation->server);
}

double unix_seconds(WallTime time) { return to_seconds(time.time_since_epoch()); }

void add_failure(ServerFamily& family, const ServerView& server, const WriteRecord& record) {
  if (record.newest && *record.newest != WriteFailure::kNone)
    family.add(server, 1, {{"class", std::string(to_string(*record.newest))}});
}

void collect_beats(const ExporterView& view, MetricFamilies& families) {
  ServerFamily success(kMetrics[0], view), failure(kMetrics[1], view), total(kMetrics[2], view),
      last(kMetrics[3], view), duration(kMetrics[4], view);
  for (const ServerView& server : view.servers) {
    const BeatState* state = beats_of(view, server);
    if (state == nullptr) continue;
    const WriteRecord& beat = state->beat;
    if (beat.newest) success.add(server, *beat.newest == WriteFailure::kNone ? 1 : 0);
    add_failure(failure, server, beat);
    total.add(server, static_cast<double>(beat.successes));
    if (beat.last_success) last.add(server, unix_seconds(*beat.last_success));
    if (beat.duration && beat.newest == WriteFailure::kNone) duration.add(server, to_seconds(*beat.duration));
  }
  for (ServerFamily* family : {&success, &failure, &total, &last, &duration}) family->append_to(families);
}

// When the server's clock showed what its facts say, by the clock of this vantage.
BootTime read_at(const ServerObservation& seen) {
  return seen.last_success.value_or(BootTime{}) - seen.round_trip / 2;
}

std::optional<nanoseconds> replayed_age(const ExporterView& view, const ServerView& server) {
  const ServerFacts* facts = server.facts();
  if (facts == nullptr || !facts->in_recovery || !facts->last_replayed_commit) return std::nullopt;
  const ServerObservation* primary =
      newest_primary(*view.snapshot, server.observation->cluster, facts->system_identifier);
  if (primary == nullptr) return std::nullopt;
  const WallTime primary_then =
      primary->facts->server_time + (read_at(*server.observation) - read_at(*primary));
  return std::max<nanoseconds>(0ns, primary_then - *facts->last_replayed_commit);
}

void collect_replayed(const ExporterView& view, MetricFamilies& families) {
  if (!view.beats.configured) return;
  ServerFamily age(kMetrics[5], view);
  for (const ServerView& server : view.servers)
    if (const std::optional<nanoseconds> value = replayed_age(view, server))
      age.add(server, to_seconds(*value));
  age.append_to(families);
}

void collect_probes(const ExporterView& view, MetricFamilies& families) {
  ServerFamily writable(kMetrics[6], view), failure(kMetrics[7], view), last(kMetrics[8], view),
      duration(kMetrics[9], view);
  for (const ServerView& server : view.servers) {
    const BeatState* state = beats_of(view, server);
    if (state == nullptr) continue;
    const WriteRecord& probe = state->probe;
    const bool healthy = probe.newest == WriteFailure::kNone;
    const bool sick = probe.newest && means_sick(*probe.newest);
    // A server that answers nothing at all is not sick but silent.
    if (server.facts() != nullptr && (healthy || sick)) writable.add(server, healthy ? 1 : 0);
    add_failure(failure, server, probe);
    if (probe.last_success) last.add(server, unix_seconds(*probe.last_success));
    if (probe.duration && healthy) duration.add(server, to_seconds(*probe.duration));
  }
  for (ServerFamily* family : {&writable, &failure, &last, &duration}) family->append_to(families);
}

MetricFamilies collect(const ExporterView& view) {
  MetricFamilies families;
  collect_beats(view, families);
  collect_replayed(view, families);
  collect_probes(view, families);
  return families;
}

}  // namespace

const Collector kHeartbeatCollector{"heartbeat", kMetrics, collect};

}  // namespace farshore

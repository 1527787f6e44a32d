// Does the server answer, and if not, why. Source: the observer's attempts (common/postgres/observer.h).
#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_up", MetricType::Gauge, kServerLabels, "the observer's newest attempt",
     "1 if the newest attempt at the server got an answer to its query, 0 if not. Absent, so that it is no "
     "vote, before the first attempt and when the exporter has not finished one for three intervals and a "
     "timeout."},
    {"farshore_pg_failure", MetricType::Gauge, "cluster region server vantage class",
     "the observer's newest attempt",
     "Always 1; the label is the class of the newest attempt's failure, no series when it did not fail. Only "
     "refused, timeout and unreachable are silence; dns is this vantage's own trouble; the others prove a "
     "living server or nothing."},
    // What the rules read every second: one series for each server, from which everything follows.
    {"farshore_pg_state", MetricType::Gauge, kServerLabels, "the observer's newest attempt",
     "What the newest attempt met, the more alive the larger: 0 silence (refused, timeout, unreachable), a "
     "vote that the server is down; 1 neither silence nor life (dns, tls, closed); 2 an answer that only a "
     "living server gives, were it a refusal to sign in; 3 a standby; 4 a primary. From 2 on it is a veto. "
     "Absent when farshore_pg_up is."},
};

// The rules count these numbers and compare them (actuator/ctl/generate/pack/failover.cc).
int state_of(const ServerView& server) {
  const ServerObservation& seen = *server.observation;
  if (const ServerFacts* facts = server.facts()) return facts->in_recovery ? 3 : 4;
  if (seen.up || proves_alive(seen.failure)) return 2;
  return is_silence(seen.failure) ? 0 : 1;
}

MetricFamilies collect(const ExporterView& view) {
  ServerFamily up(kMetrics[0], view), failure(kMetrics[1], view), state(kMetrics[2], view);
  for (const ServerView& server : view.servers) {
    if (!server.current) continue;
    up.add(server, server.observation->up ? 1 : 0);
    if (const FailureClass met = server.observation->failure; met != FailureClass::kNone)
      failure.add(server, 1, {{"class", std::string(to_string(met))}});
    state.add(server, state_of(server));
  }
  MetricFamilies families;
  for (ServerFamily* family : {&up, &failure, &state}) family->append_to(families);
  return families;
}

}  // namespace

const Collector kAvailabilityCollector{"availability", kMetrics, collect};

}  // namespace farshore

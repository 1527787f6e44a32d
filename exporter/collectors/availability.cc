// Does the server answer, and if not, why. Source: the observer's attempts (common/postgres/observer.h).
#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

constexpr FailureClass kClasses[] = {
    FailureClass::kRefused,    FailureClass::kTimeout,      FailureClass::kUnreachable,
    FailureClass::kDns,        FailureClass::kAuth,         FailureClass::kTooManyClients,
    FailureClass::kStartingUp, FailureClass::kShuttingDown, FailureClass::kTls,
    FailureClass::kQuery,      FailureClass::kClosed,
};

constexpr Metric kMetrics[] = {
    {"farshore_pg_up", MetricType::Gauge, kServerLabels, "the observer's newest attempt",
     "1 if the newest attempt at the server got an answer to its query, 0 if not. Absent, so that it is no "
     "vote, before the first attempt and when the exporter has not finished one for three intervals and a "
     "timeout."},
    {"farshore_pg_failure", MetricType::Gauge, "cluster region server vantage class",
     "the observer's newest attempt",
     "1 for the class of the newest attempt's failure, 0 for the others. Only refused, timeout and "
     "unreachable are silence; dns is this vantage's own trouble; the others prove a living server or "
     "nothing."},
    // What the rules read every second: one series for each server, not one for each class.
    {"farshore_pg_silent", MetricType::Gauge, kServerLabels, "the observer's newest attempt",
     "1 if the newest attempt met silence: refused, timeout or unreachable. A vote that the server is down. "
     "Absent when farshore_pg_up is."},
    {"farshore_pg_answered", MetricType::Gauge, kServerLabels, "the observer's newest attempt",
     "1 if the newest attempt got an answer that only a living server gives, were it a refusal to sign in; a "
     "veto. Of dns, tls and closed, which prove neither, this and farshore_pg_silent are 0. Absent when "
     "farshore_pg_up is."},
};

MetricFamilies collect(const ExporterView& view) {
  ServerFamily up(kMetrics[0], view), failure(kMetrics[1], view), silent(kMetrics[2], view),
      answered(kMetrics[3], view);
  for (const ServerView& server : view.servers) {
    if (!server.current) continue;
    up.add(server, server.observation->up ? 1 : 0);
    for (const FailureClass candidate : kClasses)
      failure.add(server, server.observation->failure == candidate ? 1 : 0,
                  {{"class", std::string(to_string(candidate))}});
    const ServerObservation& seen = *server.observation;
    silent.add(server, !seen.up && is_silence(seen.failure) ? 1 : 0);
    answered.add(server, seen.up || proves_alive(seen.failure) ? 1 : 0);
  }
  MetricFamilies families;
  for (ServerFamily* family : {&up, &failure, &silent, &answered}) family->append_to(families);
  return families;
}

}  // namespace

const Collector kAvailabilityCollector{"availability", kMetrics, collect};

}  // namespace farshore

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
};

MetricFamilies collect(const ExporterView& view) {
  ServerFamily up(kMetrics[0], view), failure(kMetrics[1], view);
  for (const ServerView& server : view.servers) {
    if (!server.current) continue;
    up.add(server, server.observation->up ? 1 : 0);
    for (const FailureClass candidate : kClasses)
      failure.add(server, server.observation->failure == candidate ? 1 : 0,
                  {{"class", std::string(to_string(candidate))}});
  }
  MetricFamilies families;
  up.append_to(families);
  failure.append_to(families);
  return families;
}

}  // namespace

const Collector kAvailabilityCollector{"availability", kMetrics, collect};

}  // namespace farshore

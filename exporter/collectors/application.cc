// How the applications are, as this vantage sees them. Source: exporter/watch/application_watcher.h.
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_application_up", MetricType::Gauge, "cluster application region vantage",
     "a GET of the application's health_url",
     "1 if the newest probe got a whole 2xx answer within its deadline, 0 if not. Absent when its name could "
     "not be resolved, which says nothing of it, before the first probe, and when none was finished "
     "for three intervals of the watcher and a deadline."},
    {"farshore_application_failure", MetricType::Gauge, "cluster application region vantage class",
     "a GET of the application's health_url",
     "Always 1; the label is the class of the newest probe's failure, no series when it did not fail. "
     "redirect: a 3xx, which is never followed; status: any other status that is not 2xx; body: too large, "
     "broken off, or called JSON and none; dns is this vantage's own trouble."},
    {"farshore_application_http_status_code", MetricType::Gauge, "cluster application region vantage",
     "a GET of the application's health_url", "The status of the newest answer. Absent when none came."},
    {"farshore_application_latency_seconds", MetricType::Gauge, "cluster application region vantage",
     "a GET of the application's health_url",
     "From the connect to the end of the newest answer, over a new connection. Absent when none came."},
    {"farshore_application_state_info", MetricType::Gauge, "cluster application region vantage state",
     "the answer's JSON, {\"status\": \"...\"} or {\"state\": \"...\"}",
     "Always 1; the label is what the application says of itself, one of a fixed list of words, or other. "
     "Absent when it says nothing."},
    {"farshore_application_last_success_timestamp_seconds", MetricType::Gauge,
     "cluster application region vantage", "a GET of the application's health_url",
     "When a probe was last answered as it should be, by this host's clock. Absent when none was since the "
     "start."},
};

FamilyBuilder::Labels with(FamilyBuilder::Labels labels, std::string name, std::string_view value) {
  labels.emplace_back(std::move(name), value);
  return labels;
}

MetricFamilies collect(const ExporterView& view) {
  FamilyBuilder up(kMetrics[0]), failure(kMetrics[1]), status(kMetrics[2]), latency(kMetrics[3]),
      state(kMetrics[4]), success(kMetrics[5]);
  if (!view.watch.applications) return {};
  for (const ApplicationObservation& seen : *view.watch.applications) {
    if (!view.watch.is_current(seen.finished)) continue;
    const FamilyBuilder::Labels labels = application_labels(seen, view);
    if (seen.failure != ApplicationFailure::kDns)
      up.add(seen.failure == ApplicationFailure::kNone ? 1 : 0, labels);
    if (seen.failure != ApplicationFailure::kNone)
      failure.add(1, with(labels, "class", to_string(seen.failure)));
    if (seen.status) status.add(*seen.status, labels);
    if (seen.latency) latency.add(to_seconds(*seen.latency), labels);
    if (!seen.state.empty()) state.add(1, with(labels, "state", seen.state));
    if (seen.last_success) success.add(to_seconds(seen.last_success->time_since_epoch()), labels);
  }
  MetricFamilies families;
  for (FamilyBuilder* family : {&up, &failure, &status, &latency, &state, &success})
    family->append_to(families);
  return families;
}

}  // namespace

const Collector kApplicationCollector{"application", kMetrics, collect};

}  // namespace farshore

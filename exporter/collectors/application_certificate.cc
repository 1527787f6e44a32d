// Until when an application's certificate is good.
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_application_certificate_expiry_timestamp_seconds", MetricType::Gauge,
     "cluster application region vantage", "the certificate shown in the TLS handshake",
     "When the application's own certificate ends, also of one that is not accepted. Absent without https "
     "and when no certificate was shown."},
};

MetricFamilies collect(const ExporterView& view) {
  FamilyBuilder expiry(kMetrics[0]);
  if (!view.watch.applications) return {};
  for (const ApplicationObservation& seen : *view.watch.applications)
    if (view.watch.is_current(seen.finished) && seen.certificate_expiry)
      expiry.add(to_seconds(seen.certificate_expiry->time_since_epoch()), application_labels(seen, view));
  MetricFamilies families;
  expiry.append_to(families);
  return families;
}

}  // namespace

const Collector kApplicationCertificateCollector{"application_certificate", kMetrics, collect};

}  // namespace farshore

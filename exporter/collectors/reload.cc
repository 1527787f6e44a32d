// Whether the configuration in effect is the one on the disk, under the names that Prometheus uses for its
// own.
#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_config_last_reload_successful", MetricType::Gauge, "", "",
     "1 when the configuration was last read without a fault. 0: it was not, and the one before stays in "
     "effect."},
    {"farshore_config_last_reload_success_timestamp_seconds", MetricType::Gauge, "", "",
     "When the configuration in effect was read."},
};

MetricFamilies collect(const ExporterView& view) {
  MetricFamilies families;
  if (!view.reload) return families;
  FamilyBuilder(kMetrics[0]).add(view.reload->successful ? 1 : 0).append_to(families);
  FamilyBuilder(kMetrics[1])
      .add(to_seconds(view.reload->succeeded_at.time_since_epoch()))
      .append_to(families);
  return families;
}

}  // namespace

const Collector kReloadCollector{"reload", kMetrics, collect};

}  // namespace farshore

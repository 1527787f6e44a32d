#include "common/base/version.h"
#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_exporter_build_info", MetricType::Gauge, "version revision", "",
     "Always 1; the labels say which build this is."},
};

MetricFamilies collect(const ExporterView&) {
  MetricFamilies families;
  FamilyBuilder(kMetrics[0])
      .add(1, {{"version", std::string(kVersion)}, {"revision", std::string(kRevision)}})
      .append_to(families);
  return families;
}

}  // namespace

const Collector kBuildInfoCollector{"build_info", kMetrics, collect};

}  // namespace farshore

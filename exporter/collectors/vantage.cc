// The observer itself: how old its picture is, and how many observers the topology knows of.
#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_snapshot_age_seconds", MetricType::Gauge, "vantage", "",
     "Age of the newest snapshot by the boot-time clock, which goes on while the host is suspended. When it "
     "passes three intervals and a timeout, every series about servers is dropped."},
    {"farshore_vantages_expected", MetricType::Gauge, "", "the topology file",
     "Vantages in the topology file: the denominator of the quorum, whoever can be seen."},
    {"farshore_vantages_quorum", MetricType::Gauge, "", "the topology file",
     "Vantages that must agree, from the topology file."},
};

MetricFamilies collect(const ExporterView& view) {
  MetricFamilies families;
  FamilyBuilder(kMetrics[0])
      .add(to_seconds(view.snapshot_age), {{"vantage", view.vantage}})
      .append_to(families);
  FamilyBuilder(kMetrics[1]).add(static_cast<double>(view.vantages_expected)).append_to(families);
  FamilyBuilder(kMetrics[2]).add(view.vantages_quorum).append_to(families);
  return families;
}

}  // namespace

const Collector kVantageCollector{"vantage", kMetrics, collect};

}  // namespace farshore

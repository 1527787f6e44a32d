// A collector turns a view into metric families. Pure: no clock, no I/O, no state. One file and one row of
// registry.cc each; values that are not known are left out, never zero.
#pragma once

#include <prometheus/metric_family.h>

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/view.h"

namespace farshore {

using MetricFamilies = std::vector<prometheus::MetricFamily>;

struct Collector {
  std::string_view name;
  MetricFamilies (*collect)(const ExporterView& view);
};

std::span<const Collector> collectors();  // registry.cc

MetricFamilies collect_availability(const ExporterView& view);
MetricFamilies collect_role(const ExporterView& view);
MetricFamilies collect_wal_position(const ExporterView& view);
MetricFamilies collect_wal_receiver(const ExporterView& view);
MetricFamilies collect_replication_lag(const ExporterView& view);
MetricFamilies collect_vantage(const ExporterView& view);
MetricFamilies collect_build_info(const ExporterView& view);
MetricFamilies collect_process(const ExporterView& view);

// One family under construction.
class FamilyBuilder {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  FamilyBuilder(std::string name, std::string help,
                prometheus::MetricType type = prometheus::MetricType::Gauge);
  FamilyBuilder& add(double value, const Labels& labels = {});
  // With the labels every series about a server carries: cluster, region, server, vantage, then `more`.
  FamilyBuilder& add_server(const ExporterView& view, const ServerView& server, double value,
                            const Labels& more = {});
  // Nothing when there is no sample.
  void append_to(MetricFamilies& families);

 private:
  prometheus::MetricFamily family_;
};

}  // namespace farshore

#include "exporter/collectors/collector.h"

namespace farshore {

FamilyBuilder::FamilyBuilder(std::string name, std::string help, prometheus::MetricType type) {
  family_.name = std::move(name);
  family_.help = std::move(help);
  family_.type = type;
}

FamilyBuilder& FamilyBuilder::add(double value, const Labels& labels) {
  prometheus::ClientMetric& metric = family_.metric.emplace_back();
  for (const auto& [label, text] : labels) metric.label.push_back({label, text});
  (family_.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return *this;
}

FamilyBuilder& FamilyBuilder::add_server(const ExporterView& view, const ServerView& server, double value,
                                         const Labels& more) {
  const ServerObservation& seen = *server.observation;
  Labels labels = {
      {"cluster", seen.cluster}, {"region", seen.region}, {"server", seen.server}, {"vantage", view.vantage}};
  labels.insert(labels.end(), more.begin(), more.end());
  return add(value, labels);
}

void FamilyBuilder::append_to(MetricFamilies& families) {
  if (!family_.metric.empty()) families.push_back(std::move(family_));
}

}  // namespace farshore

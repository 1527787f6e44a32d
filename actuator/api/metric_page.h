// The families of one metrics page while they are filled.
#pragma once

#include <utility>
#include <vector>

#include "common/metrics/metric.h"
#include "common/metrics/process.h"

namespace farshore {

class MetricPage {
 public:
  // Usage: page.family(...); page.add({{"cluster", name}}, 1); several times.
  void family(const Metric& metric) { families_.emplace_back(metric); }
  void add(const FamilyBuilder::Labels& labels, double value) { families_.back().add(value, labels); }
  MetricFamilies families() {
    MetricFamilies filled;
    for (FamilyBuilder& family : families_) family.append_to(filled);
    for (prometheus::MetricFamily& family : process_families(read_process_facts()))
      filled.push_back(std::move(family));
    return filled;
  }

 private:
  std::vector<FamilyBuilder> families_;
};

}  // namespace farshore

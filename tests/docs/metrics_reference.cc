#include "tests/docs/metrics_reference.h"

#include <algorithm>
#include <iterator>
#include <sstream>
#include <string_view>

#include "actuator/api/metric_list.h"
#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

constexpr const char* kIntroduction = R"(# Metrics

What the programs export, printed from the code that fills them. To print this file anew after a change:

    cmake --build --preset dev --target metrics_reference && build/dev/tests/docs/metrics_reference > docs/metrics.md

A value that is not known is absent, never zero. Series about a server carry `cluster`, `region` and `server` from the topology
file and the `vantage` that looked; the scrape configuration adds `job` and `instance` only. Positions in the write-ahead log
are bytes since 0/0, exact in a sample up to 8 PiB. A `source` is the view or function of PostgreSQL, the file or the part of
the program that the value is read from.
)";

bool is_process_metric(const Metric& metric) {
  return std::ranges::any_of(
      kProcessMetrics, [&](const Metric& known) { return std::string_view(known.name) == metric.name; });
}

std::vector<Metric> of_exporter() {
  std::vector<Metric> metrics = exporter_metrics();
  std::erase_if(metrics, is_process_metric);
  return metrics;
}

}  // namespace

std::vector<Metric> every_metric() {
  std::vector<Metric> metrics = of_exporter();
  std::ranges::copy(metric::kOfActuator, std::back_inserter(metrics));
  std::ranges::copy(kProcessMetrics, std::back_inserter(metrics));
  return metrics;
}

std::string metrics_reference() {
  std::ostringstream out;
  out << kIntroduction << "\n## farshore-exporter\n\n";
  print_reference(out, of_exporter());
  out << "\n## farshore-actuator\n\n";
  print_reference(out, metric::kOfActuator);
  out << "\n## Both\n\n";
  print_reference(out, kProcessMetrics);
  return std::move(out).str();
}

}  // namespace farshore

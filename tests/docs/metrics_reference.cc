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

constexpr const char* kOfEveryVantage = R"(### From every vantage

)";

constexpr const char* kOfOwnRegion = R"(### From the vantage in its own region

What a server or an application says of itself: it would say the same to all. Of a server in another region,
`/probe?target=<server>` has it.

)";

bool is_process_metric(const Metric& metric) {
  return std::ranges::any_of(
      kProcessMetrics, [&](const Metric& known) { return std::string_view(known.name) == metric.name; });
}

void add_of(std::vector<Metric>& metrics, Teller teller) {
  for (const Row& row : collectors())
    if (row.teller == teller) std::ranges::copy(row.collector->metrics, std::back_inserter(metrics));
  std::erase_if(metrics, is_process_metric);
}

std::vector<Metric> of_exporter(Teller teller) {
  std::vector<Metric> metrics;
  add_of(metrics, teller);
  return metrics;
}

}  // namespace

std::vector<Metric> every_metric() {
  std::vector<Metric> metrics = of_exporter(Teller::kEveryVantage);
  add_of(metrics, Teller::kOwnRegion);
  std::ranges::copy(metric::kOfActuator, std::back_inserter(metrics));
  std::ranges::copy(kProcessMetrics, std::back_inserter(metrics));
  return metrics;
}

std::string metrics_reference() {
  std::ostringstream out;
  out << kIntroduction << "\n## farshore-exporter\n\n" << kOfEveryVantage;
  print_reference(out, of_exporter(Teller::kEveryVantage));
  out << "\n" << kOfOwnRegion;
  print_reference(out, of_exporter(Teller::kOwnRegion));
  out << "\n## farshore-actuator\n\n";
  print_reference(out, metric::kOfActuator);
  out << "\n## Both\n\n";
  print_reference(out, kProcessMetrics);
  return std::move(out).str();
}

}  // namespace farshore

// What a metric is, said once: the page's HELP and TYPE, docs/metrics.md and the tests that compare rules and
// dashboards with it all come from here. Conventions: Prometheus "Metric and label naming".
#pragma once

#include <prometheus/metric_family.h>

#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace farshore {

using MetricFamilies = std::vector<prometheus::MetricFamily>;
using prometheus::MetricType;

struct Metric {
  const char* name;
  MetricType type;
  const char* labels;  // names in the order of the page, separated by one space; "" for none
  const char* source;  // the view, function or file it is read from; "" for what the program knows by itself
  const char* help;    // the meaning, when it is absent, and the trap; complete sentences
};

// The unit that the name's suffix says: "seconds", "bytes", "ratio", "unix seconds", "info", or "" (a count
// or a flag).
std::string_view unit_of(const Metric& metric);

// One family under construction.
class FamilyBuilder {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  explicit FamilyBuilder(const Metric& metric);
  FamilyBuilder& add(double value, const Labels& labels = {});
  // Nothing when there is no sample.
  void append_to(MetricFamilies& families);

 private:
  prometheus::MetricFamily family_;
};

// Prometheus text format 0.0.4.
std::string render_families(const MetricFamilies& families);

// A Markdown table with a row per metric, ordered by name: a part of docs/metrics.md.
void print_reference(std::ostream& out, std::span<const Metric> metrics);

// What the families break of what `known` promises: a name that is not there, another type or help, labels
// that are not exactly the declared ones. Empty when nothing.
std::vector<std::string> find_undeclared(const MetricFamilies& families, std::span<const Metric> known);

}  // namespace farshore

#include "exporter/probe.h"

#include <algorithm>
#include <optional>
#include <string>

#include "common/http/query.h"
#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

constexpr Metric kProbeMetrics[] = {
    {"probe_success", MetricType::Gauge, "", "the newest look at the target",
     "1 if the target answered as it should, everywhere it is looked at; 0 if not, and before the first "
     "look."},
    {"probe_duration_seconds", MetricType::Gauge, "", "the newest look at the target",
     "How long the answer took; the longest where it is looked at in several places. Absent when none came."},
};

// What a module looks at: the label that names it, and the families that say whether and how fast it answers.
struct Module {
  std::string_view name, label, answered, took;
};
constexpr Module kModules[] = {
    {"postgres", "server", "farshore_pg_up", ""},
    {"http", "application", "farshore_application_up", "farshore_application_latency_seconds"},
    {"dns", "record", "farshore_dns_answered", "farshore_dns_latency_seconds"},
};

// The lists hold everything of the topology, from the start on, looked at or not.
bool is_configured(const ExporterView& view, const Module& module, std::string_view target) {
  if (module.label == "server")
    return std::ranges::any_of(view.servers,
                               [&](const ServerView& one) { return one.observation->server == target; });
  if (module.label == "application")
    return view.watch.applications != nullptr &&
           std::ranges::find(*view.watch.applications, target, &ApplicationObservation::application) !=
               view.watch.applications->end();
  return view.watch.records != nullptr &&
         std::ranges::find(*view.watch.records, target, &DnsObservation::record) != view.watch.records->end();
}

// An application whose name is not found has no sample and is not well either: there are to be as many
// answers as it has regions.
size_t answers_wanted(const ExporterView& view, const Module& module, std::string_view target) {
  if (module.label != "application") return 1;
  return static_cast<size_t>(
      std::ranges::count(*view.watch.applications, target, &ApplicationObservation::application));
}

struct Wanted {
  std::string_view target, module = "postgres";
};

Result<Wanted> read_query(std::string_view text) {
  const Result<QueryKeys> keys = split_query(text);
  if (!keys) return tl::unexpected<Error>(keys.error());
  Wanted wanted;
  for (const auto& [key, value] : *keys) {
    if (key != "target" && key != "module")
      return fail(ErrorCode::kInvalidArgument, "this path does not know '{}'", key);
    (key == "target" ? wanted.target : wanted.module) = value;
  }
  return wanted;
}

// The samples about this one target, those too that another vantage's page has: who asks for a server by its
// name wants to know what this host sees. Nothing about the exporter carries such a label.
MetricFamilies series_of(const ExporterView& view, const Module& module, std::string_view target) {
  MetricFamilies result;
  for (const Row& row : collectors())
    for (prometheus::MetricFamily& family : row.collector->collect(view)) {
      std::erase_if(family.metric, [&](const prometheus::ClientMetric& sample) {
        return std::ranges::none_of(sample.label, [&](const prometheus::ClientMetric::Label& label) {
          return label.name == module.label && label.value == target;
        });
      });
      if (!family.metric.empty()) result.push_back(std::move(family));
    }
  return result;
}

std::vector<double> values_of(const MetricFamilies& families, std::string_view name) {
  std::vector<double> values;
  for (const prometheus::MetricFamily& family : families)
    if (family.name == name)
      for (const prometheus::ClientMetric& sample : family.metric) values.push_back(sample.gauge.value);
  return values;
}

std::optional<double> duration_of(const ExporterView& view, const Module& module, std::string_view target,
                                  const MetricFamilies& series) {
  if (module.label == "server") {
    const ServerView& server = *std::ranges::find_if(
        view.servers, [&](const ServerView& one) { return one.observation->server == target; });
    const ServerObservation& seen = *server.observation;
    if (server.facts() == nullptr || !seen.attempt_started || !seen.attempt_finished) return std::nullopt;
    return to_seconds(*seen.attempt_finished - *seen.attempt_started);
  }
  const std::vector<double> values = values_of(series, module.took);
  return values.empty() ? std::nullopt : std::optional(*std::ranges::max_element(values));
}

}  // namespace

Result<std::string> render_probe(const ExporterView& view, std::string_view query) {
  const Result<Wanted> wanted = read_query(query);
  if (!wanted) return tl::unexpected<Error>(wanted.error());
  const auto& [target, name] = *wanted;
  const auto* const module = std::ranges::find(kModules, name, &Module::name);
  if (module == std::end(kModules))
    return fail(ErrorCode::kInvalidArgument, "there is no module '{}': it is postgres, http or dns", name);
  if (!is_configured(view, *module, target))
    return fail(ErrorCode::kInvalidArgument, "the topology has no {} '{}' that module {} looks at",
                module->label, target, name);
  MetricFamilies series = series_of(view, *module, target);
  const std::vector<double> answers = values_of(series, module->answered);
  const bool success = answers.size() >= answers_wanted(view, *module, target) &&
                       std::ranges::all_of(answers, [](double one) { return one == 1; });
  MetricFamilies page;
  FamilyBuilder(kProbeMetrics[0]).add(success ? 1 : 0).append_to(page);
  if (const auto duration = duration_of(view, *module, target, series))
    FamilyBuilder(kProbeMetrics[1]).add(*duration).append_to(page);
  std::ranges::move(series, std::back_inserter(page));
  return render_families(page);
}

}  // namespace farshore

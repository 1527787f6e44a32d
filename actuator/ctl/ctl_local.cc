#include "actuator/ctl/ctl_local.h"

#include <algorithm>
#include <ostream>

#include "actuator/check/live_check.h"
#include "actuator/ctl/generate/generate.h"
#include "actuator/ctl/text_table.h"
#include "actuator/failover/steps.h"
#include "common/cli/command_line.h"
#include "common/json/json_writer.h"
#include "common/topology/topology.h"

namespace farshore {
namespace {

Result<std::string> render(const Topology& topology, const Generate& options) {
  if (options.what == "rules") {
    RulesOptions rules;
    rules.thresholds = options.thresholds;
    if (!options.runbook_url.empty()) rules.runbook_url = options.runbook_url;
    return generate_rules(topology, rules);
  }
  if (options.what == "prometheus") {
    PrometheusOptions prometheus;
    if (!options.rule_file.empty()) prometheus.rules_file = options.rule_file;
    return generate_prometheus(topology, options.region, prometheus);
  }
  if (options.what == "alertmanager") {
    AlertmanagerOptions alertmanager;
    if (!options.token_file.empty()) alertmanager.token_file = options.token_file;
    alertmanager.tls_folder = options.tls_folder;
    return generate_alertmanager(topology, alertmanager);
  }
  std::string cluster = options.cluster;
  if (cluster.empty() && topology.clusters.size() == 1) cluster = topology.clusters.front().name;
  if (cluster.empty())
    return fail(ErrorCode::kInvalidArgument, "the topology has several clusters: say which with --cluster");
  return generate_sql(topology, cluster, static_cast<int>(options.postgres_version));
}

std::string counts(const Topology& topology) {
  size_t servers = 0, fences = 0, records = 0;
  for (const ClusterConfig& cluster : topology.clusters) {
    servers += cluster.servers.size();
    fences += cluster.fences.size();
    records += cluster.traffic.size();
  }
  return fmt::format("clusters {}, servers {}, fences {}, traffic entries {}, vantages {}",
                     topology.clusters.size(), servers, fences, records, topology.vantages.names.size());
}

// ---- check-config --live ----

std::vector<CheckLine> look_at_everything(const Topology& topology, const CtlEnvironment& environment) {
  const auto commands = make_command_runner(system_clock());
  const auto dns = make_dns_resolver(system_clock());
  return check_live(topology, {environment.http, *commands, *dns, system_clock()});
}

int64_t count_of(const std::vector<CheckLine>& checks, CheckState state) {
  return std::ranges::count(checks, state, &CheckLine::state);
}

std::string checks_in_words(const std::vector<CheckLine>& checks) {
  std::string text;
  for (const CheckLine& check : checks)
    text += fmt::format("{:<4}  {}: {}{}{}\n", to_string(check.state), printable(check.subject),
                        printable(check.text), check.remedy.empty() ? "" : " -> ", printable(check.remedy));
  return text + fmt::format("{} ok, {} warnings, {} failures\n", count_of(checks, CheckState::kOk),
                            count_of(checks, CheckState::kWarn), count_of(checks, CheckState::kFail));
}

void write_checks(JsonWriter& writer, const std::vector<CheckLine>& checks) {
  writer.array("checks");
  for (const CheckLine& check : checks)
    writer.begin_object()
        .field("state", to_string(check.state))
        .field("subject", check.subject)
        .field("text", check.text)
        .field("remedy", check.remedy)
        .end_object();
  writer.end_array();
}

}  // namespace

int check_config(const CheckConfig& options, bool json, const CtlEnvironment& environment) {
  const std::string& file = options.file.empty() ? *options.config_file : options.file;
  const Result<Topology> topology = load_topology(file);
  std::vector<CheckLine> checks;
  if (topology && options.live) checks = look_at_everything(*topology, environment);
  if (json) {
    JsonWriter writer;
    writer.begin_object().field("file", file).field("valid", topology.has_value());
    writer.field("faults", topology ? std::string() : topology.error().message);
    if (options.live) write_checks(writer, checks);
    writer.end_object();
    environment.out << writer.str() << "\n";
  } else if (!topology) {
    environment.err << topology.error().message << "\n";
  } else {
    environment.out << (options.print ? print_topology(*topology)
                                      : file + ": valid; " + counts(*topology) + "\n");
    if (options.live) environment.out << checks_in_words(checks);
  }
  return topology && count_of(checks, CheckState::kFail) == 0 ? kExitOk : kExitFailure;
}

int print_steps(bool markdown, bool json, const CtlEnvironment& environment) {
  if (markdown) {
    environment.out << steps_markdown();
    return kExitOk;
  }
  if (json) {
    JsonWriter writer;
    writer.begin_array();
    for (const Step& step : failover_steps())
      writer.begin_object()
          .field("number", step.number)
          .field("name", step.name)
          .field("danger", step.danger)
          .field("deadline_seconds", to_seconds(step.deadline))
          .field("point_of_no_return", step.point_of_no_return)
          .end_object();
    writer.end_array();
    environment.out << writer.str() << "\n";
    return kExitOk;
  }
  std::vector<std::vector<std::string>> rows{{"#", "STEP", "LIMIT", "DANGER AVOIDED"}};
  for (const Step& step : failover_steps())
    rows.push_back({std::to_string(step.number), std::string(step.name),
                    fmt::format("{:.0f} s", to_seconds(step.deadline)), std::string(step.danger)});
  environment.out << text_table(rows);
  return kExitOk;
}

int print_generated(const std::string& config_file, const Generate& options,
                    const CtlEnvironment& environment) {
  const Result<Topology> topology = load_topology(config_file);
  const Result<std::string> text = topology ? render(*topology, options) : tl::unexpected(topology.error());
  if (!text) {
    environment.err << (topology ? "farshorectl: " : "") << text.error().message << "\n";
    return kExitFailure;
  }
  environment.out << *text;
  return kExitOk;
}

}  // namespace farshore

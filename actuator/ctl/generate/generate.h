// What `farshorectl generate` prints: pure functions from the topology to text, so that thresholds, addresses
// and names are typed once. Any thread.
//
// Sources: Prometheus 2.42 configuration and PromQL, Alertmanager 0.25 configuration, PostgreSQL 13-17 GRANT.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/topology/topology.h"

namespace farshore {

struct RulesOptions {
  // name=value, of pack/thresholds.cc; the value is a number in the unit that the name ends with.
  std::vector<std::string> thresholds = {};
  // Where people find <alert>.md; the default is where the Debian package puts them.
  std::string runbook_url = "file:///usr/share/doc/farshorectl/runbooks";
};
// Recording and alert rules, the same for every Prometheus server (pack/). kInvalidArgument for a threshold
// that does not exist or is no number.
Result<std::string> generate_rules(const Topology& topology, const RulesOptions& options = {});

struct PrometheusOptions {
  std::string rules_file = "/etc/prometheus/rules/farshore.yml";
};
// The configuration of the Prometheus server in `region`. kNotFound when the topology has none there.
Result<std::string> generate_prometheus(const Topology& topology, std::string_view region,
                                        const PrometheusOptions& options = {});

struct AlertmanagerOptions {
  std::string token_file = "/etc/alertmanager/farshore.token";  // bearer token of the webhook role
  // Where ca.pem, alertmanager.pem and alertmanager.key are on its host; empty: plain HTTP.
  std::string tls_folder = {};
};
// The same for every Alertmanager; each stands alone (--cluster.listen-address=).
std::string generate_alertmanager(const Topology& topology, const AlertmanagerOptions& options = {});

// Roles, grants and the epoch table of one cluster, for a superuser to run on its primary; may be run again.
// Holds no password. `major_version` is 13 to 17; kNotFound for an unknown cluster.
Result<std::string> generate_sql(const Topology& topology, std::string_view cluster, int major_version);

}  // namespace farshore

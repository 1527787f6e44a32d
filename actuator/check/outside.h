// The checks of everything that is no PostgreSQL server: traffic, name servers, Prometheus, Alertmanager,
// exporters, hooks.
#pragma once

#include <vector>

#include "actuator/check/live_check.h"
#include "actuator/traffic/traffic_switch.h"

namespace farshore {

// `traffic` is made from `config`.
std::vector<CheckLine> check_traffic(const TrafficConfig& config, TrafficSwitch& traffic, BootTime deadline);
// That the record is short-lived: asks one authoritative server.
std::vector<CheckLine> check_ttl(const TrafficConfig& config, DnsResolver& dns, const Clock& clock,
                                 BootTime deadline);
// That it answers, and scrapes every exporter of the topology.
std::vector<CheckLine> check_prometheus(const RegionUrl& server, const Topology& topology, HttpClient& http);
std::vector<CheckLine> check_alertmanager(const RegionUrl& server, HttpClient& http);
// That it answers, as the vantage that the topology says.
std::vector<CheckLine> check_exporter(const ExporterAddress& exporter, HttpClient& http);
// That its programs could be run by this user; what they would do is not tried.
std::vector<CheckLine> check_hook(const HookConfig& hook);

}  // namespace farshore

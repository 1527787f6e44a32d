#include <vector>

#include "actuator/ctl/generate/generate.h"
#include "actuator/ctl/generate/text.h"

namespace farshore {
namespace {

// Evidence counts for this long (protocol, S7): a sample of Prometheus and the snapshot behind it.
constexpr int kFreshSeconds = 3;

// Every piece is a complete expression; the rules below put them together.
struct Pieces {
  std::string vantages;  // the configured ones, as a regular expression: nobody else has a vote
  int quorum = 0;
  std::string down_votes;  // (cluster, region, server) -> how many vantages find it silent
  std::string reign;       // (cluster, server, epoch) of the newest reign
};

// A sample that is fresh at both ends: scraped just now, from a snapshot that was just taken.
std::string fresh(std::string_view metric, std::string_view indent) {
  return fmt::format(
      "{0}and time() - timestamp({1}) <= {2}\n"
      "{0}and on (vantage, instance) farshore_snapshot_age_seconds <= {2}",
      indent, metric, kFreshSeconds);
}

Pieces make_pieces(const Topology& topology) {
  Pieces out;
  for (const std::string& name : topology.vantages.names) {
    out.vantages += (out.vantages.empty() ? "" : "|") + promql_literal(name);
  }
  out.quorum = topology.vantages.quorum.of(topology.vantages.names.size());
  // Only silence votes: an answer, were it a refusal, proves a living postmaster, and a name that cannot be
  // resolved proves nothing.
  out.down_votes = fmt::format(
      "count by (cluster, region, server) (\n"
      "  max by (cluster, region, server, vantage) (\n"
      "    farshore_pg_up{{vantage=~\"{}\"}} == 0\n"
      "    and on (cluster, server, vantage, instance)\n"
      "      farshore_pg_failure{{class=~\"refused|timeout|unreachable\"}} == 1\n"
      "{}\n"
      "  )\n"
      ")",
      out.vantages, fresh("farshore_pg_up", "    "));
  // last_over_time outlives a restart of the actuator, max one of two actuators, topk an old reign.
  out.reign =
      "topk by (cluster) (1, max by (cluster, server, epoch) "
      "(last_over_time(farshore_cluster_primary_epoch[10m])))";
  return out;
}

struct Rule {
  std::string alert;
  std::string comment;
  std::string expr;
  std::string for_duration;  // empty: at once
  std::string severity;
  std::string action;  // of the label farshore_action; empty: for people only
  std::string summary;
};

std::string print_rule(const Rule& rule) {
  std::string out = indented(rule.comment, "      # ");
  out +=
      fmt::format("      - alert: {}\n        expr: |-\n{}\n", rule.alert, indented(rule.expr, "          "));
  if (!rule.for_duration.empty()) out += fmt::format("        for: {}\n", rule.for_duration);
  out += fmt::format("        labels:\n          severity: {}\n", rule.severity);
  if (!rule.action.empty()) out += fmt::format("          farshore_action: {}\n", rule.action);
  return out + fmt::format("        annotations:\n          summary: {}\n", yaml_quoted(rule.summary));
}

Rule primary_down(const Topology& topology, const Pieces& pieces) {
  const std::string expr = fmt::format(
      "(\n"
      "  (\n{}\n  ) >= {}\n"
      "  unless on (cluster) (\n"
      "    farshore_pg_up == 1\n"
      "    and on (cluster, server, vantage, instance) farshore_pg_in_recovery == 0\n"
      "{}\n"
      "  )\n"
      "  unless on (cluster, server) (\n"
      "    (\n"
      "      farshore_pg_up == 1\n"
      "      or on (cluster, server, vantage, instance)\n"
      "        farshore_pg_failure{{class=~\"auth|too_many_clients|starting_up|shutting_down|query\"}} == 1\n"
      "    )\n"
      "    and on (cluster, server, vantage, instance) time() - timestamp(farshore_pg_up) <= {}\n"
      "    and on (vantage, instance) farshore_snapshot_age_seconds <= {}\n"
      "  )\n"
      "  unless on (cluster) (\n"
      "    max by (cluster) (last_over_time(farshore_cluster_paused[10m])) == 1\n"
      "  )\n"
      ")\n"
      "* on (cluster, server) group_left (epoch)\n"
      "{}",
      indented(pieces.down_votes, "    "), pieces.quorum, fresh("farshore_pg_up", "    "), kFreshSeconds,
      kFreshSeconds, pieces.reign);
  return {.alert = "FarshorePrimaryDown",
          .comment = fmt::format(
              "The primary of the reign is silent to {} of {} vantages, no vantage sees a living primary or\n"
              "gets any answer from this one, and the cluster is not paused. Asks the actuator to look for\n"
              "itself; carries cluster, region, server, epoch, severity and farshore_action, nothing else.\n",
              pieces.quorum, topology.vantages.names.size()),
          .expr = expr,
          .for_duration = prometheus_duration(topology.detect.for_duration),
          .severity = "critical",
          .action = "failover",
          .summary =
              "{{ $labels.server }} in {{ $labels.region }}, primary of {{ $labels.cluster }} in epoch "
              "{{ $labels.epoch }}, is silent to a quorum of vantages"};
}

Rule watchdog() {
  return {.alert = "FarshoreWatchdog",
          .comment =
              "Always fires, in the group of the alert that matters: what the actuator hears of it proves\n"
              "the whole way from rule to webhook.\n",
          .expr = "vector(1)",
          .for_duration = "",
          .severity = "none",
          .action = "watchdog",
          .summary = "The way from rule to actuator works"};
}

// What people must know before they need a failover: each of these means that one would not come.
std::vector<Rule> trigger_path_rules(const Pieces& pieces) {
  return {
      {.alert = "FarshoreVantageQuorumLost",
       .comment = "Too few vantages look: nothing can be concluded and no failover can start.\n",
       .expr = fmt::format("(\n  count(\n    max by (vantage) (\n"
                           "      farshore_snapshot_age_seconds{{vantage=~\"{}\"}} <= {}\n"
                           "      and time() - timestamp(farshore_snapshot_age_seconds) <= {}\n"
                           "    )\n  )\n  or vector(0)\n) < {}",
                           pieces.vantages, kFreshSeconds, kFreshSeconds, pieces.quorum),
       .for_duration = "30s",
       .severity = "critical",
       .action = "",
       .summary = "Only {{ $value }} vantages look at the servers; a failover needs more"},
      {.alert = "FarshoreActuatorUnseen",
       .comment = "Without an actuator's word on who is primary the alert above cannot fire.\n",
       .expr = "(count(up{job=\"farshore-actuator\"} == 1) or vector(0)) < 1",
       .for_duration = "1m",
       .severity = "critical",
       .action = "",
       .summary = "No actuator can be scraped; no failover can start"},
      {.alert = "FarshoreTriggerPathBroken",
       .comment = "The watchdog comes every 40 s; it stopped, or has not come since the actuator started.\n",
       .expr = "time() - max(farshore_trigger_path_last_seen_timestamp_seconds) > 180\n"
               "or (\n"
               "  absent(farshore_trigger_path_last_seen_timestamp_seconds)\n"
               "  and on () count(up{job=\"farshore-actuator\"} == 1) > 0\n"
               ")",
       .for_duration = "2m",
       .severity = "critical",
       .action = "",
       .summary = "The watchdog does not reach the actuator; an alert would not reach it either"},
      {.alert = "FarshoreExporterDown",
       .comment = "A vantage without a vote.\n",
       .expr = "up{job=\"farshore-exporter\"} == 0",
       .for_duration = "1m",
       .severity = "warning",
       .action = "",
       .summary = "Exporter {{ $labels.instance }} cannot be scraped"}};
}

// What keeps a failover from happening, or waits for a person.
std::vector<Rule> automation_rules() {
  std::vector<Rule> rules = {
      {.alert = "FarshoreRunHeld",
       .comment = "A failover stopped because it was unsure. It waits for a person.\n",
       .expr = "max by (cluster) (farshore_runs_held) > 0",
       .for_duration = "",
       .severity = "critical",
       .action = "",
       .summary =
           "A failover of {{ $labels.cluster }} is held; farshorectl why {{ $labels.cluster }} says why"}};
  rules.push_back(
      {.alert = "FarshoreAutomationLatched",
       .comment =
           "Losses of several regions at once, or an actuator that nobody answers: all failovers stop\n"
           "until a person has looked.\n",
       .expr = "max(farshore_automation_latched) > 0",
       .for_duration = "",
       .severity = "critical",
       .action = "",
       .summary = "No failover starts in any cluster; farshorectl status says why, farshorectl unlatch "
                  "ends it"});
  rules.push_back(
      {.alert = "FarshoreReignUnknown",
       .comment = "The actuator knows the cluster and not its primary: the alert above cannot fire.\n",
       .expr = "max by (cluster) (farshore_cluster_paused)\n"
               "unless on (cluster) farshore_cluster_primary_epoch",
       .for_duration = "1m",
       .severity = "critical",
       .action = "",
       .summary = "Nobody is known to reign over {{ $labels.cluster }}; no failover can start"});
  rules.push_back(
      {.alert = "FarshoreNotReady",
       .comment =
           "The rehearsal finds that a failover could not run, or is not made any more. What the topology "
           "or\n"
           "a failover just made says is left out: a cluster in mode approve is never ready by itself.\n",
       .expr = "max by (cluster) (\n"
               "  farshore_failover_ready{reason!~\"mode_off|mode_approve|cooldown\"}\n"
               ") < 1\n"
               "or min by (cluster) (farshore_failover_plan_age_seconds) > 60",
       .for_duration = "5m",
       .severity = "warning",
       .action = "",
       .summary =
           "{{ $labels.cluster }} could not be failed over now; farshorectl plan {{ $labels.cluster }} "
           "says why"});
  return rules;
}

// What a failover left to be done, and what too few vantages see.
std::vector<Rule> aftermath_rules(const Pieces& pieces) {
  std::vector<Rule> rules;
  rules.push_back(
      {.alert = "FarshoreTrafficNotSwitched",
       .comment =
           "The new primary takes writes and its clients are not sent there, or not any more. Farshore\n"
           "goes on trying; the provider needs a look.\n",
       .expr = "max by (cluster, record) (farshore_traffic_switch_pending) == 1",
       .for_duration = "10s",
       .severity = "warning",
       .action = "",
       .summary = "{{ $labels.record }} of {{ $labels.cluster }} does not point at the primary's region"});
  rules.push_back(
      {.alert = "FarshoreHookPending",
       .comment = "Clients that a hook should have told of the new primary were not, as far as its\n"
                  "check can tell. Farshore goes on trying.\n",
       .expr = "max by (cluster, hook) (farshore_hook_pending) == 1",
       .for_duration = "2m",
       .severity = "warning",
       .action = "",
       .summary = "Hook {{ $labels.hook }} of {{ $labels.cluster }} is not in force since a failover"});
  rules.push_back(
      {.alert = "FarshoreStalePrimary",
       .comment =
           "A server that lost the reign is back as a primary, or was never proven to be stopped. It is\n"
           "fenced again and again; what it took meanwhile is not in the cluster.\n",
       .expr = "max by (cluster, region, server) (farshore_stale_primary) == 1",
       .for_duration = "",
       .severity = "critical",
       .action = "",
       .summary = "{{ $labels.server }} lost the reign over {{ $labels.cluster }} and may take writes"});
  if (pieces.quorum < 2) return rules;  // then one silent vantage is no minority
  rules.push_back(
      {.alert = "FarshorePrimaryUnreachableMinority",
       .comment = "Some vantages lost sight of the primary, too few to conclude anything: the network.\n",
       .expr = fmt::format("(\n  (\n{}\n  ) < {}\n)\n* on (cluster, server) group_left (epoch)\n{}",
                           indented(pieces.down_votes, "    "), pieces.quorum, pieces.reign),
       .for_duration = "1m",
       .severity = "warning",
       .action = "",
       .summary = "A minority of vantages cannot reach {{ $labels.server }}, primary of "
                  "{{ $labels.cluster }}"});
  return rules;
}

std::vector<Rule> cluster_rules(const Pieces& pieces) {
  std::vector<Rule> rules = automation_rules();
  const std::vector<Rule> more = aftermath_rules(pieces);
  rules.insert(rules.end(), more.begin(), more.end());
  return rules;
}

std::string print_group(const std::string& name, const std::string& interval,
                        const std::vector<Rule>& rules) {
  std::string out = fmt::format("  - name: {}\n    interval: {}\n    rules:\n", name, interval);
  for (const Rule& rule : rules) out += print_rule(rule);
  return out;
}

}  // namespace

std::string generate_rules(const Topology& topology) {
  const Pieces pieces = make_pieces(topology);
  std::string out =
      "# Made by `farshorectl generate rules` from the topology; change that, not this.\ngroups:\n";
  out += print_group("farshore-failover", prometheus_duration(topology.detect.scrape_interval),
                     {primary_down(topology, pieces), watchdog()});
  out += print_group("farshore-trigger-path", "5s", trigger_path_rules(pieces));
  out += print_group("farshore-clusters", "5s", cluster_rules(pieces));
  return out;
}

}  // namespace farshore

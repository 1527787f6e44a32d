// Internal to generate: the pack of rules as data. An alert is one row; nothing here knows how it is printed.
//
// Texts in ${} are filled in when the pack is rendered: what the topology says (${quorum}, ${vantages},
// ${for}, ...), pieces that several rows share (${silent}, ${reign}), and the thresholds by their names.
//
// A row asks for last_over_time(x[${recent}]), not for x: to find the newest sample of a plain x Prometheus
// reads all of the last five minutes, 300 samples of every series, which is most of what a rule costs. The
// price: a series that is gone counts for that much longer. Plain are the few series that must not. Vantages
// are not picked by name: that costs five times what the rest of such a selector does, and only what asks for
// a failover must be safe from one that is not configured.
#pragma once

#include <span>
#include <string_view>

namespace farshore::pack {

// What the topology must have for a row to make sense; without it the row is left out.
enum class Needs { kNothing, kMinority, kPrometheus, kDnsRecords };

struct Alert {
  std::string_view name;           // without the prefix Farshore
  std::string_view expr;           // PromQL
  std::string_view hold;           // `for`; empty: at once
  std::string_view severity;       // critical: somebody gets up; warning: today; info: to be seen; none
  std::string_view action;         // of the label farshore_action; empty: for people only
  std::string_view summary;        // one sentence, the same for every alert of this name
  std::string_view description;    // says which and how much
  std::string_view muted_by = {};  // alerts of the same cluster that say it better, for people: a|b
  Needs needs = Needs::kNothing;
};

// What alerts ask for, aggregated once. A level names the labels that are left; what one vantage says is gone
// from here on.
struct Recording {
  std::string_view name;  // level:metric:operation
  std::string_view expr;
};

// Evaluated one after the other: recordings first, and the alerts see what they gave. Neighbours of one name
// are printed as one group: each group has a turn of its own, and to begin a turn costs as much as some
// rules. Rulers beyond Prometheus take no more than 20 rules in one.
struct Group {
  std::string_view name;      // without the prefix farshore-
  std::string_view interval;  // empty: that of the scrapes
  std::span<const Recording> recordings;
  std::span<const Alert> alerts;
};

// A number that somebody may want to be another one: `farshorectl generate rules --threshold name=value`.
struct Threshold {
  std::string_view name;
  std::string_view value;  // as it stands in PromQL, in the unit of the meaning
  std::string_view meaning;
};

// Limits that are the topology's (quorum, for, max_data_loss, TTLs) are none of these.
extern const std::span<const Threshold> kThresholds;
extern const Group kFailover, kTriggerPath, kClusters, kReplication, kService, kAutomation;

inline constexpr const Group* kGroups[] = {&kFailover, &kTriggerPath, &kClusters,
                                           &kService,  &kReplication, &kAutomation};

}  // namespace farshore::pack

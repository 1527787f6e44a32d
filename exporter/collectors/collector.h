// A collector turns a view into metric families. Pure: no clock, no I/O, no state. One file and one row of
// registry.cc each; values that are not known are left out, never zero.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/metrics/metric.h"
#include "exporter/view.h"

namespace farshore {

struct Collector {
  std::string_view name;
  std::span<const Metric> metrics;  // every family that `collect` may give, in the order of the page
  MetricFamilies (*collect)(const ExporterView& view);
};

// On whose page a collector's series about a server or an application stand (docs/adr/0010).
enum class Teller { kEveryVantage, kOwnRegion };
struct Row {
  const Collector* collector;
  Teller teller;
};

std::span<const Row> collectors();                      // registry.cc, in the order of the page
MetricFamilies collect_page(const ExporterView& view);  // what this vantage tells

extern const Collector kAvailabilityCollector;
extern const Collector kRoleCollector;
extern const Collector kTimelineCollector;
extern const Collector kTimelinesBehindCollector;
extern const Collector kWalPositionCollector;
extern const Collector kStandbyPositionCollector;
extern const Collector kWalReceiverCollector;
extern const Collector kReplayCollector;
extern const Collector kReplicationLagCollector;
extern const Collector kHeartbeatCollector;
extern const Collector kApplicationCollector;
extern const Collector kApplicationCertificateCollector;
extern const Collector kDnsRecordCollector;
extern const Collector kFileTierCollector;
extern const Collector kStandbyParametersCollector;
extern const Collector kRoundTripCollector;
extern const Collector kClockCollector;
extern const Collector kStandbysCollector;
extern const Collector kSynchronousCollector;
extern const Collector kSlotsCollector;
extern const Collector kArchiverCollector;
extern const Collector kRecoveryConflictsCollector;
extern const Collector kPreparedTransactionsCollector;
extern const Collector kConnectionsCollector;
extern const Collector kSlowTierCollector;
extern const Collector kCompletenessCollector;
extern const Collector kVantageCollector;
extern const Collector kReloadCollector;
extern const Collector kBuildInfoCollector;
extern const Collector kProcessCollector;

// What every family about servers carries, before labels of its own.
inline constexpr const char* kServerLabels = "cluster region server vantage";

// A family about servers: each sample carries cluster, region, server, vantage, then `more`.
class ServerFamily : public FamilyBuilder {
 public:
  ServerFamily(const Metric& metric, const ExporterView& view) : FamilyBuilder(metric), view_(view) {}
  ServerFamily& add(const ServerView& server, double value, const Labels& more = {});
  // Nothing when the value is not known.
  ServerFamily& add_if(const ServerView& server, const std::optional<double>& value,
                       const Labels& more = {}) {
    return value ? add(server, *value, more) : *this;
  }

 private:
  const ExporterView& view_;
};

}  // namespace farshore

#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

// The order of the page.
constexpr const Collector* kCollectors[] = {
    &kAvailabilityCollector,
    &kRoleCollector,
    &kWalPositionCollector,
    &kWalReceiverCollector,
    &kReplayCollector,
    &kReplicationLagCollector,
    &kHeartbeatCollector,
    &kStandbyParametersCollector,
    &kClockCollector,
    &kStandbysCollector,
    &kSynchronousCollector,
    &kSlotsCollector,
    &kArchiverCollector,
    &kRecoveryConflictsCollector,
    &kPreparedTransactionsCollector,
    &kConnectionsCollector,
    &kSlowTierCollector,
    &kCompletenessCollector,
    &kApplicationCollector,
    &kDnsRecordCollector,
    &kFileTierCollector,
    &kVantageCollector,
    &kReloadCollector,
    &kBuildInfoCollector,
    &kProcessCollector,
};

}  // namespace

std::span<const Collector* const> collectors() { return kCollectors; }

std::vector<Metric> exporter_metrics() {
  std::vector<Metric> metrics;
  for (const Collector* collector : collectors())
    metrics.insert(metrics.end(), collector->metrics.begin(), collector->metrics.end());
  return metrics;
}

}  // namespace farshore

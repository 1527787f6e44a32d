#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

// The order of the page. What a server says of itself it would say to every vantage alike: its own
// region's exporter tells it once. What vantages may see differently, and what must outlive a region,
// all of them tell.
constexpr Row kRows[] = {
    {&kAvailabilityCollector, Teller::kEveryVantage},
    {&kRoleCollector, Teller::kEveryVantage},
    {&kTimelineCollector, Teller::kOwnRegion},
    {&kTimelinesBehindCollector, Teller::kEveryVantage},
    {&kWalPositionCollector, Teller::kEveryVantage},
    {&kStandbyPositionCollector, Teller::kOwnRegion},
    {&kWalReceiverCollector, Teller::kOwnRegion},
    {&kReplayCollector, Teller::kOwnRegion},
    {&kReplicationLagCollector, Teller::kEveryVantage},
    {&kHeartbeatCollector, Teller::kEveryVantage},
    {&kStandbyParametersCollector, Teller::kOwnRegion},
    {&kRoundTripCollector, Teller::kEveryVantage},
    {&kClockCollector, Teller::kOwnRegion},
    {&kStandbysCollector, Teller::kOwnRegion},
    {&kSynchronousCollector, Teller::kOwnRegion},
    {&kSlotsCollector, Teller::kOwnRegion},
    {&kArchiverCollector, Teller::kOwnRegion},
    {&kRecoveryConflictsCollector, Teller::kOwnRegion},
    {&kPreparedTransactionsCollector, Teller::kOwnRegion},
    {&kConnectionsCollector, Teller::kOwnRegion},
    {&kSlowTierCollector, Teller::kOwnRegion},
    {&kCompletenessCollector, Teller::kOwnRegion},
    {&kApplicationCollector, Teller::kEveryVantage},
    {&kApplicationCertificateCollector, Teller::kOwnRegion},
    {&kDnsRecordCollector, Teller::kEveryVantage},
    {&kFileTierCollector, Teller::kEveryVantage},
    {&kVantageCollector, Teller::kEveryVantage},
    {&kReloadCollector, Teller::kEveryVantage},
    {&kBuildInfoCollector, Teller::kEveryVantage},
    {&kProcessCollector, Teller::kEveryVantage},
};

// What is in the vantage's region.
ExporterView own_region_of(const ExporterView& view) {
  ExporterView own = view;
  std::erase_if(own.servers,
                [&](const ServerView& server) { return server.observation->region != view.vantage; });
  if (view.watch.applications != nullptr) {
    auto applications = std::make_shared<ApplicationList>(*view.watch.applications);
    std::erase_if(*applications,
                  [&](const ApplicationObservation& seen) { return seen.region != view.vantage; });
    own.watch.applications = std::move(applications);
  }
  return own;
}

}  // namespace

std::span<const Row> collectors() { return kRows; }

MetricFamilies collect_page(const ExporterView& view) {
  const ExporterView own = own_region_of(view);
  MetricFamilies page;
  for (const auto& [collector, teller] : collectors())
    std::ranges::move(collector->collect(teller == Teller::kOwnRegion ? own : view),
                      std::back_inserter(page));
  return page;
}

}  // namespace farshore

#include "exporter/collectors/collector.h"

namespace farshore {
namespace {

// The order of the page.
constexpr Collector kCollectors[] = {
    {"availability", collect_availability},       {"role", collect_role},
    {"wal_position", collect_wal_position},       {"wal_receiver", collect_wal_receiver},
    {"replication_lag", collect_replication_lag}, {"vantage", collect_vantage},
    {"build_info", collect_build_info},           {"process", collect_process},
};

}  // namespace

std::span<const Collector> collectors() { return kCollectors; }

}  // namespace farshore

// Replication slots: what each keeps on the disk, how much longer it may, and whether its standby can still
// catch up.
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr const char* kLabels = "cluster region server vantage slot slot_type";

constexpr Metric kMetrics[] = {
    {"farshore_pg_replication_slot_active", MetricType::Gauge, kLabels, "pg_get_replication_slots()",
     "1 if somebody streams through the slot, else 0."},
    {"farshore_pg_replication_slot_retained_wal_bytes", MetricType::Gauge, kLabels,
     "pg_get_replication_slots()",
     "WAL that the slot keeps, up to the current position, on a standby up to what it holds; absent for a "
     "slot that keeps none: never used, or lost."},
    {"farshore_pg_replication_slot_unread_wal_bytes", MetricType::Gauge, kLabels,
     "pg_get_replication_slots()",
     "WAL that the slot keeps while nobody streams through it. No series while somebody does, nor for a slot "
     "that keeps none or is a copy of the primary's."},
    {"farshore_pg_replication_slot_safe_wal_bytes", MetricType::Gauge, kLabels, "pg_get_replication_slots()",
     "WAL that may still be written before the slot is in danger of being lost; negative when it is late. "
     "Absent without max_slot_wal_keep_size and for lost slots."},
    {"farshore_pg_replication_slot_conflicting", MetricType::Gauge, kLabels, "pg_get_replication_slots()",
     "1 if the logical slot was invalidated by a conflict with recovery, else 0; PostgreSQL 16 and later."},
    {"farshore_pg_replication_slot_inactive_since_timestamp_seconds", MetricType::Gauge, kLabels,
     "pg_get_replication_slots()", "When the slot became inactive; PostgreSQL 17 and later."},
    {"farshore_pg_replication_slot_failover", MetricType::Gauge, kLabels, "pg_get_replication_slots()",
     "1 if the logical slot is to be kept on standbys too, else 0; PostgreSQL 17 and later."},
    {"farshore_pg_replication_slot_synced", MetricType::Gauge, kLabels, "pg_get_replication_slots()",
     "1 if the logical slot was copied from the primary, else 0; PostgreSQL 17 and later."},
    {"farshore_pg_replication_slot_wal_status", MetricType::Gauge,
     "cluster region server vantage slot slot_type status", "pg_get_replication_slots()",
     "Always 1; the label is the status of the slot: reserved, extended, unreserved or lost."},
    {"farshore_pg_replication_slot_invalidated_info", MetricType::Gauge,
     "cluster region server vantage slot slot_type reason", "pg_get_replication_slots()",
     "Always 1, for a slot that was invalidated; the label says why. PostgreSQL 17 and later."},
};

using ReadRow = std::optional<double> (*)(const SlotFacts& slot);
constexpr ReadRow kReaders[] = {
    [](const SlotFacts& slot) { return sample(slot.active); },
    [](const SlotFacts& slot) { return sample(slot.retained_bytes); },
    [](const SlotFacts& slot) {
      return slot.active != false || slot.synced == true ? std::nullopt : sample(slot.retained_bytes);
    },
    [](const SlotFacts& slot) { return sample(slot.safe_bytes); },
    [](const SlotFacts& slot) { return sample(slot.conflicting); },
    [](const SlotFacts& slot) { return sample(slot.inactive_since); },
    [](const SlotFacts& slot) { return sample(slot.failover); },
    [](const SlotFacts& slot) { return sample(slot.synced); },
};
constexpr size_t kWalStatus = std::size(kReaders), kInvalidated = kWalStatus + 1;
constexpr std::string_view kStatuses[] = {"reserved", "extended", "unreserved", "lost"};

template <typename Visit>
void for_each_slot(const ExporterView& view, Visit visit) {
  for (const ServerView& server : view.servers)
    if (server.details() != nullptr && server.details()->slots)
      for (const SlotFacts& slot : server.details()->slots->rows) visit(server, slot);
}

ServerFamily::Labels labels_of(const SlotFacts& slot) {
  return {{"slot", slot.name}, {"slot_type", slot.type}};
}

MetricFamilies collect(const ExporterView& view) {
  MetricFamilies families;
  for (size_t i = 0; i < std::size(kReaders); ++i) {
    ServerFamily family(kMetrics[i], view);
    for_each_slot(view, [&](const ServerView& server, const SlotFacts& slot) {
      family.add_if(server, kReaders[i](slot), labels_of(slot));
    });
    family.append_to(families);
  }
  ServerFamily statuses(kMetrics[kWalStatus], view), invalidated(kMetrics[kInvalidated], view);
  for_each_slot(view, [&](const ServerView& server, const SlotFacts& slot) {
    const auto with = [&](const char* label, std::string_view value) {
      ServerFamily::Labels labels = labels_of(slot);
      labels.emplace_back(label, value);
      return labels;
    };
    for (const std::string_view status : kStatuses)
      if (slot.wal_status == status) statuses.add(server, 1, with("status", status));
    if (slot.invalidation) invalidated.add(server, 1, with("reason", *slot.invalidation));
  });
  statuses.append_to(families);
  invalidated.append_to(families);
  return families;
}

}  // namespace

const Collector kSlotsCollector{"slots", kMetrics, collect};

}  // namespace farshore

// What is read beside the looks, every 30 s: directories, settings, transaction ids.
#include "exporter/collectors/values.h"

namespace farshore {
namespace {

constexpr Metric kMetrics[] = {
    {"farshore_pg_slow_tier_success", MetricType::Gauge, kServerLabels, "",
     "1 if directories, settings and transaction ids were all answered in time at their last turn, else 0. "
     "A failure of these is no failure of the server."},
    {"farshore_pg_slow_tier_age_seconds", MetricType::Gauge, kServerLabels, "",
     "Time since any of it was last answered; absent before. All that was read is absent once this is over "
     "three minutes, and a part that alone is late (farshore_pg_facts_missing) after three turns."},
    {"farshore_pg_wal_directory_bytes", MetricType::Gauge, kServerLabels, "pg_ls_waldir()",
     "Size of the files in pg_wal."},
    {"farshore_pg_wal_directory_files", MetricType::Gauge, kServerLabels, "pg_ls_waldir()",
     "Files in pg_wal."},
    {"farshore_pg_archive_ready_files", MetricType::Gauge, kServerLabels, "pg_ls_archive_statusdir()",
     "WAL files that wait to be archived: the honest measure of an archiver that falls behind."},
    {"farshore_pg_settings_pending_restart", MetricType::Gauge, kServerLabels, "pg_settings",
     "Settings that were changed and wait for a restart."},
    {"farshore_pg_wal_receiver_timeout_seconds", MetricType::Gauge, kServerLabels, "wal_receiver_timeout",
     "After how much silence the WAL receiver gives a connection up; 0 for never."},
    {"farshore_pg_wal_receiver_status_interval_seconds", MetricType::Gauge, kServerLabels,
     "wal_receiver_status_interval", "How often the WAL receiver reports at least."},
    {"farshore_pg_max_slot_wal_keep_size_bytes", MetricType::Gauge, kServerLabels, "max_slot_wal_keep_size",
     "How much WAL a slot may retain before it is lost; absent without a limit."},
    {"farshore_pg_oldest_transaction_id_age", MetricType::Gauge, kServerLabels, "pg_database",
     "Transactions since the oldest unfrozen transaction id of any database; the server stops accepting "
     "writes before 2^31."},
    {"farshore_pg_archive_mode", MetricType::Gauge, "cluster region server vantage mode", "archive_mode",
     "Always 1; the label is the mode: off, on or always."},
};

template <typename Part, typename Read>
std::optional<double> value(const ServerView& server, std::optional<Part> FactDetails::* part, Read read) {
  const FactDetails* details = server.slow_details();
  return details != nullptr && details->*part ? read(*(details->*part)) : std::nullopt;
}
std::optional<double> of_directory(const ServerView& server, std::optional<int64_t> DirectoryFacts::* field) {
  return value(server, &FactDetails::directories,
               [&](const DirectoryFacts& facts) { return sample(facts.*field); });
}
template <typename Field>
std::optional<double> of_settings(const ServerView& server, Field SettingFacts::* field) {
  return value(server, &FactDetails::settings,
               [&](const SettingFacts& facts) { return sample(facts.*field); });
}

constexpr ReadValue kReaders[] = {
    [](const ServerView& server) -> std::optional<double> {
      const SlowTier* slow = server.slow();
      return slow != nullptr ? std::optional(slow->failure_text.empty() ? 1.0 : 0.0) : std::nullopt;
    },
    [](const ServerView& server) -> std::optional<double> { return sample(server.slow_age); },
    [](const ServerView& server) { return of_directory(server, &DirectoryFacts::wal_bytes); },
    [](const ServerView& server) { return of_directory(server, &DirectoryFacts::wal_files); },
    [](const ServerView& server) { return of_directory(server, &DirectoryFacts::ready_files); },
    [](const ServerView& server) { return of_settings(server, &SettingFacts::pending_restart); },
    [](const ServerView& server) { return of_settings(server, &SettingFacts::receiver_timeout); },
    [](const ServerView& server) { return of_settings(server, &SettingFacts::receiver_status_interval); },
    [](const ServerView& server) -> std::optional<double> {
      const auto bytes = of_settings(server, &SettingFacts::slot_keep_bytes);
      return bytes && *bytes >= 0 ? bytes : std::nullopt;
    },
    [](const ServerView& server) -> std::optional<double> {
      const FactDetails* details = server.slow_details();
      return details != nullptr ? sample(details->oldest_xid_age) : std::nullopt;
    },
};
constexpr size_t kArchiveMode = std::size(kReaders);

MetricFamilies collect(const ExporterView& view) {
  MetricFamilies families = collect_values(view, std::span(kMetrics).first<kArchiveMode>(), kReaders);
  ServerFamily modes(kMetrics[kArchiveMode], view);
  for (const ServerView& server : view.servers) {
    const FactDetails* details = server.slow_details();
    if (details == nullptr || !details->settings || !details->settings->archive_mode) continue;
    for (const char* mode : {"off", "on", "always"})
      if (*details->settings->archive_mode == mode) modes.add(server, 1, {{"mode", mode}});
  }
  modes.append_to(families);
  return families;
}

}  // namespace

const Collector kSlowTierCollector{"slow_tier", kMetrics, collect};

}  // namespace farshore

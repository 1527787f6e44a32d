#include "actuator/check/server_reading.h"

#include <charconv>

#include "actuator/postgres/admin_server.h"
#include "common/postgres/session.h"

namespace farshore {
namespace {

// Units as pg_settings has them: wal_receiver_timeout in ms, wal_receiver_status_interval in s.
constexpr const char* kSettings =
    "SELECT name, setting FROM pg_settings WHERE name IN ('wal_receiver_timeout', "
    "'wal_receiver_status_interval', 'synchronous_standby_names', 'primary_slot_name', 'max_connections', "
    "'max_worker_processes', 'max_wal_senders', 'max_prepared_transactions', 'max_locks_per_transaction')";
constexpr const char* kSlots =
    "SELECT slot_name, active FROM pg_replication_slots WHERE slot_type = 'physical'";
constexpr const char* kMonitors = "SELECT pg_has_role('pg_monitor', 'USAGE')";

Status read_as_monitor(ServerReading& reading, BootTime deadline, Clock& clock) {
  SessionOverrides overrides;
  overrides.application_name = "farshorectl";
  auto session = PgSession::open(reading.config->conninfo, overrides, deadline, clock);
  if (!session) return tl::unexpected<Error>(session.error());
  reading.version = session->server_version();
  const BootTime asked = clock.boot_now();
  auto facts = session->read_facts(deadline);
  if (!facts) return tl::unexpected<Error>(facts.error());
  reading.round_trip = clock.boot_now() - asked;
  reading.facts = *std::move(facts);
  reading.clock_ahead = reading.facts.server_time - (clock.wall_now() - reading.round_trip / 2);
  const auto monitors = session->query(kMonitors, {}, deadline);
  const auto settings = session->query(kSettings, {}, deadline);
  const auto slots = session->query(kSlots, {}, deadline);
  for (const auto* rows : {&monitors, &settings, &slots})
    if (!*rows) return tl::unexpected<Error>(rows->error());
  reading.monitors = !monitors->rows.empty() && monitors->rows[0].at(0).value_or("") == "t";
  for (const PgRow& row : settings->rows) reading.settings[row.at(0).value_or("")] = row.at(1).value_or("");
  for (const PgRow& row : slots->rows)
    reading.slots.push_back({row.at(0).value_or(""), row.at(1).value_or("") == "t"});
  return {};
}

}  // namespace

int64_t ServerReading::number(const std::string& setting) const {
  const auto found = settings.find(setting);
  int64_t value = -1;
  if (found != settings.end())
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
  return value;
}

ServerReading read_server(const std::string& cluster, const ServerConfig& config, BootTime deadline,
                          Clock& clock) {
  ServerReading reading;
  reading.config = &config;
  const BootTime half = clock.boot_now() + (deadline - clock.boot_now()) / 2;
  if (const Status read = read_as_monitor(reading, half, clock); !read)
    reading.monitor_error = read.error().message;
  if (!config.admin) {
    reading.admin_error = "the topology has no 'admin' role for it";
    return reading;
  }
  auto look = make_postgres_server(cluster, config, clock)->look(deadline);
  if (look)
    reading.look = *std::move(look);
  else
    reading.admin_error = look.error().message;
  return reading;
}

}  // namespace farshore

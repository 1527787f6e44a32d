#include "actuator/check/judge_servers.h"

#include <algorithm>

#include "actuator/check/lines.h"

namespace farshore {
namespace {

constexpr int kOldest = 13, kNewest = 17;
constexpr nanoseconds kClockLimit = 1s;
constexpr const char* kSqlRemedy = "run what 'farshorectl generate sql' prints on the primary";

void check_monitor(const ServerReading& reading, Lines& lines) {
  if (!reading.monitor_error.empty()) {
    lines.fail("the monitoring role is not let in: " + reading.monitor_error,
               "start the server, open its network and pg_hba.conf for that role, check its passfile");
    return;
  }
  const int major = reading.version / 10000;
  if (major < kOldest || major > kNewest)
    lines.fail(fmt::format("PostgreSQL {} is not supported", major), "use PostgreSQL 13 to 17");
  else if (reading.monitors)
    lines.ok(fmt::format("the monitoring role reads PostgreSQL {}, {}", major,
                         reading.facts.in_recovery ? "a standby" : "the primary"));
  if (!reading.monitors) lines.fail("the monitoring role lacks membership in pg_monitor", kSqlRemedy);
}

void check_admin(const ServerReading& reading, Lines& lines) {
  if (!reading.admin_error.empty()) {
    lines.fail("the admin role is not let in: " + reading.admin_error,
               "start the server, open pg_hba.conf for that role, check its passfile");
    return;
  }
  for (const std::string& missing : reading.look->missing_privileges) {
    const bool password = missing.starts_with("primary_conninfo");
    lines.fail(
        (password ? "not so: " : "the admin role lacks ") + missing,
        password ? "put the password into a passfile and set primary_conninfo with passfile=" : kSqlRemedy);
  }
  if (reading.look->missing_privileges.empty()) lines.ok("the admin role has every privilege of a failover");
}

void check_receiver(const ServerReading& reading, const FailoverSettings& failover, Lines& lines) {
  const auto window = std::chrono::duration_cast<milliseconds>(failover.evidence_window).count() * 2 / 3;
  const int64_t timeout = reading.number("wal_receiver_timeout");
  const int64_t interval = reading.number("wal_receiver_status_interval");
  if (timeout <= 0 || timeout > window)
    lines.fail(
        timeout == 0 ? "wal_receiver_timeout is off"
                     : fmt::format("wal_receiver_timeout is {} ms, longer than two thirds of "
                                   "failover.evidence_window",
                                   timeout),
        fmt::format("ALTER SYSTEM SET wal_receiver_timeout = '{}ms', or a longer evidence_window", window));
  else
    lines.ok(fmt::format("wal_receiver_timeout is {} ms", timeout));
  if (interval <= 0 || interval > 1)
    lines.fail(fmt::format("wal_receiver_status_interval is {} s", interval),
               "ALTER SYSTEM SET wal_receiver_status_interval = '1s'");
  else
    lines.ok("wal_receiver_status_interval is 1 s");
}

void check_standby(const ServerReading& reading, Lines& lines) {
  const auto names = reading.settings.find("synchronous_standby_names");
  if (names != reading.settings.end() && !names->second.empty())
    lines.warn(fmt::format("synchronous_standby_names = '{}' would let commits wait after a promotion",
                           names->second),
               "clear it on the standby; else the actuator lifts it when it promotes");
  if (reading.look && reading.look->apply_delay > 0ns)
    lines.fail(fmt::format("recovery_min_apply_delay is {:.0f} s: it is no candidate",
                           to_seconds(reading.look->apply_delay)),
               "set it to 0, or keep another standby");
  if (!reading.facts.receiver) lines.fail("it does not stream", "look into its log and at primary_conninfo");
}

void check_clock(const ServerReading& reading, Lines& lines) {
  const nanoseconds off = std::max(reading.clock_ahead, -reading.clock_ahead) - reading.round_trip / 2;
  if (off > kClockLimit)
    lines.warn(fmt::format("its clock is {:.1f} s {} of ours", to_seconds(off),
                           reading.clock_ahead > 0ns ? "ahead" : "behind"),
               "synchronise both hosts by NTP: records and alerts are compared by the wall clock");
}

const ServerReading* find_primary(const std::vector<const ServerReading*>& read, Lines& lines) {
  std::vector<std::string> writable;
  const ServerReading* primary = nullptr;
  for (const ServerReading* reading : read)
    if (!reading->facts.in_recovery) {
      primary = reading;
      writable.push_back(reading->config->name);
    }
  if (writable.size() == 1) {
    lines.ok(fmt::format("{} is the only primary", writable.front()));
    return primary;
  }
  if (writable.empty())
    lines.fail("no server is a primary", "start the primary, or name it when you know which it is");
  else
    lines.fail(fmt::format("several servers are primaries: {}", fmt::join(writable, ", ")),
               "stop all but the right one, at once: both may take writes");
  return nullptr;
}

void check_systems(const ServerReading& primary, const std::vector<const ServerReading*>& read,
                   Lines& lines) {
  bool same = true;
  for (const ServerReading* reading : read) {
    const auto differs = [&](const std::string& what) {
      same = false;
      lines.fail(fmt::format("{} {}", reading->config->name, what),
                 fmt::format("build it again from {}, or take it out", primary.config->name));
    };
    if (reading->facts.system_identifier != primary.facts.system_identifier)
      differs("belongs to another system");
    else if (reading->facts.timeline != primary.facts.timeline)
      differs(fmt::format("is on timeline {}, the primary on {}", reading->facts.timeline,
                          primary.facts.timeline));
  }
  if (same) lines.ok("all servers have one system identifier and timeline");
}

// Hot standby and promotion both refuse with less than the primary had (PostgreSQL documentation, 27.4.3).
void check_parity(const ServerReading& primary, const ServerReading& standby, Lines& lines) {
  bool enough = true;
  for (const char* name : {"max_connections", "max_worker_processes", "max_wal_senders",
                           "max_prepared_transactions", "max_locks_per_transaction"}) {
    if (standby.number(name) >= primary.number(name)) continue;
    enough = false;
    lines.fail(fmt::format("{} of {} is {}, less than {} of {}", name, standby.config->name,
                           standby.number(name), primary.number(name), primary.config->name),
               "raise it on the standby and restart it: it stops replaying, or cannot be promoted");
  }
  if (enough) lines.ok(standby.config->name + " has room for everything that the primary allows");
}

void check_slot(const ServerReading& primary, const ServerReading& standby, Lines& lines) {
  const auto setting = standby.settings.find("primary_slot_name");
  const std::string slot = setting == standby.settings.end() ? "" : setting->second;
  if (slot.empty()) {
    lines.warn(standby.config->name + " uses no replication slot: the primary may remove WAL that it needs",
               "create one on the primary and set primary_slot_name");
    return;
  }
  const auto found = std::ranges::find(primary.slots, slot, &SlotReading::name);
  if (found == primary.slots.end())
    lines.fail(fmt::format("the slot {} of {} is not on the primary", slot, standby.config->name),
               fmt::format("SELECT pg_create_physical_replication_slot('{}')", slot));
  else if (!found->active)
    lines.warn(fmt::format("the slot {} of {} is not in use", slot, standby.config->name),
               "see why it does not stream: an unused slot keeps WAL until the disk is full");
  else
    lines.ok(fmt::format("{} streams through the slot {}", standby.config->name, slot));
}

void check_probe_rows(const ServerReading& primary, const std::vector<const ServerReading*>& read,
                      Lines& lines) {
  if (!primary.look) return;
  if (!primary.look->epoch_row) {
    lines.warn("farshore.epoch holds no row yet", "none: the actuator commits it when it first starts");
    return;
  }
  bool all = true;
  for (const ServerReading* reading : read) {
    if (!reading->look || reading->look->epoch_row == primary.look->epoch_row) continue;
    all = false;
    lines.fail(fmt::format("{} does not hold the row of epoch {}: it did not follow", reading->config->name,
                           primary.look->epoch_row->epoch),
               "wait until it has replayed, else build it again");
  }
  if (all) lines.ok(fmt::format("all hold the row of epoch {}", primary.look->epoch_row->epoch));
}

}  // namespace

std::vector<CheckLine> judge_server(const ServerReading& reading, const FailoverSettings& failover) {
  Lines lines(reading.config->name);
  check_monitor(reading, lines);
  check_admin(reading, lines);
  if (reading.monitor_error.empty()) {
    check_receiver(reading, failover, lines);
    if (reading.facts.in_recovery) check_standby(reading, lines);
    check_clock(reading, lines);
  }
  return lines.take();
}

std::vector<CheckLine> judge_cluster(const std::string& cluster, const std::vector<ServerReading>& readings) {
  Lines lines("cluster " + cluster);
  std::vector<const ServerReading*> read;
  for (const ServerReading& reading : readings)
    if (reading.monitor_error.empty()) read.push_back(&reading);
  if (readings.size() < 2) lines.warn("there is no standby", "a failover needs one");
  if (read.empty()) return lines.take();
  const ServerReading* primary = find_primary(read, lines);
  if (!primary) return lines.take();
  check_systems(*primary, read, lines);
  for (const ServerReading* reading : read) {
    if (reading == primary) continue;
    check_parity(*primary, *reading, lines);
    check_slot(*primary, *reading, lines);
  }
  check_probe_rows(*primary, read, lines);
  return lines.take();
}

}  // namespace farshore

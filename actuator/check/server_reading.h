// What is read of one PostgreSQL server for the live check: as the monitoring role and as the admin role.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actuator/postgres/postgres_server.h"
#include "common/topology/topology.h"

namespace farshore {

struct SlotReading {
  std::string name;
  bool active = false;
};

struct ServerReading {
  const ServerConfig* config = nullptr;
  std::string monitor_error;  // empty: the monitoring role was let in and all below was read
  int version = 0;            // 150018
  ServerFacts facts;
  nanoseconds clock_ahead{0}, round_trip{0};  // the server's wall clock minus ours, and what reading it took
  bool monitors = false;                      // the role has pg_monitor
  std::map<std::string, std::string> settings;  // as pg_settings gives them, without units
  std::vector<SlotReading> slots;               // physical ones
  std::string admin_error;                      // empty: the admin role was let in, and `look` is there
  std::optional<ServerLook> look;

  int64_t number(const std::string& setting) const;  // -1 when it is not there
};

// Two sessions, one after the other, each with half of the time until the deadline.
ServerReading read_server(const std::string& cluster, const ServerConfig& config, BootTime deadline,
                          Clock& clock);

}  // namespace farshore

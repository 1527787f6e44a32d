// PostgresServer over libpq, as the admin role of the topology. Each call opens a session of its own; nothing
// is kept between calls but since when the startup process was seen waiting.
#pragma once

#include <memory>
#include <string>

#include "actuator/postgres/postgres_server.h"
#include "common/topology/topology.h"

namespace farshore {

// Host, port, database and TLS come from `config.conninfo`, user and passfile from `config.admin`. `clock`
// must outlive it.
std::unique_ptr<PostgresServer> make_postgres_server(const std::string& cluster, const ServerConfig& config,
                                                     Clock& clock);

}  // namespace farshore

// Whether a session's write commits: the statements behind PostgresServer::probe_write.
#pragma once

#include <string>

#include "actuator/postgres/postgres_server.h"
#include "common/postgres/session.h"

namespace farshore {

Result<WriteProbe> write_and_forget(PgSession& session, const std::string& cluster, BootTime deadline,
                                    const Clock& clock);

}  // namespace farshore

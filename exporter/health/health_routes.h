// The health endpoints as routes: /server/{name}/<check> for every server of the topology and, for one
// server, the bare /<check>. GET answers with JSON, HEAD and OPTIONS with the status alone: 200 yes, 503 no
// or not known, 404 no such server, 400 a query that is not understood.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/http/server.h"
#include "exporter/view.h"

namespace farshore {

// `view` is called for each request, on several threads. `own_server` empty: no bare paths.
std::vector<Route> health_routes(std::function<ExporterView()> view, const std::string& own_server);

}  // namespace farshore

// The exporter as a whole: the observer, and the HTTP server that shows what it sees.
#pragma once

#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/http/server.h"
#include "common/postgres/observer.h"
#include "common/topology/topology.h"
#include "exporter/transition_log.h"
#include "exporter/view.h"

namespace farshore {

struct ExporterOptions {
  std::string vantage;         // must be one of the topology's
  std::string listen_address;  // host:port
};

// Life: start() once, then any thread may call the rest; destruction stops both halves.
class Exporter {
 public:
  // kInvalidArgument: the vantage is none of the topology's, or the address is wrong; kUnavailable: it is
  // taken.
  static Result<std::unique_ptr<Exporter>> start(Topology topology, ExporterOptions options, Clock& clock);

  int port() const { return server_->port(); }
  ExporterView view() const;

 private:
  Exporter(Topology topology, ExporterOptions options, Clock& clock);
  std::vector<Route> routes() const;

  const Topology topology_;
  const ExporterOptions options_;
  Clock& clock_;
  TransitionLog transitions_;  // used by the observer's thread: must outlive it
  Observer observer_;
  std::unique_ptr<HttpServer> server_;  // its handlers use all of the above: goes first
};

}  // namespace farshore

// The exporter as a whole: the world it looks at, and the HTTP server that shows what it sees.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/topology/topology.h"
#include "common/web/web_server.h"
#include "exporter/view.h"
#include "exporter/world.h"

namespace farshore {

struct ExporterOptions {
  std::string vantage;  // must be one of the topology's
  WebOptions web;
  std::string telemetry_path = "/metrics";
  std::string server = {};  // the one that the bare health paths are about; empty: there are none
  bool lifecycle = false;   // POST /-/reload is there
};

// Life: start() once, then any thread may call the rest; destruction stops both halves.
class Exporter {
 public:
  // kInvalidArgument: the vantage is none of the topology's, or an address, the telemetry path or the web
  // configuration is wrong; kUnavailable: an address is taken.
  static Result<std::unique_ptr<Exporter>> start(Topology topology, ExporterOptions options, Clock& clock);

  // The world that these options ask for, not started. kInvalidArgument: the topology's own error, or a
  // vantage or server that is none of it.
  static Result<std::shared_ptr<World>> make_world(Result<Topology> topology, const ExporterOptions& options,
                                                   Clock& clock);

  // What start() would refuse, found without looking at any server and without serving. The same errors;
  // that an address is taken only a start can tell.
  static Status check(Result<Topology> topology, const ExporterOptions& options, Clock& clock);

  int port() const { return server_->port(); }
  ExporterView view() const;

  // Reads the topology again from the file it came from, and the web configuration with its certificates.
  // Both take effect or neither: when one is bad, what was there goes on as a whole, which the log and the
  // metrics say. Handlers answer from the old world until the new one has looked at everything once, or was
  // given the time to. One caller at a time, the others wait.
  Status reload();
  // The same for a caller that must not wait for another one's reload: kConflict when one is under way, and
  // then nothing was done.
  Status reload_unless_under_way();

 private:
  Exporter(std::shared_ptr<World> world, ExporterOptions options, Clock& clock);
  std::shared_ptr<World> world() const;  // hold it for as long as anything of it is used
  Status reload_now();
  Status read_again();
  void replace_world(const std::shared_ptr<World>& made);
  std::vector<Route> routes();

  const ExporterOptions options_;
  Clock& clock_;

  std::mutex reloading_;

  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<World> world_;
  ReloadFacts reload_facts_;

  std::unique_ptr<WebServer> server_;  // its handlers use all of the above: goes first
};

}  // namespace farshore

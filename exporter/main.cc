// farshore-exporter: what one vantage sees of every server of the topology, as metrics.
#include <fmt/ranges.h>

#include "common/base/log.h"
#include "common/base/signals.h"
#include "common/base/version.h"
#include "common/cli/command_line.h"
#include "common/cli/serve.h"
#include "exporter/exporter.h"
#include "exporter/pages.h"

namespace farshore {
namespace {

int serve(const std::string& config_file, const ExporterOptions& options) {
  Result<Topology> topology = load_topology(config_file);
  if (!topology) return refuse_to_start(topology.error());
  const auto exporter = Exporter::start(std::move(*topology), options, system_clock());
  if (!exporter) return refuse_to_start(exporter.error());
  log_info("started", {{"version", kVersion},
                       {"vantage", options.vantage},
                       {"address", fmt::format("{}", fmt::join(options.web.listen_addresses, ","))},
                       {"port", (*exporter)->port()}});
  return serve_until_told_to_stop("stopped",
                                  {.reload = {[&exporter] { (void)(*exporter)->reload(); }},
                                   .ready = [&exporter] { return (*exporter)->view().first_cycle_done; },
                                   .alive = [&exporter] { return (*exporter)->view().observer_alive; }});
}

int check_config(const std::string& config_file, const ExporterOptions& options) {
  const auto good = Exporter::check(load_topology(config_file), options, system_clock());
  if (!good) return refuse_to_start(good.error());
  fmt::print("{}: the configuration is good\n", config_file);
  return kExitOk;
}

// One look at everything, without a server.
int print_once(const std::string& config_file, const ExporterOptions& options) {
  const auto world = Exporter::make_world(load_topology(config_file), options, system_clock());
  if (!world) return refuse_to_start(world.error());
  (*world)->start(World::Purpose::kOneLook);
  if (!(*world)->wait_first_cycle(World::FirstCycle::kEverything))
    log_warn("not everything was looked at in time");
  fmt::print("{}", render_metrics((*world)->view()));
  return kExitOk;
}

int run(int argc, char** argv) {
  block_program_signals();
  std::string config_file;
  ExporterOptions options{.vantage = "", .web = {{":10187"}, ""}};
  bool check = false, once = false;
  LogFlags log_flags;
  CommandLine line("farshore-exporter", "Shows what one vantage sees of every server of the topology.");
  line.root()
      .flag("config.file", config_file, "The topology file.", Need::kRequired)
      .flag("vantage", options.vantage, "The vantage this exporter is, one of the topology's.",
            Need::kRequired)
      .flag("config.check", check, "Say whether the configuration is good, and exit.")
      .flag("once", once, "Look at everything once, print the metrics on standard output, and exit.")
      .flag("server", options.server,
            "The server that /primary and the other health paths without a name are about.")
      .flag("web.telemetry-path", options.telemetry_path, "Where the metrics are.")
      .flag("web.enable-lifecycle", options.lifecycle,
            "POST /-/reload reads the topology again, as SIGHUP does.");
  options.web.add_flags(line.root());
  log_flags.add_to(line.root());
  if (const auto exit_code = line.parse(argc, argv)) return *exit_code;
  log_flags.apply();
  if (check) return check_config(config_file, options);
  if (once) return print_once(config_file, options);
  return serve(config_file, options);
}

}  // namespace
}  // namespace farshore

int main(int argc, char** argv) { return farshore::run(argc, argv); }

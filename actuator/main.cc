// farshore-actuator: receives Alertmanager's webhooks, looks for itself, and fails over.
#include "actuator/actuator.h"

#include <fmt/ranges.h>

#include "common/base/log.h"
#include "common/base/signals.h"
#include "common/base/version.h"
#include "common/cli/command_line.h"
#include "common/cli/serve.h"

namespace farshore {
namespace {

constexpr nanoseconds kStopLimit = 5s;

void reload_web(Actuator& actuator) {
  log_info("the topology is read at the start only: restart to read it again");
  const Status status = actuator.reload_web();
  if (status) log_info("the web configuration was read again");
  if (!status)
    log_error("the web configuration cannot be read again: what was there goes on",
              {{"why", status.error().message}});
}

int serve(const std::string& config_file, const ActuatorOptions& options) {
  Result<Topology> topology = load_topology(config_file);
  if (!topology) return refuse_to_start(topology.error());
  auto actuator = Actuator::start(std::move(*topology), options, system_clock());
  if (!actuator) return refuse_to_start(actuator.error());
  log_info("started", {{"version", kVersion},
                       {"address", fmt::format("{}", fmt::join(options.web.listen_addresses, ","))},
                       {"port", (*actuator)->port()}});
  const int exit_code = serve_until_told_to_stop("stopping: a run that is open goes on at the next start",
                                                 {.reload = {[&actuator] { reload_web(**actuator); }}});
  // A run stops between two rows. A row may take a minute, and every instant is safe to die at.
  end_within(kStopLimit, [&actuator] { actuator->reset(); });
  return exit_code;
}

int run(int argc, char** argv) {
  block_program_signals();
  std::string config_file;
  ActuatorOptions options{.web = {{":10188"}, ""}, .access_file = "", .storage_path = "/var/lib/farshore"};
  LogFlags log_flags;
  CommandLine line(
      "farshore-actuator",
      "Receives Alertmanager's webhooks, proves that a lost primary cannot write, promotes the standby and "
      "moves traffic.");
  line.root()
      .flag("config.file", config_file, "The topology file.", Need::kRequired)
      .flag("web.access-file", options.access_file, "Who may do what: principals with roles and credentials.",
            Need::kRequired)
      .flag("storage.path", options.storage_path, "Folder of the journal.");
  options.web.add_flags(line.root());
  log_flags.add_to(line.root());
  if (const auto exit_code = line.parse(argc, argv)) return *exit_code;
  log_flags.apply();
  return serve(config_file, options);
}

}  // namespace
}  // namespace farshore

int main(int argc, char** argv) { return farshore::run(argc, argv); }

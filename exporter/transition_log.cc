#include "exporter/transition_log.h"

#include "common/base/log.h"

namespace farshore {

void TransitionLog::note(const Snapshot& snapshot) {
  for (const ServerObservation& server : snapshot.servers) {
    if (!server.attempt_finished && server.failure == FailureClass::kNone) continue;
    const std::string state =
        server.up ? fmt::format("{} on timeline {}", server.facts->in_recovery ? "standby" : "primary",
                                server.facts->timeline)
                  : std::string(to_string(server.failure));
    if (!changes_.changed(server.cluster + "/" + server.server, state)) continue;
    if (server.up)
      log_info("server answers", {{"cluster", server.cluster}, {"server", server.server}, {"as", state}});
    else
      log_warn("server does not answer", {{"cluster", server.cluster},
                                          {"server", server.server},
                                          {"class", state},
                                          {"why", server.failure_text}});
  }
}

}  // namespace farshore

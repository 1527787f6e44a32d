#include "common/postgres/facts.h"

namespace farshore {

std::string_view to_string(FailureClass failure) {
  switch (failure) {
    case FailureClass::kNone:
      return "";
    case FailureClass::kRefused:
      return "refused";
    case FailureClass::kTimeout:
      return "timeout";
    case FailureClass::kUnreachable:
      return "unreachable";
    case FailureClass::kDns:
      return "dns";
    case FailureClass::kAuth:
      return "auth";
    case FailureClass::kTooManyClients:
      return "too_many_clients";
    case FailureClass::kStartingUp:
      return "starting_up";
    case FailureClass::kShuttingDown:
      return "shutting_down";
    case FailureClass::kTls:
      return "tls";
    case FailureClass::kQuery:
      return "query";
    case FailureClass::kClosed:
      return "closed";
  }
  return "";
}

const ServerObservation* Snapshot::find(std::string_view cluster, std::string_view server) const {
  for (const ServerObservation& observation : servers)
    if (observation.cluster == cluster && observation.server == server) return &observation;
  return nullptr;
}

}  // namespace farshore

#include "common/postgres/facts.h"

#include <algorithm>
#include <charconv>

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

std::optional<BootTime> replay_stalled_since(const ServerObservation& before, const ServerFacts& found,
                                             BootTime at) {
  const auto has_left_to_replay = [](const ServerFacts& facts) { return facts.backlog().value_or(0) > 0; };
  if (!has_left_to_replay(found) || found.replay_paused.value_or(false)) return std::nullopt;
  const bool stood =
      before.facts && has_left_to_replay(*before.facts) && before.facts->replay == found.replay;
  return stood && before.replay_stalled_since ? before.replay_stalled_since : at;
}

const ServerObservation* Snapshot::find(std::string_view cluster, std::string_view server) const {
  for (const ServerObservation& observation : servers)
    if (observation.cluster == cluster && observation.server == server) return &observation;
  return nullptr;
}

Result<StandbyMinimums> parse_standby_minimums(std::string_view text) {
  StandbyMinimums minimums;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view entry = text.substr(begin, end - begin);
    const size_t equals = std::min(entry.find('='), entry.size());
    int64_t value = 0;
    const char* const last = entry.data() + entry.size();
    const auto [rest, error] =
        std::from_chars(entry.data() + std::min(equals + 1, entry.size()), last, value);
    if (equals == 0 || error != std::errc() || rest != last)
      return fail(ErrorCode::kCorrupt, "'{:.40}' is no setting with a number", entry);
    minimums[std::string(entry.substr(0, equals))] = value;
    begin = end + 1;
  }
  return minimums;
}

std::string format_standby_minimums(const StandbyMinimums& minimums) {
  std::string text;
  for (const auto& [name, value] : minimums)
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", name, value);
  return text;
}

}  // namespace farshore

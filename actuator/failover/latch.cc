#include "actuator/failover/latch.h"

#include <algorithm>

#include "common/base/log.h"

namespace farshore {
namespace {

constexpr size_t kRememberedAlerts = 5000;  // read back at the start
constexpr size_t kMostReports = 10'000;     // each made by an authenticated alert about a known cluster
constexpr nanoseconds kRemembered = std::chrono::hours(24);

bool answered_lately(const ServerObservation& server, BootTime now) {
  if (server.last_success && now - *server.last_success <= SelfLook::kSilence) return true;
  // An answer that refuses us is an answer.
  return server.attempt_finished && now - *server.attempt_finished <= SelfLook::kSilence && !server.up &&
         !is_silence(server.failure) && server.failure != FailureClass::kDns;
}

}  // namespace

Latch::Latch(Journal& journal, Clock& clock) : journal_(journal), clock_(clock) {
  const auto alerts = journal_.recent_alerts(kRememberedAlerts);
  if (!alerts) return;  // the next alert cannot be written down either, and is refused
  const WallTime wall = clock_.wall_now();
  const BootTime now = clock_.boot_now();
  for (auto alert = alerts->rbegin(); alert != alerts->rend(); ++alert)
    if (reports_a_loss(*alert)) remember(*alert, now - std::max<nanoseconds>(wall - alert->received_at, 0ns));
}

void Latch::remember(const AlertRecord& alert, BootTime at) {
  reports_.try_emplace(Loss{alert.cluster, alert.starts_at}, Report{alert.region, at});
}

void Latch::forget_old(BootTime now) {
  std::erase_if(reports_, [&](const auto& entry) { return now - entry.second.first > kRemembered; });
  while (reports_.size() > kMostReports)
    reports_.erase(std::min_element(reports_.begin(), reports_.end(), [](const auto& a, const auto& b) {
      return a.second.first < b.second.first;
    }));
}

std::optional<std::string> Latch::lost_at_once(const Report& report, const std::string& cluster) const {
  for (const auto& [loss, other] : reports_) {
    const nanoseconds apart = report.first - other.first;
    if (other.region == report.region || apart > kAtOnce || apart < -kAtOnce) continue;
    return fmt::format(
        "the loss of region {} (cluster {}) and of region {} (cluster {}) was reported within {:.0f} s, "
        "which is more likely a failure of the monitoring than of both",
        other.region, loss.first, report.region, cluster, to_seconds(kAtOnce));
  }
  return std::nullopt;
}

Status Latch::note(const std::vector<AlertRecord>& accepted) {
  const std::lock_guard lock(mutex_);
  const BootTime now = clock_.boot_now();
  std::optional<std::string> reason;
  for (const AlertRecord& alert : accepted) {
    if (!reports_a_loss(alert)) continue;
    if (reports_.contains({alert.cluster, alert.starts_at})) continue;  // a repeat
    remember(alert, now);
    if (!reason) reason = lost_at_once({alert.region, now}, alert.cluster);
  }
  forget_old(now);
  if (!reason) return {};
  const Status closed = close(*reason);
  if (closed) return closed;
  // Alertmanager delivers again: then these must be new once more.
  std::erase_if(reports_, [&](const auto& entry) { return entry.second.first == now; });
  return closed;
}

Status Latch::close(const std::string& reason) {
  const auto before = journal_.latched();
  if (!before) return tl::unexpected<Error>(before.error());
  if (*before) return {};
  if (auto closed = journal_.latch({reason, clock_.wall_now()}); !closed) return closed;
  log_error("automation is latched: no failover starts until a person clears it with farshorectl unlatch",
            {{"reason", reason}});
  return {};
}

std::string latched_sentence(const LatchRecord& latch) {
  return fmt::format(
      "automation is latched since {}: {}; look at both sides, then clear it with 'farshorectl unlatch'",
      format_rfc3339(latch.since), latch.reason);
}

bool reports_a_loss(const AlertRecord& alert) {
  return alert.status == AlertStatus::kFiring && alert.action == "failover" && alert.verdict != "refused" &&
         alert.verdict != "noted";
}

std::optional<std::string> SelfLook::judge(const std::vector<ServerObservation>& servers,
                                           const std::vector<AlertVote>& votes, BootTime now) {
  const bool heard =
      std::any_of(servers.begin(), servers.end(),
                  [&](const ServerObservation& server) { return answered_lately(server, now); }) ||
      std::any_of(votes.begin(), votes.end(),
                  [](const AlertVote& vote) { return vote.vote != Vote::kUnknown || vote.live_primary; });
  if (heard || servers.empty()) {
    silent_since_.reset();
    return std::nullopt;
  }
  if (!silent_since_) silent_since_ = now;
  if (now - *silent_since_ < kSilence) return std::nullopt;
  return fmt::format(
      "nobody answers this actuator: none of the {} servers of all clusters and none of {} Prometheus "
      "servers, so it is more likely cut off itself than all of them lost",
      servers.size(), votes.size());
}

}  // namespace farshore

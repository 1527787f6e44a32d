#include "actuator/journal/sqlite_journal_impl.h"

namespace farshore {
namespace {

// What is kept of decided alerts; pending and acted-on alerts are kept for ever, as runs are.
constexpr int64_t kKeptAlerts = 20'000;
constexpr int64_t kKeptWatchdogs = 1'000;  // one every few seconds: they must not push the others out

}  // namespace

Status SqliteJournal::record_alerts(std::vector<AlertRecord>& alerts) {
  const std::lock_guard lock(mutex_);
  // On a copy: a failed transaction must not leave ids of alerts that are not there.
  std::vector<AlertRecord> recorded = alerts;
  auto status = write([&]() -> Status {
    for (auto& alert : recorded) {
      if (alert.verdict.empty() && alert.status == AlertStatus::kFiring) {
        if (auto marked = mark_duplicate(alert); !marked) return marked;
      }
      if (auto inserted = insert_alert(alert); !inserted) return inserted;
    }
    return forget_old_alerts();
  });
  if (status) alerts = std::move(recorded);
  return status;
}

Status SqliteJournal::insert_alert(AlertRecord& alert) {
  auto inserted = database_->run(
      "INSERT INTO alerts (received_at, principal, firing, alertname, action, cluster, region, server, "
      "fingerprint, "
      "epoch, starts_at, verdict, reason, run_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      rows::from_time(alert.received_at), alert.principal, alert.status == AlertStatus::kFiring,
      alert.alertname, alert.action, alert.cluster, alert.region, alert.server, alert.fingerprint,
      alert.epoch, rows::from_time(alert.starts_at), alert.verdict, alert.reason, alert.run_id);
  if (inserted) alert.id = database_->last_insert_id();
  return done(inserted);
}

Status SqliteJournal::mark_duplicate(AlertRecord& alert) {
  // The newest few are enough: every later one was compared with the earlier ones when it came.
  auto earlier =
      all(database_->query(select(rows::kAlert,
                                  "FROM alerts WHERE cluster = ? AND epoch = ? AND fingerprint = ? AND "
                                  "starts_at = ? AND verdict IN ('', 'acted_on', 'refused') "
                                  "ORDER BY id DESC LIMIT 100"),
                           alert.cluster, alert.epoch, alert.fingerprint, rows::from_time(alert.starts_at)),
          rows::alert);
  if (!earlier) return tl::unexpected(earlier.error());
  for (const auto& other : *earlier) {
    auto run = other.run_id.empty() ? Result<std::optional<RunRecord>>() : find_run(other.run_id);
    if (!run) return tl::unexpected(run.error());
    if (!makes_duplicate(other, *run)) continue;
    alert.verdict = "duplicate";
    alert.reason = fmt::format(
        "the same alert is already journaled as {0}: 'farshorectl why {0}' says what became of it", other.id);
    alert.run_id = other.run_id;
    return {};
  }
  return {};
}

Status SqliteJournal::forget_old_alerts() {
  auto watchdogs = database_->run(
      "DELETE FROM alerts WHERE action = 'watchdog' AND verdict <> '' AND id <= (SELECT max(id) FROM alerts) "
      "- ?",
      kKeptWatchdogs);
  if (!watchdogs) return done(watchdogs);
  return done(database_->run(
      "DELETE FROM alerts WHERE id <= (SELECT id FROM alerts ORDER BY id DESC LIMIT 1 OFFSET ?) "
      "AND verdict NOT IN ('', 'acted_on')",
      kKeptAlerts));
}

Status SqliteJournal::set_verdict(int64_t alert_id, const std::string& verdict, const std::string& reason,
                                  const std::string& run_id) {
  const std::lock_guard lock(mutex_);
  auto changed = database_->run("UPDATE alerts SET verdict = ?, reason = ?, run_id = ? WHERE id = ?", verdict,
                                reason, run_id, alert_id);
  if (changed && *changed == 0) return fail(ErrorCode::kNotFound, "no alert {} in the journal", alert_id);
  return done(changed);
}

Result<std::vector<AlertRecord>> SqliteJournal::pending_alerts(const std::string& cluster) {
  const std::lock_guard lock(mutex_);
  return all(database_->query(
                 select(rows::kAlert, "FROM alerts WHERE cluster = ? AND verdict = '' ORDER BY id"), cluster),
             rows::alert);
}

Result<std::vector<AlertRecord>> SqliteJournal::recent_alerts(size_t limit) {
  const std::lock_guard lock(mutex_);
  return all(database_->query(select(rows::kAlert, "FROM alerts ORDER BY id DESC LIMIT ?"), limit),
             rows::alert);
}

Result<AlertRecord> SqliteJournal::alert(int64_t alert_id) {
  const std::lock_guard lock(mutex_);
  auto found =
      first(database_->query(select(rows::kAlert, "FROM alerts WHERE id = ?"), alert_id), rows::alert);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return fail(ErrorCode::kNotFound, "no alert {} in the journal", alert_id);
  return std::move(**found);
}

}  // namespace farshore

#include "examples/app/order_store.h"

#include <algorithm>
#include <utility>

namespace farshore::example {

Result<Session> OrderStore::take(Deadline deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      Session session = std::move(idle_.back());
      idle_.pop_back();
      return session;
    }
  }
  return Session::open(settings_,
                       std::min(deadline, std::chrono::steady_clock::now() + settings_.connect_limit));
}

void OrderStore::give_back(Session session) {
  const std::lock_guard lock(mutex_);
  if (session.broken()) {
    // One dead session means that the others died with the server: the next calls open new ones at once.
    idle_.clear();
  } else if (idle_.size() < static_cast<size_t>(settings_.threads)) {
    idle_.push_back(std::move(session));
  }
}

Result<Rows> OrderStore::run(const std::string& sql, const std::vector<std::string>& values,
                             Deadline deadline) {
  auto session = take(deadline);
  if (!session) return tl::unexpected(session.error());
  auto answer = session->run(sql, values, deadline);
  const bool died = session->broken();
  give_back(std::move(*session));
  if (answer || !died) return answer;
  // Every statement here may be repeated (ids are the client's), so a kept session that turns out dead costs
  // one more try. When that fails too, the first answer stands: what was sent may have been committed,
  // whatever comes later.
  auto again = take(deadline);
  if (!again) return answer;
  auto second = again->run(sql, values, deadline);
  give_back(std::move(*again));
  return second ? std::move(second) : std::move(answer);
}

Result<std::string> OrderStore::place(const Order& order, Deadline deadline) {
  const auto written =
      run("INSERT INTO orders (id, item, region) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
          {order.id, order.item, settings_.region}, deadline);
  if (!written) return tl::unexpected(written.error());
  // Asked after the commit, so the position is never before its record; concurrent commits may push it
  // further.
  const auto seen =
      run("SELECT item, pg_current_wal_flush_lsn() FROM orders WHERE id = $1", {order.id}, deadline);
  if (!seen) return fail(ErrorCode::kUnknown, "committed, but not confirmed: {}", seen.error().message);
  if (seen->empty()) return fail(ErrorCode::kUnknown, "committed, but gone when looked at");
  if (seen->front()[0] != order.item) {
    return fail(ErrorCode::kInvalidArgument, "order '{}' exists with another item", order.id);
  }
  return seen->front()[1];
}

Result<Role> OrderStore::role(Deadline deadline) {
  const auto rows = run("SELECT pg_is_in_recovery(), current_setting('transaction_read_only')", {}, deadline);
  if (!rows) return tl::unexpected(rows.error());
  Role role;
  role.in_recovery = rows->front()[0] == "t";
  role.writable = !role.in_recovery && rows->front()[1] == "off";
  return role;
}

Result<std::string> OrderStore::count(Deadline deadline) {
  const auto rows = run("SELECT count(*) FROM orders", {}, deadline);
  if (!rows) return tl::unexpected(rows.error());
  return rows->front()[0];
}

Result<std::vector<std::string>> OrderStore::ids(const std::string& after, int limit, Deadline deadline) {
  const auto rows = run("SELECT id FROM orders WHERE id > $1 ORDER BY id LIMIT $2::integer",
                        {after, std::to_string(limit)}, deadline);
  if (!rows) return tl::unexpected(rows.error());
  std::vector<std::string> ids;
  ids.reserve(rows->size());
  for (const Row& row : *rows) ids.push_back(row.front());
  return ids;
}

}  // namespace farshore::example

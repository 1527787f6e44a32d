// The orders of the shop in this region's PostgreSQL, behind a bounded pool of sessions.
//
// Thread safe. Every call ends by its deadline. Errors are those of Session, and kInvalidArgument for an id
// that was already used for another order.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "examples/app/session.h"

namespace farshore::example {

struct Order {
  std::string id;  // made by the client, so that asking twice is harmless
  std::string item;
};

struct Role {
  bool writable = false;
  bool in_recovery = false;
};

class OrderStore {
 public:
  explicit OrderStore(Settings settings) : settings_(std::move(settings)) {}

  // Returns after COMMIT with a WAL position at or just past the commit record ("0/3000A28"). An order that
  // is there already is not written again and answers alike.
  Result<std::string> place(const Order& order, Deadline deadline);
  Result<Role> role(Deadline deadline);
  Result<std::string> count(Deadline deadline);
  // At most `limit` ids greater than `after`, in order.
  Result<std::vector<std::string>> ids(const std::string& after, int limit, Deadline deadline);

 private:
  Result<Rows> run(const std::string& sql, const std::vector<std::string>& values, Deadline deadline);
  Result<Session> take(Deadline deadline);
  void give_back(Session session);

  const Settings settings_;
  std::mutex mutex_;
  std::vector<Session> idle_;
};

}  // namespace farshore::example

// The engine on real PostgreSQL servers, without the process around it: the test plays the observer, the
// Prometheus servers and the fence, and can stop between any two rows and before any call on a server.
//
//   Rig rig({{.name = "shop_eu"}, {.name = "shop_ap"}});
//   rig.lose_primary();
//   EXPECT_EQ(rig.fail_over(), "succeeded") << rig.reason();
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actuator/failover/engine.h"
#include "tests/fakes/memory_journal.h"
#include "tests/support/postgres_server.h"

namespace farshore::test {

struct RigStandby {
  std::string name = "shop_eu";
  std::vector<std::string> settings = {};
  int priority = 0;
};

// Not thread-safe. Failures throw.
class Rig {
 public:
  // The servers with the roles of the day, and the reign 1 of shop_us on all of them.
  explicit Rig(std::vector<RigStandby> standbys, std::vector<std::string> primary_settings = {});
  explicit Rig(RigStandby standby = {}) : Rig(std::vector<RigStandby>{std::move(standby)}) {}
  ~Rig();

  PostgresFixture& primary() { return *fixtures_.at("shop_us"); }
  PostgresFixture& standby(const std::string& name = "shop_eu") { return *fixtures_.at(name); }
  // Another server in its place, e.g. a standby of somebody else.
  void replace(const std::string& name, std::unique_ptr<PostgresFixture> fixture);
  // The reign of shop_us in force is this epoch, whose row it holds.
  void reign_again(int64_t epoch);
  const std::string& roles() const { return roles_; }  // the SQL of the day
  PostgresServer& hands(const std::string& name);      // as the engine uses them

  // Seen a last time, then dead: every process of it.
  void lose_primary();
  // The observer never saw the primary's settings.
  void forget_settings() { settings_seen_ = false; }
  // One run to its end; its state.
  std::string fail_over();
  // The same, but stops before this row.
  void fail_over_until(const std::string& step);
  std::string go_on();
  std::string retry();  // of a held run
  // After success: until nobody is left to follow, within the limit.
  bool reconcile();

  const RunRecord& run() const { return context_->run; }
  const std::string& reason() const { return context_->run.reason; }
  std::string fact(const std::string& name) const { return context_->fact(name).value_or(""); }
  bool claimed() { return journal.claim("shop")->has_value(); }
  size_t isolations() const { return isolations_; }

  // What must hold of the servers themselves.
  bool is_the_new_primary(const std::string& name);
  bool streams_from(const std::string& name,
                    const std::string& primary);  // and replays what is written there
  bool is_as_before(const std::string& name);     // settings back, in recovery, no claim

  MemoryJournal journal;
  ClusterConfig config;
  // Called before every call on a server: its name, and "look", "cut_streams", "push_replay", "promote", ...
  std::function<void(const std::string& server, std::string_view call)> before_call;
  // Called when pg_promote was asked for.
  std::function<void(const std::string& server)> after_promote;

 private:
  class View;
  class Votes;
  class Power;
  class Hooked;
  class Silent;

  void add(const std::string& name, int priority);
  void begin_reign();
  EngineDeps deps();
  std::string drive();

  std::map<std::string, std::unique_ptr<PostgresFixture>> fixtures_;
  std::map<std::string, std::string> conninfo_before_;
  std::string roles_;
  std::vector<std::unique_ptr<Hooked>> servers_;
  std::unique_ptr<View> view_;
  std::unique_ptr<Votes> votes_;
  std::unique_ptr<Power> power_;
  std::unique_ptr<Silent> silent_;
  std::unique_ptr<Engine> engine_;
  std::optional<RunContext> context_;
  bool settings_seen_ = true;
  size_t isolations_ = 0;
};

}  // namespace farshore::test

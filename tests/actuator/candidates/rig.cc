#include "tests/actuator/candidates/rig.h"

#include <algorithm>
#include <stdexcept>

#include "actuator/ctl/generate/generate.h"
#include "actuator/postgres/admin_server.h"

namespace farshore::test {
namespace {

BootTime soon() { return system_clock().boot_now() + 20s; }

}  // namespace

class Rig::View final : public ClusterView {
 public:
  std::shared_ptr<const Snapshot> snapshot() const override {
    auto snapshot = std::make_shared<Snapshot>();
    if (!seen_at) return snapshot;
    const BootTime now = system_clock().boot_now();
    ServerObservation seen;
    seen.cluster = "shop";
    seen.server = "shop_us";
    seen.failure = FailureClass::kRefused;
    seen.attempt_started = seen.attempt_finished = now;
    seen.attempt_new_session = true;
    seen.last_success = seen_at;
    seen.facts = facts;
    snapshot->servers.push_back(std::move(seen));
    return snapshot;
  }
  std::vector<WalPoint> history(const std::string&) const override {
    if (!seen_at) return {};
    return {{*seen_at - 1s, Lsn(1)}, {*seen_at, facts.flush.value_or(Lsn())}};
  }
  void look_now() override {}

  std::optional<BootTime> seen_at;
  ServerFacts facts;
};

class Rig::Votes final : public AlertVotes {
 public:
  void watch(const std::string&, int64_t, const std::string&) override {}
  void unwatch(const std::string&) override {}
  std::vector<AlertVote> latest(const std::string&) override {
    AlertVote vote;
    vote.region = "eu-west";
    vote.vote = Vote::kFiring;
    vote.asked = system_clock().boot_now();
    return {vote};
  }
  int quorum() const override { return 1; }
};

class Rig::Power final : public Fence {
 public:
  explicit Power(Rig& rig) : rig_(rig) {}
  const std::string& server() const override { return server_; }
  std::string grade() const override { return "power"; }
  Status isolate(BootTime) override {
    ++rig_.isolations_;
    rig_.primary().kill();
    return {};
  }
  FenceProof proof(BootTime) override {
    const bool off = rig_.isolations_ > 0;
    return {off ? FenceState::kIsolated : FenceState::kNotIsolated, grade(), off ? "off" : "on",
            system_clock().boot_now()};
  }

 private:
  Rig& rig_;
  const std::string server_ = "shop_us";
};

class Rig::Silent final : public Notifier {
 public:
  void tell(const Event&) override {}
};

class Rig::Hooked final : public PostgresServer {
 public:
  Hooked(Rig& rig, std::unique_ptr<PostgresServer> real) : rig_(rig), real_(std::move(real)) {}
  const std::string& name() const override { return real_->name(); }
  const std::string& region() const override { return real_->region(); }
  Result<ServerLook> look(BootTime deadline, FailureClass* failure) override {
    return called("look").look(deadline, failure);
  }
  Result<SavedSettings> read_settings(BootTime deadline) override {
    return called("read_settings").read_settings(deadline);
  }
  Status cut_streams(BootTime deadline) override { return called("cut_streams").cut_streams(deadline); }
  Status push_replay(BootTime deadline) override { return called("push_replay").push_replay(deadline); }
  Status restore_settings(const SavedSettings& settings, BootTime deadline) override {
    return called("restore_settings").restore_settings(settings, deadline);
  }
  Status promote(BootTime deadline) override {
    const Status asked = called("promote").promote(deadline);
    if (rig_.after_promote) rig_.after_promote(name());
    return asked;
  }
  Status commit_epoch_row(const EpochRow& row, BootTime deadline) override {
    return called("commit_epoch_row").commit_epoch_row(row, deadline);
  }
  Status make_slot(const std::string& slot, BootTime deadline) override {
    return called("make_slot").make_slot(slot, deadline);
  }
  Status request_checkpoint(BootTime deadline) override {
    return called("request_checkpoint").request_checkpoint(deadline);
  }

 private:
  PostgresServer& called(std::string_view call) {
    if (rig_.before_call) rig_.before_call(name(), call);
    return *real_;
  }
  Rig& rig_;
  const std::unique_ptr<PostgresServer> real_;
};

Rig::Rig(std::vector<RigStandby> standbys, std::vector<std::string> primary_settings)
    : view_(std::make_unique<View>()),
      votes_(std::make_unique<Votes>()),
      power_(std::make_unique<Power>(*this)),
      silent_(std::make_unique<Silent>()) {
  config.name = "shop";
  config.failover.mode = FailoverMode::kAutomatic;
  config.failover.evidence_window = 100ms;
  fixtures_["shop_us"] = PostgresFixture::make_primary(
      {.name = "shop_us", .port = 0, .settings = std::move(primary_settings), .hba = {}, .start = true});
  add("shop_us", 0);
  Topology topology;
  topology.clusters = {config};
  roles_ = generate_sql(topology, "shop", 15).value();
  primary().sql(roles_);
  for (RigStandby& standby : standbys) {
    fixtures_[standby.name] = primary().make_standby(
        {.name = standby.name, .port = 0, .settings = standby.settings, .hba = {}, .start = true});
    add(standby.name, standby.priority);
  }
  begin_reign();
}

Rig::~Rig() = default;

void Rig::add(const std::string& name, int priority) {
  ServerConfig server;
  server.name = name;
  server.region = name;
  server.priority = priority;
  server.conninfo = fixtures_.at(name)->conninfo("farshore_monitor");
  server.admin = AdminRole{"farshore_actuator", "/nonexistent/pgpass"};
  config.servers.push_back(server);
  servers_.push_back(std::make_unique<Hooked>(*this, make_postgres_server("shop", server, system_clock())));
}

void Rig::replace(const std::string& name, std::unique_ptr<PostgresFixture> fixture) {
  std::erase_if(servers_, [&](const auto& server) { return server->name() == name; });
  std::erase_if(config.servers, [&](const ServerConfig& server) { return server.name == name; });
  fixtures_[name] = std::move(fixture);
  add(name, 0);
}

PostgresServer& Rig::hands(const std::string& name) {
  for (auto& server : servers_)
    if (server->name() == name) return *server;
  throw std::logic_error("no server " + name);
}

void Rig::begin_reign() {
  const EpochRow row{"shop", 1, "shop_us"};
  if (Status done = hands("shop_us").commit_epoch_row(row, soon()); !done)
    throw std::runtime_error(done.error().message);
  const ServerLook look = hands("shop_us").look(soon()).value();
  if (!journal.adopt({"shop", 1, "shop_us", look.facts.timeline, look.facts.system_identifier,
                      system_clock().wall_now()}))
    throw std::runtime_error("the reign cannot be adopted");
  for (const auto& [name, fixture] : fixtures_) {
    if (!fixture->wait_for_sql("SELECT count(*) FROM farshore.epoch", "1"))
      throw std::runtime_error(name + " does not hold the probe row");
    conninfo_before_[name] = fixture->sql("SHOW primary_conninfo");
  }
}

void Rig::reign_again(int64_t epoch) {
  Reign reign = **journal.reign("shop");
  RunRecord run;
  run.cluster = "shop";
  run.from_epoch = reign.epoch;
  run.old_primary = "shop_us";
  if (!journal.create_run(run)) throw std::runtime_error("no run");
  const auto claimed = journal.take_claim("shop", reign.epoch, run.id);
  reign.epoch = epoch;
  if (!claimed || *claimed != epoch || !journal.begin_reign(reign, run.id))
    throw std::runtime_error("no new reign");
  run.state = RunState::kRefused;
  if (!journal.update_run(run)) throw std::runtime_error("the run stays open");
}

void Rig::lose_primary() {
  view_->facts = hands("shop_us").look(soon()).value().facts;
  if (!settings_seen_) view_->facts.standby_minimums.clear();
  view_->seen_at = system_clock().boot_now();
  primary().kill();
}

EngineDeps Rig::deps() {
  EngineDeps deps;
  deps.cluster = &config;
  deps.clock = &system_clock();
  deps.journal = &journal;
  deps.view = view_.get();
  deps.votes = votes_.get();
  for (auto& server : servers_) deps.servers.push_back(server.get());
  deps.fences = {power_.get()};
  deps.parallel = &thread_parallel();
  deps.notifier = silent_.get();
  return deps;
}

std::string Rig::fail_over() {
  fail_over_until("");
  return std::string(to_string(run().state));
}

void Rig::fail_over_until(const std::string& step) {
  engine_ = std::make_unique<Engine>(deps());
  auto context = engine_->start(**journal.reign("shop"), system_clock().wall_now());
  if (!context) throw std::runtime_error(context.error().message);
  context_.emplace(std::move(*context));
  const auto table = failover_steps();
  while (context_->row >= table.size() || table[context_->row].name != step)
    if (engine_->advance(*context_) != Progress::kAdvanced) return;
}

std::string Rig::drive() {
  while (engine_->advance(*context_) == Progress::kAdvanced) {
  }
  return std::string(to_string(run().state));
}

std::string Rig::go_on() { return drive(); }

std::string Rig::retry() {
  auto context = engine_->open(context_->run);
  if (!context) throw std::runtime_error(context.error().message);
  context_.emplace(std::move(*context));
  return drive();
}

bool Rig::reconcile() {
  const auto waits = [](const auto& fact) {
    return fact.first.starts_with("saved.") && !fact.second.empty();
  };
  return wait_until([&] {
    engine_->care_for_reign(*context_);
    return std::none_of(context_->facts().begin(), context_->facts().end(), waits);
  });
}

bool Rig::is_the_new_primary(const std::string& name) {
  PostgresFixture& server = *fixtures_.at(name);
  return server.sql("SELECT pg_is_in_recovery()") == "f" &&
         server.sql("SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)") == "00000002" &&
         server.sql("SELECT string_agg(epoch || ' ' || server, ',' ORDER BY epoch) FROM farshore.epoch") ==
             fmt::format("1 shop_us,{} {}", run().epoch, name);
}

bool Rig::streams_from(const std::string& name, const std::string& primary) {
  fixtures_.at(primary)->sql("CREATE TABLE IF NOT EXISTS written_later AS SELECT 1 AS n");
  return fixtures_.at(name)->wait_for_sql("SELECT n FROM written_later", "1", 10s) &&
         fixtures_.at(primary)->sql("SELECT count(*) FROM pg_stat_replication WHERE application_name = '" +
                                    name + "' AND state = 'streaming'") == "1";
}

bool Rig::is_as_before(const std::string& name) {
  return !claimed() && fixtures_.at(name)->sql("SELECT pg_is_in_recovery()") == "t" &&
         fixtures_.at(name)->wait_for_sql("SHOW primary_conninfo", conninfo_before_.at(name), 10s);
}

}  // namespace farshore::test

#include "tests/simulation/world.h"
#include "actuator/journal/journal_rules.h"

#include <algorithm>

#include "common/base/log.h"

namespace farshore::simulation {
namespace {

constexpr double kWalBytesPerSecond = 20000;
constexpr nanoseconds kLookInterval = 1s;
constexpr nanoseconds kPromotionTakes = 40ms;
constexpr nanoseconds kAlertTakes = 4s;

}  // namespace

// ---- the seams ----

class World::View final : public ClusterView {
 public:
  explicit View(World& world) : world_(world) {}
  std::shared_ptr<const Snapshot> snapshot() const override {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->taken = world_.clock.boot_now();
    for (const auto& [name, seen] : world_.seen_) snapshot->servers.push_back(seen);
    return snapshot;
  }
  std::vector<WalPoint> history(const std::string& server) const override {
    return server == "shop-us" ? world_.history_ : std::vector<WalPoint>();
  }
  void look_now() override { world_.next_look_ = world_.clock.boot_now(); }

 private:
  World& world_;
};

class World::Votes final : public AlertVotes {
 public:
  explicit Votes(World& world) : world_(world) {}
  void watch(const std::string&, int64_t epoch, const std::string& primary) override {
    epoch_ = epoch;
    primary_ = primary;
  }
  void unwatch(const std::string&) override { primary_.clear(); }
  int quorum() const override { return 2; }
  std::vector<AlertVote> latest(const std::string&) override {
    std::vector<AlertVote> votes;
    for (int i = 0; i < 3; ++i) {
      AlertVote vote;
      vote.region = std::to_string(i);
      vote.asked = world_.clock.boot_now();
      if (!primary_.empty() && i < world_.prometheus_alive) {
        const bool down = !world_.reachable(world_.server(primary_));
        const nanoseconds for_time = world_.clock.boot_now() - world_.lost_since_;
        vote.vote = down && for_time >= kAlertTakes ? Vote::kFiring : Vote::kNotFiring;
        vote.live_primary = !down || for_time < 3s;
      }
      votes.push_back(vote);
    }
    return votes;
  }

 private:
  World& world_;
  std::string primary_;
  int64_t epoch_ = 0;
};

class World::Server final : public PostgresServer {
 public:
  Server(World& world, size_t index)
      : world_(world), index_(index), name_(world.state_[index].name), region_(world.state_[index].region) {}
  const std::string& name() const override { return name_; }
  const std::string& region() const override { return region_; }

  Result<ServerLook> look(BootTime, FailureClass* failure) override {
    world_.clock.advance(2ms);
    const SimServer& self = state();
    if (!world_.reachable(self)) {
      if (failure) *failure = FailureClass::kTimeout;
      return fail(ErrorCode::kTimeout, "no answer");
    }
    ServerLook look;
    look.facts.in_recovery = self.in_recovery;
    look.facts.system_identifier = self.system_identifier;
    look.facts.timeline = self.timeline;
    look.missing_privileges = self.missing_privileges;
    look.primary_conninfo = self.primary_conninfo;
    look.restore_command = self.restore_command;
    look.apply_delay = self.apply_delay;
    if (!self.rows.empty()) look.epoch_row = self.rows.back();
    if (self.in_recovery) {
      look.facts.receive = self.lsn;
      look.facts.replay = self.replay;
      look.facts.replay_paused = self.replay_paused;
      look.startup_wait_event = "RecoveryWalStream";
      if (!self.primary_conninfo.empty() && self.last_message)
        look.facts.receiver =
            WalReceiverFacts{"streaming", self.lsn, self.lsn, world_.clock.boot_now() - *self.last_message};
    } else {
      look.facts.flush = look.facts.current = self.lsn;
    }
    return look;
  }

  Result<SavedSettings> read_settings(BootTime) override {
    if (!world_.reachable(state())) return fail(ErrorCode::kTimeout, "no answer");
    return SavedSettings{{"primary_conninfo", state().primary_conninfo},
                         {"restore_command", state().restore_command}};
  }
  Status cut_streams(BootTime) override {
    return change([this]() -> Status {
      state().replay_paused = false;
      state().apply_delay = 0ns;
      state().primary_conninfo.clear();
      state().restore_command.clear();
      return {};
    });
  }
  Status restore_settings(const SavedSettings& settings, BootTime) override {
    return change([&]() -> Status {
      state().primary_conninfo = settings.at("primary_conninfo");
      state().restore_command = settings.at("restore_command");
      return {};
    });
  }
  Status promote(BootTime) override {
    check_promotion();
    return change([this]() -> Status {
      if (!state().in_recovery) return fail(ErrorCode::kConflict, "recovery is not in progress");
      if (!state().promoting_since) state().promoting_since = world_.clock.boot_now();
      return {};
    });
  }
  Status commit_epoch_row(const EpochRow& row, BootTime) override {
    return change([&]() -> Status {
      if (state().in_recovery) return fail(ErrorCode::kConflict, "read-only");
      const auto [known, fresh] = world_.rows_by_epoch_.try_emplace(row.epoch, name_);
      if (!fresh && known->second != name_) world_.violated("S2: two probe rows of one epoch");
      if (std::find(state().rows.begin(), state().rows.end(), row) == state().rows.end())
        state().rows.push_back(row);
      return {};
    });
  }
  Status request_checkpoint(BootTime) override { return {}; }

 private:
  SimServer& state() { return world_.state_[index_]; }
  Status change(const std::function<Status()>& happen) {
    if (!world_.reachable(state())) return fail(ErrorCode::kTimeout, "no answer");
    return world_.effect(happen);
  }
  void check_promotion();

  World& world_;
  const size_t index_;
  const std::string name_, region_;
};

void World::Server::check_promotion() {
  const auto reign = world_.journal.reign("shop");
  const auto claim = world_.journal.claim("shop");
  const int64_t in_force = reign && *reign ? (*reign)->epoch : 0;
  world_.promotions.push_back(fmt::format("{}@{}", name_, in_force));
  if (!claim || !*claim) world_.violated("S2: promote without a claim");
  const SimServer& old = world_.server("shop-us");
  if (!world_.approved_without_proof) {
    if (world_.writable(old)) world_.violated("S1: promote while the old primary can write");
    if (!world_.proof_read_at_ || world_.clock.boot_now() - *world_.proof_read_at_ > 2s)
      world_.violated("S1: the fence proof is not fresh");
  }
  if (!state().primary_conninfo.empty() || !state().restore_command.empty())
    world_.violated("S3: promote with a stream that is not cut");
  const bool follows = std::any_of(state().rows.begin(), state().rows.end(),
                                   [&](const EpochRow& row) { return row.epoch == in_force; });
  if (!follows) world_.violated("S3: the candidate does not hold the probe row of the epoch");
  if (state().system_identifier != old.system_identifier) world_.violated("S3: another system");
}

class World::PowerFence final : public Fence {
 public:
  explicit PowerFence(World& world) : world_(world) {}
  const std::string& server() const override { return server_; }
  std::string grade() const override { return "power"; }
  Status isolate(BootTime) override {
    const auto seen = world_.seen_.find("shop-us");
    if (seen != world_.seen_.end() && seen->second.last_success &&
        world_.clock.boot_now() - *seen->second.last_success <= world_.config.failover.evidence_window)
      world_.violated("S7: fenced although the primary answered within the window");
    if (!world_.fence_works) return fail(ErrorCode::kUnavailable, "the provider does not answer");
    return world_.effect([this]() -> Status {
      world_.server("shop-us").fenced = true;
      return {};
    });
  }
  FenceProof proof(BootTime) override {
    const BootTime began = world_.clock.boot_now();
    world_.clock.advance(5ms);
    if (!world_.fence_works) return {FenceState::kUnknown, grade(), "the provider does not answer", began};
    if (!world_.server("shop-us").fenced) return {FenceState::kNotIsolated, grade(), "running", began};
    world_.proof_read_at_ = began;
    return {FenceState::kIsolated, grade(), "offline", began};
  }

 private:
  World& world_;
  const std::string server_ = "shop-us";
};

class World::Traffic final : public TrafficSwitch {
 public:
  explicit Traffic(World& world) : world_(world) {}
  const std::string& name() const override { return name_; }
  const std::string& kind() const override { return kind_; }
  Result<std::string> target_of(const std::string& region) const override { return World::target_of(region); }
  Result<std::string> current(BootTime) override {
    if (!world_.dns_works) return fail(ErrorCode::kUnavailable, "the provider does not answer");
    return world_.dns;
  }
  Status point_to(const std::string& region, int64_t epoch, BootTime) override {
    const bool proven = std::any_of(world_.state_.begin(), world_.state_.end(), [&](const SimServer& server) {
      return server.region == region && !server.in_recovery &&
             std::any_of(server.rows.begin(), server.rows.end(),
                         [&](const EpochRow& row) { return row.epoch == epoch; });
    });
    if (!proven) world_.violated("S4: traffic to a server without a committed write in the epoch");
    if (!world_.dns_works) return fail(ErrorCode::kUnavailable, "the provider does not answer");
    return world_.effect([&]() -> Status {
      world_.dns = World::target_of(region);
      return {};
    });
  }
  Result<TrafficView> observed(BootTime) override {
    world_.clock.advance(1ms);
    return TrafficView{{{"ns1", {world_.dns}, ""}}};
  }

 private:
  World& world_;
  const std::string name_ = "orders.example.com", kind_ = "fake";
};

class World::Inline final : public Parallel {
 public:
  void run(std::vector<std::function<void()>> tasks) override {
    for (auto& task : tasks) task();
  }
};

class World::Told final : public Notifier {
 public:
  explicit Told(World& world) : world_(world) {}
  void tell(const Event& event) override { world_.told.push_back(event); }

 private:
  World& world_;
};

// ---- the world ----

World::World(uint64_t seed) : random(seed), moved_to_(clock.boot_now()), next_look_(clock.boot_now()) {
  init_logging(LogLevel::kError, LogFormat::kLogfmt);
  config.name = "shop";
  config.failover.mode = FailoverMode::kAutomatic;
  for (const auto& [name, region] :
       {std::pair("shop-us", "us-east"), {"shop-eu", "eu-west"}, {"shop-ap", "ap-south"}}) {
    ServerConfig server;
    server.name = name;
    server.region = region;
    server.conninfo = fmt::format("host={} dbname=postgres", name);
    config.servers.push_back(server);
    SimServer state;
    state.name = name;
    state.region = region;
    state.in_recovery = server.name != "shop-us";
    if (state.in_recovery) state.primary_conninfo = "host=shop-us user=replicator";
    state_.push_back(state);
  }
  view_ = std::make_unique<View>(*this);
  votes_ = std::make_unique<Votes>(*this);
  for (size_t i = 0; i < state_.size(); ++i) servers_.push_back(std::make_unique<Server>(*this, i));
  fence_ = std::make_unique<PowerFence>(*this);
  traffic_ = std::make_unique<Traffic>(*this);
  inline_ = std::make_unique<Inline>();
  told_ = std::make_unique<Told>(*this);
  clock.on_move = [this] { move(); };
  journal.before_write = [this](std::string_view) -> Status {
    point();
    return {};
  };
  journal.after_write = [this](std::string_view) -> Status {
    point();
    return {};
  };
  build_worker();
}

World::~World() { clock.on_move = {}; }

void World::build_worker() {
  EngineDeps deps;
  deps.cluster = &config;
  deps.clock = &clock;
  deps.journal = &journal;
  deps.view = view_.get();
  deps.votes = votes_.get();
  for (auto& server : servers_) deps.servers.push_back(server.get());
  if (with_fence) deps.fences.push_back(fence_.get());
  deps.traffic.push_back(traffic_.get());
  deps.parallel = inline_.get();
  deps.notifier = told_.get();
  worker = std::make_unique<ClusterWorker>(deps);
}

void World::restart_process() {
  seen_.clear();
  history_.clear();
  votes_->unwatch("shop");
  next_look_ = clock.boot_now();
  build_worker();
  clock.advance(200ms);  // starting takes a while
}

std::string World::target_of(const std::string& region) {
  return region == "us-east" ? "192.0.2.10" : region == "eu-west" ? "198.51.100.20" : "203.0.113.30";
}

SimServer& World::server(const std::string& name) {
  return *std::find_if(state_.begin(), state_.end(),
                       [&](const SimServer& server) { return server.name == name; });
}

void World::heal_primary() {
  SimServer& primary = server("shop-us");
  primary.cut_off = false;
  if (!primary.fenced) primary.running = true;
}

void World::move() {
  const BootTime now = clock.boot_now();
  const nanoseconds elapsed = now - moved_to_;
  moved_to_ = now;
  for (SimServer& server : state_) {
    if (writable(server))
      server.lsn = Lsn(server.lsn.bytes() + static_cast<uint64_t>(kWalBytesPerSecond * to_seconds(elapsed)));
    if (server.promoting_since && reachable(server) && now - *server.promoting_since >= kPromotionTakes) {
      server.in_recovery = false;
      server.timeline += 1;
      server.lsn = server.replay;
      server.promoting_since.reset();
    }
  }
  for (SimServer& standby : state_)
    for (SimServer& primary : state_) stream(standby, primary, elapsed);
  if (reachable(server("shop-us"))) lost_since_ = now;
  int writers = 0;
  for (const SimServer& server : state_) writers += writable(server);
  if (writers > 1 && !approved_without_proof) violated("S1: two servers can write");
  for (; next_look_ <= now; next_look_ += kLookInterval)
    for (const SimServer& server : state_) {
      ServerObservation& seen = seen_[server.name];
      seen.cluster = "shop";
      seen.region = server.region;
      seen.server = server.name;
      seen.attempt_started = now;
      seen.attempt_finished = now;
      seen.up = reachable(server);
      seen.attempt_new_session = !seen.up;
      seen.failure = seen.up ? FailureClass::kNone : FailureClass::kTimeout;
      if (!seen.up) continue;
      seen.last_success = now;
      seen.facts.emplace();
      seen.facts->in_recovery = server.in_recovery;
      if (!server.in_recovery) seen.facts->flush = server.lsn;
      if (server.name == "shop-us" && !server.in_recovery) history_.push_back({now, server.lsn});
    }
}

void World::stream(SimServer& standby, SimServer& primary, nanoseconds) {
  const bool follows = standby.in_recovery && reachable(standby) && !standby.promoting_since &&
                       standby.primary_conninfo.find("host=" + primary.name) != std::string::npos;
  if (!follows || !reachable(primary) || primary.in_recovery || primary.lsn < standby.replay) return;
  standby.last_message = clock.boot_now();
  standby.timeline = primary.timeline;
  standby.lsn = std::max(standby.lsn, primary.lsn);
  if (!standby.replay_paused) {
    standby.replay = standby.lsn;
    standby.rows = primary.rows;
  }
}

// ---- dying ----

void World::point() {
  if (++points_ == die_at_) throw ProcessDied();
}

Status World::effect(const std::function<Status()>& happen) {
  clock.advance(3ms);
  const int draw = weather.refused + weather.lost_reply > 0 ? static_cast<int>(random() % 100) : 100;
  point();
  if (draw < weather.refused) return fail(ErrorCode::kUnavailable, "refused for now");
  Status done = happen();
  point();
  if (done && draw < weather.refused + weather.lost_reply)
    return fail(ErrorCode::kUnknown, "the answer was lost");
  return done;
}

void World::tick() {
  try {
    worker->tick();
  } catch (const ProcessDied&) {
    ++deaths_;
    restart_process();
  }
}

void World::run_for(nanoseconds limit) {
  const BootTime end = clock.boot_now() + limit;
  while (clock.boot_now() < end) {
    tick();
    clock.advance(250ms);
  }
}

void World::deliver_alert(int64_t epoch) {
  AlertRecord alert;
  alert.received_at = clock.wall_now();
  alert.principal = "alertmanager";
  alert.alertname = "FarshorePrimaryDown";
  alert.action = "failover";
  alert.cluster = "shop";
  alert.region = "us-east";
  alert.server = "shop-us";
  alert.fingerprint = fmt::format("{:016x}", ++alerts_);
  alert.epoch = epoch;
  alert.starts_at = clock.wall_now();
  std::vector<AlertRecord> alerts{alert};
  try {
    (void)journal.record_alerts(alerts);
  } catch (const ProcessDied&) {  // the sender gets no 2xx and sends it again
    ++deaths_;
    restart_process();
    (void)journal.record_alerts(alerts);
  }
}

// ---- the end ----

std::optional<RunRecord> World::last_run() {
  const auto runs = journal.runs(1);
  if (!runs || runs->empty()) return std::nullopt;
  return runs->front();
}

RunFacts World::last_facts() {
  const auto run = last_run();
  return run ? merge_facts(*journal.steps(run->id)) : RunFacts();
}

void World::check_the_end() {
  std::map<std::string, int> promoted;  // S2: at most one promoted server per reign
  for (const std::string& promotion : promotions) promoted[promotion.substr(promotion.find('@'))] |= 1;
  std::vector<std::string> distinct = promotions;
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  if (distinct.size() > promoted.size()) violated("S2: two servers were promoted for one reign");

  const auto alerts = journal.recent_alerts(10000);
  for (const AlertRecord& alert : *alerts)
    if (alert.verdict.empty()) violated("S5: an alert has no verdict");

  const auto run = last_run();
  if (!run) return;
  if (run->state == RunState::kRunning) violated("S6: the run has no end, it is at " + run->step);
  const bool before = !run->promoting && run->state != RunState::kSucceeded;
  for (const SimServer& server : state_) {
    if (!before || !server.in_recovery || !reachable(server)) continue;
    if (server.primary_conninfo.find("user=replicator") == std::string::npos)
      violated("S6: the settings of " + server.name + " are not what they were: '" + server.primary_conninfo +
               "'");
  }
  if (before && journal.claim("shop")->has_value()) violated("S6: the claim was not given back");
}

}  // namespace farshore::simulation

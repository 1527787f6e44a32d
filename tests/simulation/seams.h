// What the process under test sees of the world: every seam, played. Included by world.cc only.
#pragma once

#include <algorithm>

#include "common/topology/record_key.h"
#include "tests/simulation/world.h"

namespace farshore::simulation {

inline constexpr nanoseconds kAlertTakes = 4s;

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
  std::vector<AlertVote> latest(const std::string&) override { return votes_on(primary_); }
  std::vector<AlertVote> ask_once(const std::string&, int64_t, const std::string& primary) override {
    return votes_on(primary);
  }

 private:
  std::vector<AlertVote> votes_on(const std::string& primary) {
    std::vector<AlertVote> votes;
    for (int i = 0; i < 3; ++i) {
      AlertVote vote;
      vote.region = std::to_string(i);
      vote.asked = world_.clock.boot_now();
      if (!primary.empty() && i < world_.prometheus_alive) {
        const bool down = !world_.reachable(world_.server(primary)) || world_.server(primary).sick;
        const nanoseconds for_time = world_.clock.boot_now() - world_.lost_since_;
        vote.vote = down && for_time >= kAlertTakes ? Vote::kFiring : Vote::kNotFiring;
        vote.live_primary = !down || for_time < 3s;
      }
      votes.push_back(vote);
    }
    return votes;
  }

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
    if (self.fenced && self.sessions_behind_fence) {
      ServerLook look;
      look.client_sessions = self.sessions_behind_fence;
      return look;
    }
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
    look.facts.standby_minimums = {{"max_connections", self.max_connections}};
    look.synchronous_standby_names = self.standby_names;
    look.primary_slot_name = self.slot_name;
    if (!self.rows.empty()) look.epoch_row = self.rows.back();
    if (self.in_recovery) {
      look.facts.receive = self.lsn;
      look.facts.replay = self.replay;
      look.facts.replay_paused = self.replay_paused;
      look.replay_blockers = self.blockers;
      look.startup_wait_event = self.blockers.empty() ? "RecoveryWalStream" : "RecoveryConflictSnapshot";
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
      state().primary_conninfo.clear();
      state().restore_command.clear();
      return {};
    });
  }
  Status push_replay(BootTime) override {
    return change([this]() -> Status {
      if (state().replay_paused && state().max_connections < world_.server("shop-us").max_connections) {
        world_.violated("S6: a resume stopped " + name_);
        state().running = false;
      }
      state().replay_paused = false;
      state().apply_delay = 0ns;
      if (state().blockers.empty()) state().replay = state().lsn;
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
      state().standby_names.clear();
      if (std::find(state().rows.begin(), state().rows.end(), row) == state().rows.end())
        state().rows.push_back(row);
      return {};
    });
  }
  Status make_slot(const std::string& slot, BootTime) override {
    return change([&]() -> Status {
      if (state().in_recovery) return fail(ErrorCode::kConflict, "in recovery");
      state().slots.insert(slot);
      return {};
    });
  }
  Result<WriteProbe> probe_write(BootTime) override {
    world_.clock.advance(5ms);
    if (!world_.reachable(state())) return fail(ErrorCode::kTimeout, "no answer");
    return state().sick ? WriteProbe{false, "could not extend a file: no space left"} : WriteProbe{true, ""};
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

inline void World::Server::check_promotion() {
  const auto reign = world_.journal.reign("shop");
  const auto claim = world_.journal.claim("shop");
  const int64_t in_force = reign && *reign ? (*reign)->epoch : 0;
  world_.promotions.push_back(fmt::format("{}@{}", name_, in_force));
  if (!claim || !*claim) world_.violated("S2: promote without a claim");
  const SimServer& old = world_.server("shop-us");
  if (!world_.approved_without_proof) {
    const bool returned_since =
        world_.returned_at_ && world_.proof_read_at_ && *world_.returned_at_ >= *world_.proof_read_at_;
    if (world_.writable(old) && !returned_since)
      world_.violated("S1: promote while the old primary can write");
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
    const auto reign = world_.journal.reign("shop");
    const bool reigns = reign && *reign && (*reign)->server == "shop-us";
    if (reigns && !world_.server("shop-us").sick && seen != world_.seen_.end() && seen->second.last_success &&
        world_.clock.boot_now() - *seen->second.last_success <= world_.config.failover.evidence_window)
      world_.violated("S7: fenced although the primary answered within the window");
    if (!world_.fence_works) return fail(ErrorCode::kUnavailable, "the provider does not answer");
    if (world_.fence_refuses > 0) {
      --world_.fence_refuses;
      return fail(ErrorCode::kUnavailable, "busy");
    }
    return world_.effect([this]() -> Status {
      world_.off_at_ = world_.clock.boot_now() + world_.power_off_takes;
      world_.server("shop-us").fenced = world_.power_off_takes == 0ns;
      return {};
    });
  }
  nanoseconds settles_within() const override { return 2 * world_.power_off_takes; }
  FenceProof proof(BootTime) override {
    const BootTime began = world_.clock.boot_now();
    world_.clock.advance(5ms);
    if (!world_.fence_works) return {FenceState::kUnknown, grade(), "the provider does not answer", began};
    if (world_.power_off_takes > 0ns && world_.off_at_ && began >= *world_.off_at_)
      world_.server("shop-us").fenced = true;
    if (!world_.server("shop-us").fenced) return {FenceState::kNotIsolated, grade(), "running", began};
    if (world_.proof_read_at_ && world_.wavering_looks > 0) {
      --world_.wavering_looks;
      world_.clock.advance(1s);
      return {world_.wavers_to, grade(), "wavers", began};
    }
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
  const std::string& key() const override { return key_; }
  const std::string& kind() const override { return kind_; }
  Result<std::string> target_of(const std::string& region) const override { return World::target_of(region); }
  Result<std::string> current(BootTime) override {
    ++world_.dns_asked;
    if (!world_.dns_works) return fail(ErrorCode::kUnavailable, "the provider does not answer");
    return value();
  }
  Status point_to(const std::string& region, int64_t epoch, BootTime) override {
    ++world_.dns_asked;
    if (!world_.reigns_proven(region, epoch))
      world_.violated("S4: traffic to a server without a committed write in the epoch");
    if (!world_.dns_works) return fail(world_.dns_fails_with, "the provider does not do it");
    if (world_.dns_token > epoch) return fail(ErrorCode::kConflict, "its token is of a newer epoch");
    if (value() == World::target_of(region) && world_.dns_token == epoch) return {};
    return world_.effect([&]() -> Status {
      if (world_.dns_token_works) world_.dns_token = epoch;
      world_.receipt.open = world_.dns_token == epoch ? "" : "its epoch token is missing";
      world_.publish(World::target_of(region));
      return {};
    });
  }
  Result<TrafficView> observed(BootTime) override {
    ++world_.dns_looks;
    world_.clock.advance(1ms);
    return TrafficView{{{"ns1", {world_.dns}, ""}}};
  }
  LookPace look_pace() const override { return world_.dns_pace; }
  nanoseconds settles_within() const override { return world_.dns_settles_within; }
  TrafficReceipt receipt() const override { return world_.receipt; }

 private:
  World& world_;
  const std::string& value() const { return world_.to_publish_ ? world_.to_publish_->first : world_.dns; }

  const std::string key_ = record_key(world_.config.traffic.front()), kind_ = "fake";
};

// A turn takes no time of the worker's here; what the world sees of it is the same.
class World::Hooking final : public Hooks {
 public:
  explicit Hooking(World& world) : world_(world) {}
  void begin(const HookFacts& facts, const std::vector<std::string>& hooks) override {
    if (facts.epoch < epoch_) world_.violated("S4: a hook is told of a reign that is over");
    if (!world_.reigns_proven(facts.region, facts.epoch))
      world_.violated("S4: a hook is told of a server without a committed write in the epoch");
    if (facts.new_host != facts.new_primary || facts.old_host == facts.new_host || facts.old_port != "5432")
      world_.violated("S4: a hook is told the wrong address");
    epoch_ = facts.epoch;
    round_ = {};
    for (const std::string& hook : hooks) round_.outcomes.push_back(turn(facts, hook));
  }
  HookRound newest(int64_t epoch) const override { return epoch == epoch_ ? round_ : HookRound(); }

 private:
  HookOutcome turn(const HookFacts& facts, const std::string& hook) {
    if (world_.clients[hook] == facts.new_primary) return {hook, true, "it was in force already"};
    if (!world_.hooks_work) return {hook, false, "act: exit 1"};
    const Status acted = world_.effect([&]() -> Status {
      world_.hook_acts.push_back(fmt::format("{}@{}", hook, facts.epoch));
      world_.clients[hook] = facts.new_primary;
      return {};
    });
    return {hook, acted.has_value(), acted ? "the check says so" : acted.error().message};
  }

  World& world_;
  int64_t epoch_ = 0;
  HookRound round_;
};

// Tasks take the time that they move the clock by, one after another; one that throws Hangs takes its own
// beside the others.
class World::Inline final : public Parallel {
 public:
  explicit Inline(World& world) : world_(world) {}
  void run(std::vector<std::function<void()>> tasks) override {
    std::vector<std::unique_ptr<Begun>> begun;
    for (auto& task : tasks) begun.push_back(begin(std::move(task)));
  }
  std::unique_ptr<Begun> begin(std::function<void()> task) override {
    try {
      task();
    } catch (const Hangs& hangs) {
      return std::make_unique<Done>(world_, world_.clock.boot_now() + hangs.limit);
    }
    return std::make_unique<Done>(world_, world_.clock.boot_now());
  }

 private:
  class Done final : public Begun {
   public:
    Done(World& world, BootTime at) : world_(world), at_(at) {}
    ~Done() override {
      if (!is_done()) world_.clock.advance(at_ - world_.clock.boot_now());
    }
    Done(const Done&) = delete;
    Done& operator=(const Done&) = delete;
    bool is_done() const override { return world_.clock.boot_now() >= at_; }

   private:
    World& world_;
    const BootTime at_;
  };
  World& world_;
};

class World::Told final : public Notifier {
 public:
  explicit Told(World& world) : world_(world) {}
  void tell(const Event& event) override { world_.told.push_back(event); }

 private:
  World& world_;
};

}  // namespace farshore::simulation

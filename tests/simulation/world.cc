#include "tests/simulation/world.h"
#include "actuator/journal/journal_rules.h"

#include <algorithm>

#include "common/base/log.h"
#include "tests/simulation/seams.h"

namespace farshore::simulation {
namespace {

constexpr double kWalBytesPerSecond = 20000;
constexpr nanoseconds kLookInterval = 1s;
constexpr nanoseconds kPromotionTakes = 40ms;
constexpr nanoseconds kRefencedWithin = 25s;  // a run that confirms, or waits for its provider, comes first

}  // namespace

// ---- the world ----

World::World(uint64_t seed, bool cascade)
    : random(seed), moved_to_(clock.boot_now()), next_look_(clock.boot_now()) {
  init_logging(LogLevel::kError, LogFormat::kLogfmt);
  config.name = "shop";
  config.failover.mode = FailoverMode::kAutomatic;
  for (const auto& [name, region] : {std::pair("shop-us", "us-east"),
                                     {"shop-eu", "eu-west"},
                                     {"shop-ap", "ap-south"},
                                     {"shop-ap2", "ap-south"}}) {
    if (!cascade && std::string_view(name) == "shop-ap2") continue;
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
    if (state.in_recovery) state.slot_name = server.region;
    state.slots = {"eu-west", "ap-south"};
    if (state.in_recovery) state.slots.clear();
    state_.push_back(state);
  }
  if (cascade) {
    server("shop-ap2").primary_conninfo = "host=shop-ap user=replicator";
    server("shop-ap2").slot_name = "second";
    server("shop-ap").slots = {"second"};
  }
  for (const char* name : {"env", "pooler"}) {
    HookConfig hook;
    hook.name = name;
    config.hooks.push_back(hook);
  }
  TrafficConfig record;
  record.name = "orders.example.com";
  record.type = "A";
  config.traffic.push_back(record);
  view_ = std::make_unique<View>(*this);
  votes_ = std::make_unique<Votes>(*this);
  for (size_t i = 0; i < state_.size(); ++i) servers_.push_back(std::make_unique<Server>(*this, i));
  fence_ = std::make_unique<PowerFence>(*this);
  traffic_ = std::make_unique<Traffic>(*this);
  hooking_ = std::make_unique<Hooking>(*this);
  inline_ = std::make_unique<Inline>(*this);
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

World::~World() {
  clock.on_move = {};
  worker.reset();  // waits for what it began
}

void World::build_worker() {
  EngineDeps deps;
  deps.cluster = &config;
  deps.clock = &clock;
  deps.journal = &journal;
  deps.view = view_.get();
  deps.votes = votes_.get();
  for (auto& server : servers_) deps.servers.push_back(server.get());
  if (with_fence) deps.fences.push_back(fence_.get());
  deps.fences.insert(deps.fences.end(), further_fences.begin(), further_fences.end());
  deps.traffic.push_back(traffic_.get());
  deps.traffic.insert(deps.traffic.end(), further_records.begin(), further_records.end());
  deps.hooks = hooking_.get();
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
  clock.advance(200ms);                               // starting takes a while
  if (returned_at_) returned_at_ = clock.boot_now();  // and it has to see it first
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

void World::return_primary() {
  SimServer& primary = server("shop-us");
  primary.cut_off = primary.fenced = false;
  primary.running = true;
  returned_at_ = clock.boot_now();
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
  if (reachable(server("shop-us")) && !server("shop-us").sick) lost_since_ = now;
  if (to_publish_ && to_publish_->second <= now) {
    dns = to_publish_->first;
    to_publish_.reset();
  }
  int writers = 0;
  for (const SimServer& server : state_) writers += writable(server);
  // One that is started again although it was fenced is fenced again, and soon.
  if (returned_at_ && !fence_works) returned_at_ = now;
  const bool being_fenced = returned_at_ && now - *returned_at_ < kRefencedWithin;
  if (writers > 1 && !approved_without_proof && !being_fenced) violated("S1: two servers can write");
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
      seen.facts->system_identifier = server.system_identifier;
      seen.facts->timeline = server.timeline;
      if (!server.in_recovery) seen.facts->flush = server.lsn;
      seen.facts->standby_minimums = {{"max_connections", server.max_connections}};
      if (server.name == "shop-us" && !server.in_recovery) history_.push_back({now, server.lsn});
    }
}

void World::stream(SimServer& standby, SimServer& primary, nanoseconds) {
  const bool follows = standby.in_recovery && reachable(standby) && !standby.promoting_since &&
                       standby.primary_conninfo.starts_with("host=" + primary.name + " ");
  const bool slot = standby.slot_name.empty() || primary.slots.contains(standby.slot_name);
  // From another standby too, which passes on what it has itself.
  if (!follows || !slot || !reachable(primary) || primary.lsn < standby.replay) return;
  standby.last_message = clock.boot_now();
  standby.timeline = primary.timeline;
  standby.lsn = std::max(standby.lsn, primary.lsn);
  if (!standby.replay_paused && standby.blockers.empty()) {
    standby.replay = standby.lsn;
    standby.rows = primary.rows;
  }
}

void World::publish(const std::string& target) {
  if (target == (to_publish_ ? to_publish_->first : dns)) return;
  to_publish_.emplace(target, clock.boot_now() + dns_publishes_in);
  move();
}

bool World::reigns_proven(const std::string& region, int64_t epoch) const {
  return std::any_of(state_.begin(), state_.end(), [&](const SimServer& server) {
    return server.region == region && !server.in_recovery &&
           std::any_of(server.rows.begin(), server.rows.end(),
                       [&](const EpochRow& row) { return row.epoch == epoch; });
  });
}

// ---- dying ----

void World::point() {
  ++points_;
  if (points_ == happen_at_) what_();
  if (points_ == die_at_) throw ProcessDied();
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

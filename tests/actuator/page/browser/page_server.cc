// Serves the status page in each of the made-up states, each on a port of its own, for a browser to look at.
// Prints one line "STATE PORT" for each and then "ready"; ends when its standard input does.
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <mutex>
#include <vector>

#include "actuator/page/page.h"
#include "common/base/log.h"
#include "tests/actuator/page/page_states.h"

namespace farshore {
namespace {

class People final : public Authenticator {
 public:
  Result<Principal> authenticate(const std::string&) const override {
    return fail(ErrorCode::kPermission, "not known");
  }
  Result<Principal> log_in(const std::string& name, const std::string& secret) const override {
    if (secret == "correct horse" && name == "anna") return Principal{name, {Role::kOperator}};
    if (secret == "correct horse" && name == "ben") return Principal{name, {Role::kViewer}};
    return fail(ErrorCode::kPermission, "not known");
  }
};

// Shows the world, and does to it what a person asks for, as far as the page can show that.
class PlayedControl final : public Control {
 public:
  explicit PlayedControl(page_states::World& world) : world_(world) {}

  // As if looked at just now, whenever that is.
  std::vector<ClusterStatus> status() override {
    const std::lock_guard lock(mutex_);
    std::vector<ClusterStatus> clusters = world_.clusters;
    const BootTime now = system_clock().boot_now();
    for (ClusterStatus& cluster : clusters)
      for (ServerObservation& server : cluster.servers)
        if (server.up) server.last_success = now - 400ms;
    for (ClusterStatus& cluster : clusters)
      for (AlertVote& vote : cluster.votes)
        if (vote.vote != Vote::kUnknown) vote.asked = now - 30ms;
    return clusters;
  }
  void wake(const std::string&) override {}
  Status note_losses(const std::vector<AlertRecord>&) override { return {}; }
  Status pause(const std::string& cluster, const std::string& by, const std::string& reason) override {
    const std::lock_guard lock(mutex_);
    for (ClusterStatus& status : world_.clusters)
      if (status.cluster == cluster) status.pause = Pause{cluster, by, reason, system_clock().wall_now()};
    return {};
  }
  Status resume(const std::string& cluster, const std::string&) override {
    const std::lock_guard lock(mutex_);
    for (ClusterStatus& status : world_.clusters)
      if (status.cluster == cluster) status.pause.reset();
    return {};
  }
  Status unlatch(const std::string&) override { return {}; }
  Status adopt(const std::string&, const std::string&, const std::string&) override { return {}; }
  Status approve(const std::string& run_id, const std::string& by, const std::string& digest) override {
    const std::lock_guard lock(mutex_);
    ClusterStatus& cluster = world_.clusters.front();
    if (!cluster.open_run || cluster.open_run->id != run_id || digest != cluster.approval_digest)
      return fail(ErrorCode::kConflict, "the facts of run {} are not the ones you were shown: look again",
                  run_id);
    const WallTime now = system_clock().wall_now();
    cluster.open_run->state = RunState::kRunning;
    cluster.open_run->reason.clear();
    cluster.open_run->ended_at.reset();
    cluster.approval_digest.clear();
    if (auto done = world_.journal.update_run(*cluster.open_run); !done) return done;
    if (auto done = world_.journal.record_action({now, by, "approve", "shop", run_id, "done"}); !done)
      return done;
    return world_.journal.record_step(
        {run_id, 0, 2, "confirm_outage", StepEvent::kDone, now, "verified", {}});
  }
  Status retry(const std::string&, const std::string&) override { return {}; }
  Status abandon(const std::string&, const std::string&) override { return {}; }

 private:
  page_states::World& world_;
  std::mutex mutex_;
};

struct Played {
  page_states::World world;
  PlayedControl control{world};
  std::unique_ptr<HttpServer> server;
};

Status serve(const std::string& state, Played& played) {
  page_states::make(state, played.world, system_clock().wall_now(), system_clock().boot_now());
  const StatusPage page({played.world.journal, played.control, system_clock(), std::make_shared<People>()});
  HttpServerOptions options;
  options.listen_addresses = {"127.0.0.1:0"};
  auto server = HttpServer::start(std::move(options), page.routes());
  if (!server) return tl::unexpected(server.error());
  played.server = std::move(*server);
  fmt::print("{} {}\n", state, played.server->port());
  return {};
}

int run() {
  init_logging(LogLevel::kError, LogFormat::kLogfmt);
  std::vector<std::unique_ptr<Played>> all;
  for (const std::string& state : page_states::kNames) {
    all.push_back(std::make_unique<Played>());
    if (const Status served = serve(state, *all.back()); !served) {
      fmt::print(stderr, "{}\n", served.error().message);
      return 1;
    }
  }
  fmt::print("ready\n");
  (void)std::fflush(stdout);
  while (std::cin.get() != std::char_traits<char>::eof()) {
  }
  return 0;
}

}  // namespace
}  // namespace farshore

int main() {
  try {
    return farshore::run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}

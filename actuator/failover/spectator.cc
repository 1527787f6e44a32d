#include "actuator/failover/spectator.h"

namespace farshore {
namespace {

Status refused(const std::string& what) {
  return fail(ErrorCode::kInternal, "{} is refused: this only looks", what);
}

class WatchedServer final : public PostgresServer {
 public:
  explicit WatchedServer(PostgresServer& server) : server_(server) {}
  const std::string& name() const override { return server_.name(); }
  const std::string& region() const override { return server_.region(); }
  Result<ServerLook> look(BootTime deadline, FailureClass* failure) override {
    return server_.look(deadline, failure);
  }
  Result<SavedSettings> read_settings(BootTime deadline) override { return server_.read_settings(deadline); }
  Status cut_streams(BootTime) override { return refused("cutting the streams of " + name()); }
  Status push_replay(BootTime) override { return refused("pushing the replay of " + name()); }
  Status restore_settings(const SavedSettings&, BootTime) override {
    return refused("setting anything on " + name());
  }
  Status promote(BootTime) override { return refused("promoting " + name()); }
  Status commit_epoch_row(const EpochRow&, BootTime) override { return refused("writing to " + name()); }
  Status make_slot(const std::string&, BootTime) override { return refused("a slot on " + name()); }
  Result<WriteProbe> probe_write(BootTime) override {
    return tl::unexpected<Error>(refused("writing to " + name()).error());
  }
  Status request_checkpoint(BootTime) override { return refused("a checkpoint of " + name()); }

 private:
  PostgresServer& server_;
};

class WatchedFence final : public Fence {
 public:
  explicit WatchedFence(Fence& fence) : fence_(fence) {}
  const std::string& server() const override { return fence_.server(); }
  std::string grade() const override { return fence_.grade(); }
  Status isolate(BootTime) override { return refused("isolating " + server()); }
  FenceProof proof(BootTime deadline) override { return fence_.proof(deadline); }

 private:
  Fence& fence_;
};

class WatchedTraffic final : public TrafficSwitch {
 public:
  explicit WatchedTraffic(TrafficSwitch& traffic) : traffic_(traffic) {}
  const std::string& key() const override { return traffic_.key(); }
  const std::string& kind() const override { return traffic_.kind(); }
  Result<std::string> target_of(const std::string& region) const override {
    return traffic_.target_of(region);
  }
  Result<std::string> current(BootTime deadline) override { return traffic_.current(deadline); }
  Status point_to(const std::string&, int64_t, BootTime) override { return refused("moving " + key()); }
  Result<TrafficView> observed(BootTime deadline) override { return traffic_.observed(deadline); }

 private:
  TrafficSwitch& traffic_;
};

template <typename Watched, typename Seam>
void watch_all(std::vector<Seam*>& seams, std::vector<std::unique_ptr<Seam>>& kept) {
  for (Seam*& seam : seams) {
    kept.push_back(std::make_unique<Watched>(*seam));
    seam = kept.back().get();
  }
}

}  // namespace

Spectator::Spectator(const EngineDeps& deps) : deps_(deps) {
  watch_all<WatchedServer>(deps_.servers, servers_);
  watch_all<WatchedFence>(deps_.fences, fences_);
  watch_all<WatchedTraffic>(deps_.traffic, traffic_);
  deps_.hooks = nullptr;  // they only act
}

Spectator::~Spectator() = default;

}  // namespace farshore

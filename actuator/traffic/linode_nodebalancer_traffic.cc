#include "actuator/traffic/linode_nodebalancer_traffic.h"

#include <algorithm>

#include "actuator/cloud/linode_api.h"
#include "actuator/traffic/receipt_book.h"
#include "actuator/traffic/targets.h"
#include "common/topology/address.h"
#include "common/topology/provider_kinds.h"
#include "common/topology/record_key.h"

namespace farshore {
namespace {

constexpr int kAttempts = 4;  // the row points again by itself
constexpr nanoseconds kRetryPause = 50ms;
// Its check goes by intervals of some seconds and may need several of them to find a back end that was just
// let in.
constexpr nanoseconds kCheckedWithin = 60s;

constexpr const char* kAccept = "accept";
constexpr const char* kReject = "reject";

struct Node {
  int64_t id = 0;
  std::string address, mode, status;
};

Result<Node> parse_node(const JsonValue& json) {
  const auto id = json.get_int("id");
  const auto address = json.get_string("address");
  const auto mode = json.get_string("mode");
  const auto status = json.get_string("status");
  if (!id || !address || !mode || !status)
    return fail(ErrorCode::kUnavailable, "the answer is not of the Linode API");
  return Node{*id, one_line(*address), one_line(*mode), *status};
}

class NodeBalancerTraffic final : public TrafficSwitch {
 public:
  NodeBalancerTraffic(const TrafficConfig& config, const TrafficDeps& deps)
      : config_(config),
        path_(fmt::format("/v4/nodebalancers/{}/configs/{}", *id_field(config.provider, "nodebalancer_id"),
                          *id_field(config.provider, "config_id"))),
        clock_(deps.clock),
        api_(deps.http, deps.clock, config.provider, config.timeout) {}

  const std::string& key() const override { return key_; }
  const std::string& kind() const override { return config_.provider.kind; }
  Result<std::string> target_of(const std::string& region) const override {
    return target_for(config_, region);
  }

  Result<std::string> current(BootTime deadline) override {
    const auto nodes = read(deadline);
    if (!nodes) return tl::unexpected(nodes.error());
    std::string found;
    for (const Node& node : *nodes) {
      if (node.mode != kAccept) continue;
      if (!found.empty())
        return fail(ErrorCode::kConflict, "{}: {} and {} both take traffic", config_.name, found,
                    node.address);
      found = node.address;
    }
    if (found.empty()) return fail(ErrorCode::kNotFound, "{}: no back end takes traffic", config_.name);
    return found;
  }

  Status point_to(const std::string& region, int64_t epoch, BootTime deadline) override {
    const auto target = target_for(config_, region);
    if (!target) return tl::unexpected(target.error());
    receipts_.begin(epoch);
    Status outcome;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      if (attempt > 0 && !pause(deadline)) break;
      outcome = try_once(*target, deadline);
      if (outcome) return {};
      if (!outcome.error().retryable()) break;
    }
    return wrap(fmt::format("{} to {} for epoch {}", config_.name, region, epoch), outcome.error());
  }

  // What it does with a connection of a client now, by its own word; there are no other witnesses.
  Result<TrafficView> observed(BootTime deadline) override {
    NameServerAnswer answer;
    answer.nameserver = "NodeBalancer " + text_field(config_.provider, "nodebalancer_id");
    const auto nodes = read(deadline);
    if (!nodes) answer.failure = nodes.error().message;
    for (const Node& node : nodes ? *nodes : std::vector<Node>()) {
      if (node.mode == kReject) continue;
      answer.addresses.push_back(node.address);
      // Its check may need some intervals to find a back end that was just let in.
      if (node.status == "DOWN") answer.failure = fmt::format("its check says that {} is down", node.address);
    }
    return TrafficView{{std::move(answer)}};
  }

  LookPace look_pace() const override { return kApiPace; }
  nanoseconds settles_within() const override { return kCheckedWithin; }
  TrafficReceipt receipt() const override { return receipts_.receipt(); }

  Result<std::vector<std::string>> faults(BootTime deadline) override {
    const auto nodes = read(deadline);
    if (!nodes) return tl::unexpected(nodes.error());
    const auto port = api_.get(path_, deadline);
    if (!port) return tl::unexpected(port.error());
    std::vector<std::string> found;
    for (const auto& [region, target] : config_.targets)
      if (!find(*nodes, target))
        found.push_back(fmt::format("it has no back end {}, the target of {}", target, region));
    for (const Node& node : *nodes)
      if (node.mode != kAccept && node.mode != kReject)
        found.push_back(
            fmt::format("{} is in mode {}: only accept and reject are safe", node.address, node.mode));
    const auto check = port->get_string("check");
    if (check && *check != "http" && *check != "http_body")
      found.push_back(
          fmt::format("its check is '{}', which a standby passes: ask the role over HTTP", one_line(*check)));
    return found;
  }

 private:
  static const Node* find(const std::vector<Node>& nodes, const std::string& target) {
    const auto at =
        std::ranges::find_if(nodes, [&](const Node& node) { return same_target(node.address, target); });
    return at == nodes.end() ? nullptr : &*at;
  }

  Result<std::vector<Node>> read(BootTime deadline) {
    const auto items = api_.list(path_ + "/nodes", "", deadline);
    if (!items) return tl::unexpected(items.error());
    std::vector<Node> nodes;
    for (const JsonValue& json : *items) {
      auto node = parse_node(json);
      if (!node) return tl::unexpected(node.error());
      nodes.push_back(*std::move(node));
    }
    return nodes;
  }

  Status try_once(const std::string& target, BootTime deadline) {
    auto nodes = read(deadline);
    if (!nodes) return tl::unexpected(nodes.error());
    const Node* own = find(*nodes, target);
    if (own == nullptr)
      return fail(ErrorCode::kNotFound, "it has no back end {}: nothing was changed", target);
    bool changed = false;
    for (const Node& node : *nodes) {
      if (&node == own || node.mode == kReject) continue;
      changed = true;
      if (auto done = set_mode(node, kReject, deadline); !done) return done;
    }
    if (changed) {
      nodes = read(deadline);
      if (auto closed = others_reject(nodes, target); !closed) return closed;
      own = find(*nodes, target);
    }
    if (own->mode == kAccept) return {};
    if (auto done = set_mode(*own, kAccept, deadline); !done) return done;
    nodes = read(deadline);
    if (auto closed = others_reject(nodes, target); !closed) return closed;
    if (find(*nodes, target)->mode != kAccept)
      return fail(ErrorCode::kUnknown, "written, but {} is in mode {}", target, find(*nodes, target)->mode);
    return {};
  }

  // And the target is still among them.
  static Status others_reject(const Result<std::vector<Node>>& nodes, const std::string& target) {
    if (!nodes) return fail(ErrorCode::kUnknown, "written, but not read back: {}", nodes.error().message);
    const Node* own = find(*nodes, target);
    if (own == nullptr) return fail(ErrorCode::kUnavailable, "{} was taken away meanwhile", target);
    for (const Node& node : *nodes)
      if (&node != own && node.mode != kReject)
        return fail(ErrorCode::kUnknown, "written, but {} is in mode {}", node.address, node.mode);
    return {};
  }

  Status set_mode(const Node& node, const char* mode, BootTime deadline) {
    const auto answer = api_.change("PUT", fmt::format("{}/nodes/{}", path_, node.id),
                                    fmt::format(R"({{"mode":"{}"}})", mode), deadline);
    receipts_.asked(api_.last_change(), 0ns);
    if (answer) return {};  // what it did is read
    // A back end that is not there any more: what is there now is looked at by the next attempt.
    if (answer.error().code == ErrorCode::kNotFound || answer.error().code == ErrorCode::kConflict)
      return fail(ErrorCode::kUnavailable, "{}", answer.error().message);
    return tl::unexpected(answer.error());
  }

  bool pause(BootTime deadline) {
    if (clock_.boot_now() + kRetryPause >= deadline) return false;
    return clock_.sleep_for(kRetryPause);
  }

  const TrafficConfig config_;
  const std::string key_ = record_key(config_);
  const std::string path_;
  Clock& clock_;
  LinodeApi api_;
  ReceiptBook receipts_;
};

}  // namespace

Result<std::unique_ptr<TrafficSwitch>> make_linode_nodebalancer_traffic(const TrafficConfig& config,
                                                                        const TrafficDeps& deps) {
  const int line = config.provider.line;
  for (const char* key : {"nodebalancer_id", "config_id"})
    if (!id_field(config.provider, key))
      return fail(ErrorCode::kInvalidArgument, "line {}: traffic {} of kind linode_nodebalancer needs '{}'",
                  line, config.name, key);
  if (text_field(config.provider, "token_file").empty())
    return fail(ErrorCode::kInvalidArgument,
                "line {}: traffic {} of kind linode_nodebalancer needs 'token_file'", line, config.name);
  for (const auto& [region, target] : config.targets)
    if (!parse_host_port(target))
      return fail(ErrorCode::kInvalidArgument,
                  "line {}: target '{}' of {} is no address of a back end (ip:port)", line, target, region);
  return std::make_unique<NodeBalancerTraffic>(config, deps);
}

}  // namespace farshore

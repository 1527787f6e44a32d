#include "actuator/traffic/command_traffic.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "actuator/traffic/nameserver_view.h"
#include "actuator/traffic/targets.h"
#include "common/topology/record_key.h"

namespace farshore {
namespace {

class CommandTraffic final : public TrafficSwitch {
 public:
  CommandTraffic(const TrafficConfig& config, const TrafficDeps& deps)
      : config_(config),
        deps_(deps),
        act_(config.provider.lists.at("act")),
        read_(config.provider.lists.at("read")) {}

  const std::string& key() const override { return key_; }
  const std::string& kind() const override { return config_.provider.kind; }

  Result<std::string> target_of(const std::string& region) const override {
    return target_for(config_, region);
  }

  Result<std::string> current(BootTime deadline) override {
    const Result<CommandResult> result = run(read_, environment(), deadline);
    if (!result) return tl::unexpected(looked(result.error()));
    if (!result->succeeded())
      return fail(ErrorCode::kUnavailable, "read of {}: {}", config_.name, describe(*result));
    const std::string& text = result->stdout_text;
    const std::string line = text.substr(0, std::min(text.find_first_of("\r\n"), text.size()));
    if (line.empty()) return fail(ErrorCode::kUnavailable, "read of {} prints nothing", config_.name);
    const auto region = config_.targets.find(line);
    return region == config_.targets.end() ? line : region->second;
  }

  Status point_to(const std::string& region, int64_t epoch, BootTime deadline) override {
    const Result<std::string> target = target_for(config_, region);
    if (!target) return tl::unexpected(target.error());
    if (is_told(region, epoch)) {
      const Result<std::string> now = current(deadline);
      if (now && *now == *target) return {};
    }
    Environment variables = environment();
    variables["FARSHORE_REGION"] = region;
    variables["FARSHORE_TARGET"] = *target;
    variables["FARSHORE_EPOCH"] = std::to_string(epoch);
    const Result<CommandResult> result = run(act_, variables, deadline);
    if (!result) return wrap("act of " + config_.name, result.error());
    if (result->succeeded()) {
      const std::lock_guard lock(mutex_);
      told_ = std::pair(region, epoch);
      return {};
    }
    const ErrorCode code = result->signal != 0 ? ErrorCode::kUnknown : ErrorCode::kUnavailable;
    return fail(code, "act of {}: {}", config_.name, describe(*result));
  }

  LookPace look_pace() const override {
    return asks_nameservers() ? LookPace{} : LookPace{.first = 100ms, .longest = 1s};
  }

  Result<TrafficView> observed(BootTime deadline) override {
    if (asks_nameservers()) return ask_nameservers(deps_.dns, deps_.clock, config_, deadline);
    NameServerAnswer answer;
    answer.nameserver = "read command";
    if (Result<std::string> now = current(deadline))
      answer.addresses.push_back(*std::move(now));
    else
      answer.failure = now.error().message;
    return TrafficView{{std::move(answer)}};
  }

 private:
  bool asks_nameservers() const { return !config_.nameservers.empty() && !config_.type.empty(); }

  // The act is told of an epoch once even when clients are there already: it may keep an older one out.
  bool is_told(const std::string& region, int64_t epoch) {
    const std::lock_guard lock(mutex_);
    return told_ == std::pair(region, epoch);
  }

  Environment environment() const {
    return {{"FARSHORE_CLUSTER", deps_.cluster}, {"FARSHORE_NAME", config_.name}};
  }

  Result<CommandResult> run(const std::vector<std::string>& argv, const Environment& variables,
                            BootTime deadline) {
    return deps_.commands.run(argv, variables, std::min(deadline, deps_.clock.boot_now() + config_.timeout));
  }

  // A look changes nothing, so being stopped half-way leaves nothing unknown.
  static Error looked(Error error) {
    if (error.code == ErrorCode::kUnknown) error.code = ErrorCode::kTimeout;
    return error;
  }

  const TrafficConfig config_;
  const std::string key_ = record_key(config_);
  const TrafficDeps deps_;
  const std::vector<std::string> act_, read_;
  std::mutex mutex_;
  std::optional<std::pair<std::string, int64_t>> told_;  // region and epoch of the last act that said yes
};

}  // namespace

Result<std::unique_ptr<TrafficSwitch>> make_command_traffic(const TrafficConfig& config,
                                                            const TrafficDeps& deps) {
  for (const char* key : {"act", "read"}) {
    const auto list = config.provider.lists.find(key);
    if (list == config.provider.lists.end() || list->second.empty() || !list->second.front().starts_with('/'))
      return fail(ErrorCode::kInvalidArgument,
                  "line {}: command traffic {} needs '{}', a list that begins with an absolute path",
                  config.provider.line, config.name, key);
  }
  return std::make_unique<CommandTraffic>(config, deps);
}

}  // namespace farshore

#include "actuator/traffic/record_traffic.h"

#include <algorithm>
#include <charconv>
#include <mutex>

#include "actuator/traffic/nameserver_view.h"
#include "actuator/traffic/targets.h"
#include "common/base/log.h"
#include "common/topology/address.h"

namespace farshore {
namespace {

constexpr int kAttempts = 4;  // the row points again by itself
constexpr nanoseconds kRetryPause = 50ms;
constexpr std::string_view kTokenPrefix = "epoch=";

class RecordTraffic final : public TrafficSwitch {
 public:
  RecordTraffic(const TrafficConfig& config, const TrafficDeps& deps, std::unique_ptr<RecordApi> api)
      : config_(config), deps_(deps), api_(std::move(api)) {}

  const std::string& name() const override { return config_.name; }
  const std::string& kind() const override { return config_.provider.kind; }
  Result<std::string> target_of(const std::string& region) const override {
    return target_for(config_, region);
  }

  Result<std::string> current(BootTime deadline) override;
  Status point_to(const std::string& region, int64_t epoch, BootTime deadline) override;
  Result<TrafficView> observed(BootTime deadline) override {
    return ask_nameservers(deps_.dns, deps_.clock, config_, deadline);
  }
  TrafficReceipt receipt() const override {
    const std::lock_guard lock(mutex_);
    return receipt_;
  }
  Result<std::vector<std::string>> faults(BootTime deadline) override;

 private:
  int64_t wanted_ttl() const { return std::chrono::floor<seconds>(config_.ttl).count(); }
  bool points_at(const RecordState& state, const std::string& target) const {
    return state.values.size() == 1 && same_target(state.values.front(), target);
  }
  bool settled(const RecordState& state, const std::string& target, int64_t epoch) const;
  bool pause(BootTime deadline);
  Status try_once(const std::string& target, int64_t epoch, BootTime deadline,
                  std::optional<RecordState>& before);
  Status write(const RecordState& seen, const std::string& target, int64_t epoch, BootTime deadline);
  Status check(const std::string& target, int64_t epoch, BootTime deadline);
  Status refuse_newer(const RecordState& state, int64_t epoch) const;
  void remember(const RecordState& before);

  const TrafficConfig config_;
  const TrafficDeps deps_;
  const std::unique_ptr<RecordApi> api_;
  mutable std::mutex mutex_;
  TrafficReceipt receipt_;
};

Result<std::string> RecordTraffic::current(BootTime deadline) {
  const Result<RecordState> state = api_->read(deadline);
  if (!state) return tl::unexpected(state.error());
  if (state->values.empty())
    return fail(ErrorCode::kNotFound, "{} has no {} record", config_.name, config_.type);
  if (state->values.size() > 1)
    return fail(ErrorCode::kConflict, "{} points at {} places at once", config_.name, state->values.size());
  return state->values.front();
}

Status RecordTraffic::point_to(const std::string& region, int64_t epoch, BootTime deadline) {
  const Result<std::string> target = target_for(config_, region);
  if (!target) return tl::unexpected(target.error());
  Status outcome;
  std::optional<RecordState> before;  // the first write of this call, whose answer may have been lost
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt > 0 && !pause(deadline)) break;
    outcome = try_once(*target, epoch, deadline, before);
    if (outcome && before) remember(*before);
    if (outcome) return {};
    if (!outcome.error().retryable()) break;
  }
  return wrap(fmt::format("{} to {} for epoch {}", config_.name, region, epoch), outcome.error());
}

Status RecordTraffic::try_once(const std::string& target, int64_t epoch, BootTime deadline,
                               std::optional<RecordState>& before) {
  const Result<RecordState> seen = api_->read(deadline);
  if (!seen) return tl::unexpected(seen.error());
  if (Status newer = refuse_newer(*seen, epoch); !newer) return newer;
  if (settled(*seen, target, epoch)) return {};
  if (!before) before = *seen;
  if (Status written = write(*seen, target, epoch, deadline); !written) return written;
  return check(target, epoch, deadline);
}

Status RecordTraffic::refuse_newer(const RecordState& state, int64_t epoch) const {
  if (state.epoch.value_or(0) <= epoch) return {};
  return fail(ErrorCode::kConflict, "its token is of epoch {}: a newer failover took over", *state.epoch);
}

bool RecordTraffic::settled(const RecordState& state, const std::string& target, int64_t epoch) const {
  const bool token = api_->token_style() == TokenStyle::kNone || state.epoch == epoch;
  return token && state.trouble.empty() && points_at(state, target) && state.ttl == wanted_ttl();
}

Status RecordTraffic::write(const RecordState& seen, const std::string& target, int64_t epoch,
                            BootTime deadline) {
  const TokenStyle style = api_->token_style();
  if (style == TokenStyle::kApart && seen.epoch != epoch) {
    // Clients must not wait for what only guards against a second writer.
    const BootTime now = deps_.clock.boot_now();
    const Status token = api_->write_token(seen, epoch, now + (deadline - now) / 3);
    if (!token)
      log_warn("epoch token not written", {{"record", config_.name}, {"why", token.error().message}});
  }
  const bool together = style == TokenStyle::kCompared || style == TokenStyle::kTogether;
  Status written =
      api_->write({seen, target, wanted_ttl(), together ? std::optional(epoch) : std::nullopt}, deadline);
  // Whoever came between is read and judged by the next attempt; it is not final.
  if (!written && written.error().code == ErrorCode::kConflict)
    return fail(ErrorCode::kUnavailable, "{}", written.error().message);
  return written;
}

// Accepted is not done: another writer may have come between, or a proxy may have answered for the provider.
Status RecordTraffic::check(const std::string& target, int64_t epoch, BootTime deadline) {
  const Result<RecordState> state = api_->read(deadline);
  if (!state) return fail(ErrorCode::kUnknown, "written, but not read back: {}", state.error().message);
  if (Status newer = refuse_newer(*state, epoch); !newer) return newer;
  if (!points_at(*state, target))
    return fail(ErrorCode::kUnknown, "written, but {} tells another value", config_.provider.kind);
  if (!state->trouble.empty()) return fail(ErrorCode::kUnavailable, "written, but {}", state->trouble);
  return {};
}

bool RecordTraffic::pause(BootTime deadline) {
  if (deps_.clock.boot_now() + kRetryPause >= deadline) return false;
  return deps_.clock.sleep_for(kRetryPause);
}

void RecordTraffic::remember(const RecordState& before) {
  const std::lock_guard lock(mutex_);
  receipt_ = {api_->last_change(), seconds(std::max(before.ttl.value_or(0), wanted_ttl()))};
}

Result<std::vector<std::string>> RecordTraffic::faults(BootTime deadline) {
  const Result<RecordState> state = api_->read(deadline);
  if (!state) return tl::unexpected(state.error());
  std::vector<std::string> found;
  if (state->values.empty()) found.push_back(fmt::format("there is no {} record", config_.type));
  if (state->values.size() > 1)
    found.push_back(fmt::format("it points at {} places at once: {}", state->values.size(),
                                fmt::join(state->values, ", ")));
  if (state->ttl && *state->ttl != wanted_ttl() && !state->values.empty())
    found.push_back(fmt::format("its TTL is {} s, configured are {} s", *state->ttl, wanted_ttl()));
  if (!state->trouble.empty()) found.push_back(state->trouble);
  return found;
}

}  // namespace

Status RecordApi::write_token(const RecordState&, int64_t, BootTime) {
  return fail(ErrorCode::kInternal, "this provider writes its token together with the record");
}

std::string epoch_token_name(const std::string& record) { return "farshore-epoch." + record; }

std::string epoch_token_text(int64_t epoch) { return fmt::format("{}{}", kTokenPrefix, epoch); }

std::optional<int64_t> parse_epoch_token(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  if (!text.starts_with(kTokenPrefix)) return std::nullopt;
  text.remove_prefix(kTokenPrefix.size());
  int64_t epoch = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), epoch);
  if (error != std::errc() || end != text.data() + text.size() || epoch < 0) return std::nullopt;
  return epoch;
}

bool wants_epoch_token(const ProviderConfig& provider) {
  const auto found = provider.text.find("epoch_token");
  return found == provider.text.end() || found->second != "off";
}

std::unique_ptr<TrafficSwitch> make_record_traffic(const TrafficConfig& config, const TrafficDeps& deps,
                                                   std::unique_ptr<RecordApi> api) {
  return std::make_unique<RecordTraffic>(config, deps, std::move(api));
}

}  // namespace farshore

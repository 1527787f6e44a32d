#include "actuator/traffic/record_traffic.h"

#include <algorithm>
#include <charconv>

#include "actuator/traffic/nameserver_view.h"
#include "actuator/traffic/receipt_book.h"
#include "actuator/traffic/targets.h"
#include "common/topology/address.h"
#include "common/topology/record_key.h"

namespace farshore {
namespace {

constexpr int kAttempts = 4;  // the row points again by itself
constexpr nanoseconds kRetryPause = 50ms;
constexpr std::string_view kTokenPrefix = "epoch=";

class RecordTraffic final : public TrafficSwitch {
 public:
  RecordTraffic(const TrafficConfig& config, const TrafficDeps& deps, std::unique_ptr<RecordApi> api)
      : config_(config), deps_(deps), api_(std::move(api)) {}

  const std::string& key() const override { return key_; }
  const std::string& kind() const override { return config_.provider.kind; }
  Result<std::string> target_of(const std::string& region) const override {
    return target_for(config_, region);
  }

  Result<std::string> current(BootTime deadline) override;
  Status point_to(const std::string& region, int64_t epoch, BootTime deadline) override;
  Result<TrafficView> observed(BootTime deadline) override {
    return ask_nameservers(deps_.dns, deps_.clock, config_, deadline);
  }
  nanoseconds settles_within() const override { return api_->settles_within(); }
  TrafficReceipt receipt() const override { return receipts_.receipt(); }
  Result<std::vector<std::string>> faults(BootTime deadline) override;

 private:
  int64_t wanted_ttl() const { return std::chrono::floor<seconds>(config_.ttl).count(); }
  bool points_at(const RecordState& state, const std::string& target) const {
    return state.values.size() == 1 && same_target(state.values.front(), target);
  }
  bool token_is(const RecordState& state, int64_t epoch) const {
    return api_->token_style() == TokenStyle::kNone || state.epoch == epoch;
  }
  bool record_is(const RecordState& state, const std::string& target) const {
    return state.trouble.empty() && points_at(state, target) && state.ttl == wanted_ttl();
  }
  bool pause(BootTime deadline);
  struct Attempt;
  Status try_once(Attempt& attempt, BootTime deadline);
  Status write(Attempt& attempt, const RecordState& seen, BootTime deadline);
  Status check(Attempt& attempt, BootTime deadline);
  Status refuse_newer(const RecordState& state, int64_t epoch) const;

  const TrafficConfig config_;
  const std::string key_ = record_key(config_);
  const TrafficDeps deps_;
  const std::unique_ptr<RecordApi> api_;
  ReceiptBook receipts_;
};

// One call of point_to.
struct RecordTraffic::Attempt {
  const std::string target;
  const int64_t epoch;
  std::optional<int64_t> ttl_before = {};  // of the first write, whose answer may have been lost
  Status token = {};                       // what came of writing it apart
  bool again = true;                       // the same once more may help
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
  receipts_.begin(epoch);
  Attempt attempt{*target, epoch};
  Status outcome;
  for (int i = 0; i < kAttempts && attempt.again; ++i) {
    if (i > 0 && !pause(deadline)) break;
    outcome = try_once(attempt, deadline);
    if (outcome) return {};
    if (!outcome.error().retryable()) break;
  }
  return wrap(fmt::format("{} to {} for epoch {}", config_.name, region, epoch), outcome.error());
}

Status RecordTraffic::try_once(Attempt& attempt, BootTime deadline) {
  const Result<RecordState> seen = api_->read(deadline);
  if (!seen) return tl::unexpected(seen.error());
  if (Status newer = refuse_newer(*seen, attempt.epoch); !newer) return newer;
  if (record_is(*seen, attempt.target) && token_is(*seen, attempt.epoch)) {
    receipts_.found_moved(seconds(wanted_ttl()));
    receipts_.left_open("");
    return {};
  }
  if (!attempt.ttl_before) attempt.ttl_before = seen->ttl.value_or(0);
  Status written = write(attempt, *seen, deadline);
  receipts_.asked(api_->last_change(), seconds(std::max(*attempt.ttl_before, wanted_ttl())));
  if (!written) return written;
  return check(attempt, deadline);
}

Status RecordTraffic::refuse_newer(const RecordState& state, int64_t epoch) const {
  if (state.epoch.value_or(0) <= epoch) return {};
  return fail(ErrorCode::kConflict, "its token is of epoch {}: a newer failover took over", *state.epoch);
}

// Whoever came between is read and judged by the next attempt; it is not final.
Status not_final(Status outcome) {
  if (!outcome && outcome.error().code == ErrorCode::kConflict)
    outcome.error().code = ErrorCode::kUnavailable;
  return outcome;
}

Status RecordTraffic::write(Attempt& attempt, const RecordState& seen, BootTime deadline) {
  const TokenStyle style = api_->token_style();
  if (style == TokenStyle::kApart && !token_is(seen, attempt.epoch)) {
    // Clients must not wait for what only guards against a second writer, but they wait for the look at one
    // that came between.
    const BootTime now = deps_.clock.boot_now();
    attempt.token = api_->write_token(seen, attempt.epoch, now + (deadline - now) / 3);
    if (!attempt.token && attempt.token.error().code == ErrorCode::kConflict) return not_final(attempt.token);
    if (record_is(seen, attempt.target)) return {};
  }
  const bool together = style == TokenStyle::kCompared || style == TokenStyle::kTogether;
  return not_final(api_->write(
      {seen, attempt.target, wanted_ttl(), together ? std::optional(attempt.epoch) : std::nullopt},
      deadline));
}

// Accepted is not done: another writer may have come between, or a proxy may have answered for the provider.
Status RecordTraffic::check(Attempt& attempt, BootTime deadline) {
  const Result<RecordState> state = api_->read(deadline);
  if (!state) return fail(ErrorCode::kUnknown, "written, but not read back: {}", state.error().message);
  if (Status newer = refuse_newer(*state, attempt.epoch); !newer) return newer;
  if (!points_at(*state, attempt.target))
    return fail(ErrorCode::kUnknown, "written, but {} tells another value", config_.provider.kind);
  if (!state->trouble.empty()) {
    attempt.again = false;  // it was written with care for that already
    return fail(ErrorCode::kUnavailable, "written, but {}", state->trouble);
  }
  if (token_is(*state, attempt.epoch)) {
    receipts_.left_open("");
    return {};
  }
  receipts_.left_open(fmt::format("its epoch token is {}, so a writer of an older epoch is not kept out{}",
                                  state->epoch ? fmt::format("of epoch {}", *state->epoch) : "missing",
                                  attempt.token ? "" : ": " + attempt.token.error().message));
  return {};
}

bool RecordTraffic::pause(BootTime deadline) {
  if (deps_.clock.boot_now() + kRetryPause >= deadline) return false;
  return deps_.clock.sleep_for(kRetryPause);
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

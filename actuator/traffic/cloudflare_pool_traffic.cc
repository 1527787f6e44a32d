#include "actuator/traffic/cloudflare_pool_traffic.h"

#include <algorithm>

#include "actuator/cloud/cloudflare_api.h"
#include "actuator/traffic/nameserver_view.h"
#include "actuator/traffic/receipt_book.h"
#include "actuator/traffic/targets.h"
#include "common/json/json_writer.h"
#include "common/topology/address.h"
#include "common/topology/record_key.h"

namespace farshore {
namespace {

constexpr int kAttempts = 4;  // the row points again by itself
constexpr nanoseconds kRetryPause = 50ms;

struct Origin {
  JsonValue json;
  std::string address;
  bool enabled = true;
};

struct Pool {
  std::string region, id, target;
  bool enabled = false;
  std::vector<Origin> origins;

  // Null when the pool does not lead to its region's target at all.
  const Origin* leads_to_target() const {
    const auto found = std::ranges::find_if(
        origins, [this](const Origin& origin) { return same_target(origin.address, target); });
    return found == origins.end() ? nullptr : &*found;
  }
  bool serves() const { return enabled && leads_to_target() != nullptr && leads_to_target()->enabled; }
};

using Pools = std::vector<Pool>;

Status parse_pool(const JsonValue& json, Pool& pool) {
  const auto enabled = json.get_bool("enabled");
  const auto origins = json.get_array("origins");
  const auto id = json.get_string("id");
  if (!enabled || !origins || !id || *id != pool.id) return not_of_cloudflare();
  pool.enabled = *enabled;
  for (const JsonValue& each : *origins) {
    const auto address = each.get_string("address");
    const auto on = each.find("enabled") ? each.get_bool("enabled") : Result<bool>(true);
    if (!address || !on) return not_of_cloudflare();
    pool.origins.push_back({each, *address, *on});
  }
  return {};
}

// Every origin as it was read, but for what cannot be written; the region's target is switched on with its
// pool.
std::string patch_body(const Pool& pool, bool enable) {
  JsonWriter json;
  json.begin_object().field("enabled", enable).array("origins");
  for (const Origin& origin : pool.origins) {
    const bool on = origin.enabled || (enable && same_target(origin.address, pool.target));
    json.begin_object();
    for (const auto& [key, value] : origin.json.members())
      if (key != "disabled_at" && key != "enabled") json.key(key).raw(value.to_json());
    json.field("enabled", on).end_object();
  }
  return json.end_array().end_object().str();
}

class CloudflarePools final : public TrafficSwitch {
 public:
  CloudflarePools(const TrafficConfig& config, const TrafficDeps& deps)
      : config_(config),
        deps_(deps),
        pools_path_("/client/v4/accounts/" + config.provider.text.at("account_id") +
                    "/load_balancers/pools/"),
        api_(deps.http, deps.clock, api_settings(config.provider, config.timeout), dialect_) {}

  const std::string& key() const override { return key_; }
  const std::string& kind() const override { return config_.provider.kind; }
  Result<std::string> target_of(const std::string& region) const override {
    return target_for(config_, region);
  }
  LookPace look_pace() const override { return asks_nameservers() ? LookPace{} : kApiPace; }
  nanoseconds settles_within() const override {
    return asks_nameservers() ? kCloudflarePublishesWithin : 0ns;
  }
  TrafficReceipt receipt() const override { return receipts_.receipt(); }

  Result<std::string> current(BootTime deadline) override;
  Status point_to(const std::string& region, int64_t epoch, BootTime deadline) override;
  Result<TrafficView> observed(BootTime deadline) override;
  Result<std::vector<std::string>> faults(BootTime deadline) override;

 private:
  bool asks_nameservers() const { return !config_.nameservers.empty() && !config_.type.empty(); }
  Result<Pools> read(BootTime deadline);
  Status try_once(const std::string& region, BootTime deadline);
  Status set(const Pool& pool, bool enable, BootTime deadline);
  Status check(const Pools& before, const std::string& region, BootTime deadline);

  const TrafficConfig config_;
  const std::string key_ = record_key(config_);
  const TrafficDeps deps_;
  const std::string pools_path_;
  const CloudflareDialect dialect_;
  ApiClient api_;
  ReceiptBook receipts_;
};

bool only_region_serves(const Pools& pools, const std::string& region) {
  return std::ranges::all_of(
      pools, [&region](const Pool& pool) { return pool.region == region ? pool.serves() : !pool.enabled; });
}

Result<Pools> CloudflarePools::read(BootTime deadline) {
  Pools pools;
  for (const auto& [region, id] : config_.provider.maps.at("pools")) {
    Pool pool{region, id, config_.targets.at(region), false, {}};
    const auto response = api_.look(pools_path_ + id, deadline);
    if (!response) return tl::unexpected(response.error());
    const auto result = cloudflare_result(*response);
    if (!result) return tl::unexpected(result.error());
    if (const Status parsed = parse_pool(*result, pool); !parsed) return tl::unexpected(parsed.error());
    pools.push_back(std::move(pool));
  }
  return pools;
}

Result<std::string> CloudflarePools::current(BootTime deadline) {
  const auto pools = read(deadline);
  if (!pools) return tl::unexpected(pools.error());
  const auto enabled = std::ranges::count_if(*pools, &Pool::enabled);
  if (enabled > 1)
    return fail(ErrorCode::kConflict, "{} has {} pools enabled at once", config_.name, enabled);
  const auto serving = std::ranges::find_if(*pools, &Pool::serves);
  if (serving == pools->end())
    return fail(ErrorCode::kNotFound, "{} has no pool enabled that leads to its target", config_.name);
  return serving->target;
}

Status CloudflarePools::point_to(const std::string& region, int64_t epoch, BootTime deadline) {
  if (const auto target = target_for(config_, region); !target) return tl::unexpected(target.error());
  receipts_.begin(epoch);
  Status outcome;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt > 0 &&
        (deps_.clock.boot_now() + kRetryPause >= deadline || !deps_.clock.sleep_for(kRetryPause)))
      break;
    outcome = try_once(region, deadline);
    if (outcome) return {};
    if (!outcome.error().retryable()) break;
  }
  return wrap(fmt::format("{} to {} for epoch {}", config_.name, region, epoch), outcome.error());
}

// The others first: two pools at once would split the clients, none leaves them with the fallback pool.
Status CloudflarePools::try_once(const std::string& region, BootTime deadline) {
  const auto pools = read(deadline);
  if (!pools) return tl::unexpected(pools.error());
  if (only_region_serves(*pools, region)) {
    receipts_.found_moved(config_.ttl);
    return {};
  }
  const auto wanted = std::ranges::find(*pools, region, &Pool::region);
  if (wanted->leads_to_target() == nullptr)
    return fail(ErrorCode::kInvalidArgument, "pool {} has no origin {}", wanted->id, wanted->target);
  for (const Pool& pool : *pools)
    if (pool.enabled && pool.region != region)
      if (Status off = set(pool, false, deadline); !off) return off;
  if (!wanted->serves())
    if (Status on = set(*wanted, true, deadline); !on) return on;
  return check(*pools, region, deadline);
}

Status CloudflarePools::set(const Pool& pool, bool enable, BootTime deadline) {
  const auto response = api_.change("PATCH", pools_path_ + pool.id, patch_body(pool, enable), deadline);
  receipts_.asked(api_.last_request_id(), config_.ttl);
  return response ? Status() : tl::unexpected(response.error());
}

// Accepted is not done: all pools are read back, and none may have lost an origin on the way.
Status CloudflarePools::check(const Pools& before, const std::string& region, BootTime deadline) {
  const auto after = read(deadline);
  if (!after) return fail(ErrorCode::kUnknown, "written, but not read back: {}", after.error().message);
  if (!only_region_serves(*after, region))
    return fail(ErrorCode::kUnknown, "written, but the pools read otherwise");
  for (size_t i = 0; i < before.size(); ++i)
    if (!std::ranges::equal(before[i].origins, (*after)[i].origins, {}, &Origin::address, &Origin::address))
      return fail(ErrorCode::kUnavailable, "the origins of pool {} were changed meanwhile", before[i].id);
  return {};
}

Result<TrafficView> CloudflarePools::observed(BootTime deadline) {
  if (asks_nameservers()) return ask_nameservers(deps_.dns, deps_.clock, config_, deadline);
  NameServerAnswer answer{"the Cloudflare API", {}, ""};
  if (auto now = current(deadline))
    answer.addresses.push_back(*std::move(now));
  else
    answer.failure = now.error().message;
  return TrafficView{{std::move(answer)}};
}

Result<std::vector<std::string>> CloudflarePools::faults(BootTime deadline) {
  const auto pools = read(deadline);
  if (!pools) return tl::unexpected(pools.error());
  std::vector<std::string> found;
  if (const auto enabled = std::ranges::count_if(*pools, &Pool::enabled); enabled != 1)
    found.push_back(fmt::format("{} pools are enabled, it should be one", enabled));
  for (const Pool& pool : *pools) {
    const Origin* origin = pool.leads_to_target();
    if (origin == nullptr)
      found.push_back(fmt::format("the pool of {} has no origin {}", pool.region, pool.target));
    else if (pool.enabled && !origin->enabled)
      found.push_back(
          fmt::format("the pool of {} is enabled and its origin {} is not", pool.region, pool.target));
  }
  return found;
}

tl::unexpected<Error> refuse(const TrafficConfig& config, const std::string& why) {
  return fail(ErrorCode::kInvalidArgument, "line {}: traffic {} of kind cloudflare_pool {}",
              config.provider.line, config.name, why);
}

}  // namespace

Result<std::unique_ptr<TrafficSwitch>> make_cloudflare_pool_traffic(const TrafficConfig& config,
                                                                    const TrafficDeps& deps) {
  const auto& text = config.provider.text;
  for (const char* key : {"account_id", "api_url", "token_file"})
    if (!text.contains(key) || text.at(key).empty()) return refuse(config, fmt::format("needs '{}'", key));
  if (!is_cloudflare_id(text.at("account_id")))
    return refuse(config, "has an 'account_id' that is not 32 hexadecimal digits");
  const auto pools = config.provider.maps.find("pools");
  if (pools == config.provider.maps.end()) return refuse(config, "needs 'pools'");
  for (const auto& [region, id] : pools->second) {
    if (!is_cloudflare_id(id))
      return refuse(config, fmt::format("has a pool of {} that is not 32 hexadecimal digits", region));
    if (!config.targets.contains(region))
      return refuse(config, fmt::format("has a pool for {}, but no target", region));
  }
  for (const auto& [region, target] : config.targets)
    if (!pools->second.contains(region))
      return refuse(config, fmt::format("has a target for {}, but no pool", region));
  return std::make_unique<CloudflarePools>(config, deps);
}

}  // namespace farshore

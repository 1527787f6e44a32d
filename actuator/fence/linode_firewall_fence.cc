#include "actuator/fence/linode_firewall_fence.h"

#include <algorithm>
#include <array>

#include "actuator/cloud/linode_instance.h"
#include "common/json/json_writer.h"
#include "common/topology/provider_kinds.h"

namespace farshore {
namespace {

constexpr int kRequestsOfIsolate = 5;  // Linode, its firewalls, devices, rules, read back
constexpr size_t kMostRules = 25;      // in and out together
constexpr std::string_view kLabel = "farshore-fence-";
constexpr std::array<std::string_view, 4> kProtocols = {"TCP", "UDP", "ICMP", "IPENCAP"};
constexpr std::array<const char*, 2> kDirections = {"inbound", "outbound"};

tl::unexpected<Error> not_of_this_api() {
  return fail(ErrorCode::kUnavailable, "the answer is not of the Linode API");
}

bool is_ours(const JsonValue& rule) {
  const auto label = rule.find_string("label");
  return label && *label && (*label)->starts_with(kLabel);
}

bool holds(const JsonValue& addresses, std::string_view family, std::string_view everybody) {
  const auto list = addresses.get_array(family);
  return list && std::ranges::any_of(*list, [&](const JsonValue& one) {
           const auto text = one.as_string();
           return text && *text == everybody;
         });
}

// Drops everything of one protocol, whoever sends it.
bool drops_all(const JsonValue& rule, std::string_view protocol) {
  const auto action = rule.get_string("action");
  const auto of = rule.get_string("protocol");
  const auto addresses = rule.get_object("addresses");
  const auto ports = rule.find_string("ports");
  return action && *action == "DROP" && of && *of == protocol && addresses && ports &&
         ports->value_or("").empty() && holds(*addresses, "ipv4", "0.0.0.0/0") &&
         holds(*addresses, "ipv6", "::/0");
}

struct Firewall {
  int64_t id = 0;
  JsonValue rules;

  // The first rule that fits decides, so ours must be the first.
  bool closed() const {
    for (const char* direction : kDirections) {
      const auto list = rules.get_array(direction);
      if (!list || list->size() < kProtocols.size()) return false;
      for (const std::string_view protocol : kProtocols)
        if (std::none_of(list->begin(), list->begin() + kProtocols.size(),
                         [&](const JsonValue& rule) { return drops_all(rule, protocol); }))
          return false;
    }
    return true;
  }
};

void write_own_rules(JsonWriter& json) {
  for (const std::string_view protocol : kProtocols) {
    json.begin_object().field("label", fmt::format("{}{}", kLabel, protocol)).field("action", "DROP");
    json.field("protocol", protocol).object("addresses");
    json.array("ipv4").value("0.0.0.0/0").end_array().array("ipv6").value("::/0").end_array();
    json.end_object().end_object();
  }
}

// What PUT takes of a rule as GET gives it.
void write_kept_rule(JsonWriter& json, const JsonValue& rule) {
  json.begin_object();
  for (const auto& [name, value] : rule.members())
    if (!value.is_null() && (name == "action" || name == "addresses" || name == "description" ||
                             name == "label" || name == "ports" || name == "protocol"))
      json.key(name).raw(value.to_json());
  json.end_object();
}

// The rules with or without ours before them; everything else as it is.
Result<std::string> rules_body(const JsonValue& rules, bool closed) {
  JsonWriter json;
  size_t count = 0;
  json.begin_object();
  for (const char* direction : kDirections) {
    const auto list = rules.get_array(direction);
    const auto policy = rules.get_string(fmt::format("{}_policy", direction));
    if (!list || !policy) return not_of_this_api();
    json.array(direction);
    if (closed) write_own_rules(json);
    count += closed ? kProtocols.size() : 0;
    for (const JsonValue& rule : *list) {
      if (is_ours(rule)) continue;
      ++count;
      write_kept_rule(json, rule);
    }
    json.end_array().field(fmt::format("{}_policy", direction), *policy);
  }
  if (count > kMostRules)
    return fail(ErrorCode::kInvalidArgument, "it would have {} rules, {} are allowed: leave {} free", count,
                kMostRules, kProtocols.size() * kDirections.size());
  return json.end_object().str();
}

class LinodeFirewallFence final : public Fence {
 public:
  LinodeFirewallFence(const FenceConfig& config, const FenceDeps& deps)
      : server_(config.server),
        timeout_(config.timeout),
        wanted_(id_field(config.provider, "firewall_id")),
        proves_(proves_by_itself(config.provider)),
        clock_(deps.clock),
        finder_(config.provider),
        api_(deps.http, deps.clock, config.provider, config.timeout) {}

  const std::string& server() const override { return server_; }
  std::string grade() const override {
    return proves_ ? "firewall, open sessions cut by the configuration's word"
                   : "firewall, open sessions unknown";
  }

  Status isolate(BootTime deadline) override {
    return in_context("closing",
                      set(true, std::min(deadline, clock_.boot_now() + kRequestsOfIsolate * timeout_)));
  }
  Status release(BootTime deadline) override { return in_context("opening", set(false, deadline)); }

  FenceProof proof(BootTime deadline) override {
    FenceProof proof;
    proof.grade = grade();
    proof.read_at = clock_.boot_now();
    const auto firewall = look(std::min(deadline, proof.read_at + timeout_));
    if (!firewall) {
      proof.evidence = fmt::format("the firewall of {} of {} could not be looked at: {}", finder_.name(),
                                   server_, firewall.error().message);
      return proof;
    }
    const std::string what = fmt::format("firewall {} of {} of {}", firewall->id, finder_.name(), server_);
    if (!firewall->closed()) {
      proof.state = FenceState::kNotIsolated;
      proof.evidence = what + " lets traffic pass";
    } else if (proves_) {
      proof.state = FenceState::kIsolated;
      proof.evidence =
          what + " drops all traffic; that sessions which were open are cut is the configuration's word";
    } else {
      proof.evidence =
          what +
          " drops all new traffic; whether sessions that were open go on is unknown, so this is no proof";
    }
    proof.evidence += change_named(api_);
    return proof;
  }

 private:
  Status in_context(std::string_view doing, const Status& status) const {
    if (status) return {};
    return wrap(fmt::format("{} the firewall of {} of {}", doing, finder_.name(), server_), status.error());
  }

  Result<Firewall> look(BootTime deadline) {
    const auto instance = finder_.look(api_, deadline);
    if (!instance) return tl::unexpected(instance.error());
    return firewall_of(*instance, deadline);
  }

  // With two of them which rule counts is not described, so there must be one.
  Result<Firewall> firewall_of(const LinodeInstance& instance, BootTime deadline) {
    const auto items = api_.list(fmt::format("/v4/linode/instances/{}/firewalls", instance.id), "", deadline);
    if (!items) return tl::unexpected(items.error());
    std::vector<Firewall> found;
    for (const JsonValue& json : *items) {
      const auto id = json.get_int("id");
      const auto status = json.get_string("status");
      auto rules = json.get_object("rules");
      if (!id || !status || !rules) return not_of_this_api();
      if (*status == "enabled") found.push_back({*id, *std::move(rules)});
    }
    if (found.size() != 1 || (wanted_ && found.front().id != *wanted_))
      return fail(ErrorCode::kConflict, "Linode {} has {} enabled firewalls; {} is needed", instance.id,
                  found.size(), wanted_ ? fmt::format("number {} alone", *wanted_) : "exactly one");
    return found.front();
  }

  Status guards_it_alone(int64_t firewall, const LinodeInstance& instance, BootTime deadline) {
    const auto items = api_.list(fmt::format("/v4/networking/firewalls/{}/devices", firewall), "", deadline);
    if (!items) return tl::unexpected(items.error());
    for (const JsonValue& json : *items) {
      const auto entity = json.get_object("entity");
      const auto id = entity ? entity->get_int("id") : Result<int64_t>(tl::unexpected(entity.error()));
      const auto type =
          entity ? entity->get_string("type") : Result<std::string>(tl::unexpected(entity.error()));
      if (!id || !type) return not_of_this_api();
      if (*id != instance.id || *type != "linode")
        return fail(ErrorCode::kConflict, "firewall {} guards {} {} as well: nothing is done", firewall,
                    one_line(*type), *id);
    }
    return {};
  }

  Status set(bool closed, BootTime deadline) {
    const auto instance = finder_.look(api_, deadline);
    if (!instance) return tl::unexpected(instance.error());
    const auto firewall = firewall_of(*instance, deadline);
    if (!firewall) return tl::unexpected(firewall.error());
    if (firewall->closed() == closed) return {};
    if (auto alone = guards_it_alone(firewall->id, *instance, deadline); !alone) return alone;
    const auto body = rules_body(firewall->rules, closed);
    if (!body) return tl::unexpected(body.error());
    const auto answer =
        api_.change("PUT", fmt::format("/v4/networking/firewalls/{}/rules", firewall->id), *body, deadline);
    if (!answer) return tl::unexpected(answer.error());
    const auto seen = firewall_of(*instance, deadline);
    if (!seen) return fail(ErrorCode::kUnknown, "written, but not read back: {}", seen.error().message);
    if (seen->closed() != closed) return fail(ErrorCode::kUnavailable, "written, but its rules are others");
    return {};
  }

  const std::string server_;
  const nanoseconds timeout_;  // of one request
  const std::optional<int64_t> wanted_;
  const bool proves_;
  Clock& clock_;
  LinodeFinder finder_;
  LinodeApi api_;
};

}  // namespace

Result<std::unique_ptr<Fence>> make_linode_firewall_fence(const FenceConfig& config, const FenceDeps& deps) {
  const std::string what = "the linode_firewall fence of " + config.server;
  const std::string sessions = text_field(config.provider, "open_sessions");
  if (text_field(config.provider, "token_file").empty())
    return fail(ErrorCode::kInvalidArgument, "line {}: {} needs 'token_file'", config.provider.line, what);
  if (!sessions.empty() && sessions != "unknown" && sessions != "cut")
    return fail(ErrorCode::kInvalidArgument, "line {}: 'open_sessions' of {} is unknown or cut",
                config.provider.line, what);
  if (const Status fine = LinodeFinder(config.provider).check(what); !fine)
    return tl::unexpected(fine.error());
  return std::make_unique<LinodeFirewallFence>(config, deps);
}

}  // namespace farshore

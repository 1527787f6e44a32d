// Row 13, reconfigure, and its care: the user's own commands that tell clients of the new primary. A hook
// that the row asked is asked until it was in force once in this reign; what becomes of it afterwards is the
// business of whoever manages that client.
#include <algorithm>

#include "actuator/failover/rows.h"
#include "common/topology/conninfo.h"

namespace farshore::rows {
namespace {

constexpr nanoseconds kPollEvery = 20ms;
constexpr const char* kOpen = "open";
constexpr const char* kInForce = "in force";

// Fact: "open" from the intent of the row on, until the hook is in force.
std::string hook_fact(const std::string& hook) { return "hook." + hook; }

std::vector<std::string> open_hooks(const RunContext& context) {
  std::vector<std::string> open;
  for (const HookConfig& hook : context.deps.cluster->hooks)
    if (context.fact(hook_fact(hook.name)) == kOpen) open.push_back(hook.name);
  return open;
}

struct Address {
  std::string host, port;
};

Address address_of(const RunContext& context, const std::string& server) {
  const ServerConfig* config = context.deps.cluster->find_server(server);
  const auto conninfo = parse_conninfo(config ? config->conninfo : "");
  if (!conninfo) return {};
  const auto value = [&](const char* key) {
    const auto found = conninfo->find(key);
    return found == conninfo->end() ? std::string() : found->second;
  };
  return {value("host"), value("port").empty() ? "5432" : value("port")};
}

HookFacts facts_for_hooks(const RunContext& context) {
  const Address old = address_of(context, context.old_primary());
  const Address now = address_of(context, context.run.candidate);
  return {context.run.cluster,   context.run.epoch, context.run.region,
          context.old_primary(), old.host,          old.port,
          context.run.candidate, now.host,          now.port};
}

// Into facts and open ends, what the round has made of them so far. What is open still, in words.
std::string take_outcomes(RunContext& context) {
  if (!context.deps.hooks) return {};
  const HookRound round = context.deps.hooks->newest(context.run.epoch);
  std::string waits;
  for (const std::string& hook : open_hooks(context)) {
    const auto outcome = std::ranges::find(round.outcomes, hook, &HookOutcome::hook);
    const bool known = outcome != round.outcomes.end();
    if (known && outcome->in_force) context.set_fact(hook_fact(hook), std::string(kInForce));
    const std::string why = !known ? "it has not had its turn yet" : outcome->in_force ? "" : outcome->detail;
    context.report(OpenEnds::Kind::kHook, hook, why);
    if (!why.empty()) waits += fmt::format("{}{}: {}", waits.empty() ? "" : "; ", hook, why);
  }
  return waits;
}

}  // namespace

StepStatus hooks_are_due(RunContext& context) {
  if (auto ours = reign_is_ours(context); !ours) return ours;
  for (const HookConfig& hook : context.deps.cluster->hooks)
    if (!context.fact(hook_fact(hook.name))) context.set_fact(hook_fact(hook.name), std::string(kOpen));
  return {};
}

StepCheck no_hook_is_open(RunContext& context) { return open_hooks(context).empty(); }

StepStatus run_hooks(RunContext& context) {
  if (!context.deps.hooks) return stop("nothing runs hooks here");
  context.deps.hooks->begin(facts_for_hooks(context), open_hooks(context));
  return {};
}

// Waits for the round, and leaves it at work when it takes longer than the row may, which is short: a lost
// primary that comes back in this moment is fenced after it.
StepStatus hooks_are_in_force(RunContext& context) {
  while (true) {
    const bool at_work = context.deps.hooks && context.deps.hooks->newest(context.run.epoch).at_work;
    const std::string waits = take_outcomes(context);
    if (waits.empty()) return {};
    if (!at_work || context.clock().boot_now() + kPollEvery >= context.row_deadline)
      return stop("not in force yet: {}", waits);
    context.clock().sleep_for(kPollEvery);
  }
}

// ---- 13 reconfigure, afterwards ----

StepStatus hooks_came_into_force(RunContext& context) {
  const std::string waits = take_outcomes(context);
  if (waits.empty()) return {};
  return stop("not in force yet: {}", waits);
}

StepStatus run_hooks_again(RunContext& context) {
  if (const auto why_not = why_not_act(context.deps)) return stop("no hook is run: {}", why_not->text);
  if (!is_seen_reigning(context))
    return stop("no hook is run: {} is not seen as a primary", context.run.candidate);
  return run_hooks(context);
}

}  // namespace farshore::rows

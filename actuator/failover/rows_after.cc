// Rows after the new reign began: switch_traffic, account. Forward only.
#include <algorithm>

#include "actuator/failover/rows.h"

namespace farshore::rows {
namespace {

constexpr nanoseconds kPollEvery = 20ms;
constexpr nanoseconds kPointAgain = 1s;
constexpr nanoseconds kLookLimit = 1s;

}  // namespace

// ---- 10 switch_traffic ----

namespace {

// Pointed again while the clients' view disagrees: the first answer may have been lost, or undone by an old
// writer. What the provider said of it; an error that cannot be tried again ends the row.
Status point_once(RunContext& context, TrafficSwitch& traffic, const std::string& target) {
  const auto current = traffic.current(context.row_deadline);
  if (current && *current == target) return {};
  return traffic.point_to(context.run.region, context.run.epoch, context.row_deadline);
}

}  // namespace

std::string switch_one(RunContext& context, TrafficSwitch& traffic) {
  const auto say = [&](const std::string& why) {
    context.report(OpenEnds::Kind::kTraffic, traffic.name(), why);
    return why;
  };
  const auto target = traffic.target_of(context.run.region);
  if (!target) return say(target.error().message);
  std::string last;
  say(fmt::format("is being pointed at {}", context.run.region));
  std::optional<BootTime> pointed_at;
  while (true) {
    const BootTime now = context.clock().boot_now();
    if (!pointed_at || now - *pointed_at >= kPointAgain) {
      const Status pointed = point_once(context, traffic, *target);
      if (!pointed && !pointed.error().retryable()) return say(pointed.error().message);
      last = pointed ? "the provider says it points there" : pointed.error().message;
      pointed_at = now;
    }
    const auto seen = traffic.observed(context.row_deadline);
    if (seen && seen->all_answer_only(*target)) return say("");
    const std::string why = fmt::format(
        "{}; {}", seen ? "not every answering name server says " + *target : seen.error().message, last);
    if (context.clock().boot_now() + kPollEvery >= context.row_deadline) return say(why);
    say(why);
    context.clock().sleep_for(kPollEvery);
  }
}

StepStatus reign_is_ours(RunContext& context) {
  const auto reign = context.deps.journal->reign(context.run.cluster);
  if (!reign) return stop("the reign could not be read: {}", reign.error().message);
  if (!*reign || (*reign)->epoch != context.run.epoch || (*reign)->server != context.run.candidate)
    return stop("epoch {} is not the reign: a newer failover took over, this run has nothing left to do",
                context.run.epoch);
  return {};
}

StepStatus switch_traffic(RunContext& context) {
  const auto& records = context.deps.traffic;
  std::vector<std::string> open(records.size());
  std::vector<std::function<void()>> tasks;
  for (size_t i = 0; i < records.size(); ++i)
    tasks.emplace_back([&, i] { open[i] = switch_one(context, *records[i]); });
  context.deps.parallel->run(std::move(tasks));
  for (size_t i = 0; i < records.size(); ++i) {
    context.set_fact("traffic_open." + records[i]->name(), open[i]);
    if (const std::string change = records[i]->receipt().change; !change.empty())
      context.set_fact("traffic_change." + records[i]->name(), change);
  }
  return {};
}

namespace {

// A name server may have given the old answer until a moment ago.
void say_when_caches_clear(RunContext& context) {
  nanoseconds longest{0};
  for (const TrafficSwitch* traffic : context.deps.traffic)
    longest = std::max(longest, traffic->receipt().cached_for);
  if (longest > 0ns)
    context.set_fact("traffic_caches_clear_at", format_rfc3339(context.clock().wall_now() + longest));
}

}  // namespace

StepStatus traffic_points_there(RunContext& context) {
  std::string open;
  for (TrafficSwitch* traffic : context.deps.traffic)
    if (const auto why = context.fact("traffic_open." + traffic->name()))
      open += fmt::format("{}{}: {}", open.empty() ? "" : "; ", traffic->name(), *why);
  if (!open.empty()) return stop("traffic does not point at {} everywhere yet: {}", context.run.region, open);
  context.set_fact("traffic_verified_at", format_rfc3339(context.clock().wall_now()));
  say_when_caches_clear(context);
  context.set_fact("actuator_seconds", to_seconds(context.since_accepted()));
  return {};
}

// ---- 14 account ----

namespace {

// What a promotion took away from commits that nobody was there to confirm; empty = nothing. A person has to
// set it again.
std::string lifted_standby_names(RunContext& context) {
  const auto inherited = context.fact(kStandbyNames);
  if (!inherited) return {};
  const auto looks = look_at(context, {context.server(context.run.candidate)}, kLookLimit);
  if (!looks[0].look || !looks[0].look->synchronous_standby_names.empty()) return {};
  return *inherited;
}

// Established sessions ask no name server again: whoever is on the old primary stays there. Absent = it does
// not answer, as when it is fenced.
std::optional<int64_t> sessions_left(RunContext& context) {
  PostgresServer* old_primary = context.server(context.old_primary());
  if (old_primary == nullptr) return std::nullopt;
  const auto looks = look_at(context, {old_primary}, kLookLimit);
  return looks[0].look ? looks[0].look->client_sessions : std::nullopt;
}

std::string clients_in_words(const RunContext& context, std::optional<int64_t> sessions) {
  std::string text;
  if (const auto clear = context.fact("traffic_caches_clear_at"))
    text += fmt::format("; old answers leave caches by {}", *clear);
  if (!sessions)
    text += fmt::format("; client sessions left on {}: unknown", context.old_primary());
  else if (*sessions > 0)
    text += fmt::format("; {} client sessions are still established on {} and follow no DNS", *sessions,
                        context.old_primary());
  return text;
}

}  // namespace

StepStatus account(RunContext& context) {
  const std::string lifted = lifted_standby_names(context);
  const auto sessions = sessions_left(context);
  context.set_fact("old_primary_sessions", sessions ? fmt::format("{}", *sessions) : "unknown");
  context.set_fact("synchronous_standby_names_lifted", lifted);
  context.set_fact(
      "report",
      fmt::format("{} is the primary of epoch {} after {} was lost; fence: {}; missing when "
                  "last seen: {} bytes; not seen "
                  "for {} s until the fence held; at most {} bytes lost; fork at {}",
                  context.run.candidate, context.run.epoch, context.old_primary(),
                  context.fact("fence_grade").value_or("unknown"),
                  context.fact("predicted_loss_lower_bytes").value_or("unknown"),
                  context.fact("exposure_seconds").value_or("unknown"),
                  context.fact("predicted_loss_upper_bytes").value_or("unknown number of"),
                  context.fact("fork_lsn").value_or("unknown")) +
          clients_in_words(context, sessions) +
          (lifted.empty() ? ""
                          : fmt::format("; synchronous_standby_names = '{}' was lifted on {}, because "
                                        "nobody was there to confirm commits: set it again",
                                        lifted, context.run.candidate)));
  context.deps.notifier->tell({context.run.cluster, context.run.id, "succeeded", *context.fact("report")});
  return {};
}

}  // namespace farshore::rows

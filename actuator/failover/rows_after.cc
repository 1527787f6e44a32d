// Rows after the new reign began: switch_traffic, account. Forward only.
#include <algorithm>

#include "actuator/failover/rows.h"
#include "common/topology/record_key.h"

namespace farshore::rows {
namespace {

constexpr nanoseconds kPointAgain = 1s;
constexpr nanoseconds kPointAgainSlowest = 4s;  // what the provider took; name servers take their time
constexpr nanoseconds kLookLimit = 1s;

}  // namespace

// ---- 10 switch_traffic ----

namespace {

// What the provider says. Asked first of all, also where clients are there already: whoever moved them by
// hand left the epoch token as it was, and an older writer would not be kept out. Asked again while the
// clients' view disagrees: the first answer may have been lost, or undone by an older writer.
class Pointing {
 public:
  Pointing(RunContext& context, TrafficSwitch& traffic) : context_(context), traffic_(traffic) {}

  void point_when_due() {
    const BootTime now = context_.clock().boot_now();
    if (at_ && now - *at_ < again_) return;
    said_ = traffic_.point_to(context_.run.region, context_.run.epoch, context_.row_deadline);
    if (said_ && !taken_) taken_ = context_.clock().boot_now();
    again_ = said_ && at_ ? std::min(2 * again_, kPointAgainSlowest) : kPointAgain;
    at_ = now;
  }
  bool is_final() const { return !said_ && !said_.error().retryable(); }
  // Empty: settled, as far as the provider can tell.
  std::string left_open() const { return said_ ? traffic_.receipt().open : said_.error().message; }
  std::string in_words() const {
    const std::string open = left_open();
    return open.empty() ? "the provider says it points there" : open;
  }
  std::optional<BootTime> taken() const { return taken_; }

 private:
  RunContext& context_;
  TrafficSwitch& traffic_;
  Status said_;
  nanoseconds again_ = kPointAgain;
  std::optional<BootTime> at_, taken_;
};

}  // namespace

Switched switch_one(RunContext& context, TrafficSwitch& traffic) {
  const auto say = [&](const std::string& why) {
    context.report(OpenEnds::Kind::kTraffic, traffic.key(), why);
  };
  const auto target = traffic.target_of(context.run.region);
  if (!target) {
    say(target.error().message);
    return {.astray = target.error().message, .open = {}};
  }
  say(fmt::format("is being pointed at {}", context.run.region));
  Pointing pointing(context, traffic);
  const LookPace pace = traffic.look_pace();
  for (nanoseconds pause = pace.first;; pause = std::min(pause + pause / 4, pace.longest)) {
    pointing.point_when_due();
    const auto seen = traffic.observed(context.row_deadline);
    if (seen && seen->all_answer_only(*target)) {
      say(pointing.left_open());
      return {.astray = {}, .open = pointing.left_open(), .taken = pointing.taken()};
    }
    const std::string why =
        fmt::format("{}; {}", seen ? "not every answering name server says " + *target : seen.error().message,
                    pointing.in_words());
    say(why);
    const nanoseconds left = context.row_deadline - context.clock().boot_now();
    if (pointing.is_final() || left <= pace.first)
      return {.astray = why, .open = {}, .taken = pointing.taken()};
    context.clock().sleep_for(std::min(pause, left - pace.first));
  }
}

void note_left_open(RunContext& context, const std::string& record, const std::string& open) {
  // Once when it opens and once when it closes: the journal is to cost nothing in between.
  const bool was_open = context.fact(left_open_fact(record)).has_value();
  if (was_open == open.empty()) context.set_fact(left_open_fact(record), open);
}

void read_left_open_by_name(RunContext& context) {
  for (const TrafficConfig& traffic : context.deps.cluster->traffic) {
    const auto by_name = context.fact(left_open_fact(traffic.name));
    const std::string by_key = left_open_fact(record_key(traffic));
    if (by_name && !context.facts().contains(by_key)) context.load_fact(by_key, *by_name);
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

namespace {

std::string astray_fact(const std::string& record) { return "traffic_open." + record; }
std::string cached_fact(const std::string& record) { return "traffic_cached_seconds." + record; }

void note_receipt(RunContext& context, const std::string& record, const TrafficReceipt& receipt) {
  if (!receipt.change.empty()) context.set_fact("traffic_change." + record, receipt.change);
  // A process that is started while the row goes on knows the TTL before the change only from here.
  if (to_seconds(receipt.cached_for) > context.number(cached_fact(record)).value_or(0))
    context.set_fact(cached_fact(record), to_seconds(receipt.cached_for));
}

}  // namespace

StepStatus switch_traffic(RunContext& context) {
  const auto& records = context.deps.traffic;
  std::vector<Switched> switched(records.size());
  std::vector<std::function<void()>> tasks;
  for (size_t i = 0; i < records.size(); ++i)
    tasks.emplace_back([&, i] { switched[i] = switch_one(context, *records[i]); });
  context.deps.parallel->run(std::move(tasks));
  for (size_t i = 0; i < records.size(); ++i) {
    const std::string& record = records[i]->key();
    context.set_fact(astray_fact(record), switched[i].astray);
    note_left_open(context, record, switched[i].open);
    if (switched[i].taken) context.traffic_taken.try_emplace(record, *switched[i].taken);
    note_receipt(context, record, records[i]->receipt());
  }
  return {};
}

namespace {

// A name server may have given the old answer until a moment ago.
void say_when_caches_clear(RunContext& context) {
  double longest = 0;
  for (const TrafficSwitch* traffic : context.deps.traffic)
    longest = std::max(longest, context.number(cached_fact(traffic->key())).value_or(0));
  if (longest <= 0) return;
  const auto left = std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(longest));
  context.set_fact("traffic_caches_clear_at", format_rfc3339(context.clock().wall_now() + left));
}

// Each record has its own time: from when its provider took the target until clients are given it by the
// provider's ordinary working. One whose provider took nothing has none.
bool is_publishing(const RunContext& context, const TrafficSwitch& traffic) {
  const auto taken = context.traffic_taken.find(traffic.key());
  return taken != context.traffic_taken.end() &&
         context.clock().boot_now() < taken->second + traffic.settles_within();
}

}  // namespace

StepStatus traffic_points_there(RunContext& context) {
  std::string open;
  bool all_are_publishing = true;
  for (TrafficSwitch* traffic : context.deps.traffic)
    if (const auto why = context.fact(astray_fact(traffic->key()))) {
      open += fmt::format("{}{}: {}", open.empty() ? "" : "; ", traffic->key(), *why);
      all_are_publishing &= is_publishing(context, *traffic);
    }
  if (!open.empty() && all_are_publishing)
    return stop_as(Ending::kWait, "traffic is being published: {}", open);
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
      fmt::format(
          "{} is the primary of epoch {} after {} was lost; fence: {}; missing when "
          "last seen: {} bytes; not seen "
          "for {} s until the fence held; at most {} bytes lost if it wrote no faster than while it was "
          "watched; fork at {}",
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
  return {};
}

}  // namespace farshore::rows

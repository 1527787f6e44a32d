#include "exporter/health/judgement.h"

#include <algorithm>
#include <span>

namespace farshore {
namespace {

Judgement yes() { return {.yes = true, .reason = "", .lag = std::nullopt}; }
template <typename... Args>
Judgement no(fmt::format_string<Args...> format, Args&&... args) {
  return {.yes = false, .reason = fmt::format(format, std::forward<Args>(args)...), .lag = std::nullopt};
}

Judgement running(const ServerView& server) {
  const ServerObservation& seen = *server.observation;
  if (!server.current) return no("this vantage has no recent look at the server");
  if (server.facts() == nullptr) return no("no answer: {}: {}", to_string(seen.failure), seen.failure_text);
  return yes();
}

// What another server says against `mine` being the primary. Its last word counts for as long as it is
// remembered, answering or not: a lost primary that comes back while its successor is out of sight must not
// get the writes.
Judgement against(const ServerFacts& mine, const ServerObservation& other) {
  if (!other.facts) return yes();
  const ServerFacts& theirs = *other.facts;
  const bool same_system = theirs.system_identifier == mine.system_identifier;
  if (same_system && theirs.timeline > mine.timeline)
    return no("it is on timeline {}, and '{}' was seen on {}: it lost its role", mine.timeline, other.server,
              theirs.timeline);
  if (theirs.in_recovery || (same_system && theirs.timeline < mine.timeline)) return yes();
  return same_system ? no("'{}' takes writes on the same timeline {}", other.server, mine.timeline)
                     : no("'{}' takes writes as another database system", other.server);
}

Judgement is_primary(const ExporterView& view, const ServerView& server, const HealthQuery& /*query*/) {
  if (Judgement up = running(server); !up.yes) return up;
  const ServerFacts& facts = *server.facts();
  if (facts.in_recovery) return no("it is in recovery");
  for (const ServerView& other : view.servers) {
    if (&other == &server || other.observation->cluster != server.observation->cluster) continue;
    if (Judgement word = against(facts, *other.observation); !word.yes) return word;
  }
  return yes();
}

Judgement within(const ExporterView& view, const ServerView& server, LagOf mode, int64_t limit) {
  const ServerFacts& facts = *server.facts();
  const ServerObservation* primary =
      newest_primary(*view.snapshot, server.observation->cluster, facts.system_identifier);
  if (primary == nullptr || !primary->last_success) return no("no primary was ever seen: the lag is unknown");
  if (primary->facts->timeline != facts.timeline)
    return no("it is on timeline {}, and the primary '{}' on {}: their positions cannot be compared",
              facts.timeline, primary->server, primary->facts->timeline);
  const std::optional<Lsn> held = mode == LagOf::kWrite ? facts.held() : facts.replay;
  if (!held) return no("its position is hidden");
  LagEvidence lag{.against = primary->server,
                  .position = *primary->facts->flush,
                  .held = *held,
                  .position_age = now_of(view) - *primary->last_success,
                  .bytes = std::max<int64_t>(0, *primary->facts->flush - *held)};
  Judgement result = yes();
  if (lag.position_age > kMaxPositionAge)
    result = no("the newest known position of the primary '{}' is {:.1f} s old: the lag is unknown",
                lag.against, to_seconds(lag.position_age));
  else if (lag.bytes > limit)
    result = no("it is {} bytes behind '{}', and {} are allowed", lag.bytes, lag.against, limit);
  result.lag = std::move(lag);
  return result;
}

Judgement is_standby(const ExporterView& view, const ServerView& server) {
  if (Judgement up = running(server); !up.yes) return up;
  const ServerFacts& facts = *server.facts();
  if (!facts.in_recovery) return no("it is not in recovery");
  // A standby of something else has the wrong data, however well it runs.
  for (const ServerView& other : view.servers)
    if (other.observation->cluster == server.observation->cluster && other.facts() != nullptr &&
        !other.facts()->in_recovery && other.facts()->system_identifier != facts.system_identifier)
      return no("it is a standby of another database system than the primary '{}'",
                other.observation->server);
  return yes();
}

Judgement is_streaming(const ServerFacts& facts) {
  if (!facts.receiver) return no("it has no WAL receiver");
  if (facts.receiver->status != "streaming") return no("its WAL receiver is '{}'", facts.receiver->status);
  return yes();
}

Judgement is_replica(const ExporterView& view, const ServerView& server, const HealthQuery& query) {
  if (Judgement standby = is_standby(view, server); !standby.yes) return standby;
  if (query.streaming)
    if (Judgement streaming = is_streaming(*server.facts()); !streaming.yes) return streaming;
  return query.lag ? within(view, server, LagOf::kApply, *query.lag) : yes();
}

// How the primary counts this standby, from its own pg_stat_replication: the connection is told by its
// application_name, which has to be the server's name here.
Judgement counts_as(const ExporterView& view, const ServerView& server, const HealthQuery& query,
                    std::span<const std::string_view> states) {
  Judgement standby = is_replica(view, server, query);
  if (!standby.yes) return standby;
  const std::string& name = server.observation->server;
  for (const ServerView& primary : view.servers) {
    if (primary.observation->cluster != server.observation->cluster || !is_primary(view, primary, {}).yes)
      continue;
    const FactDetails* details = primary.details();
    if (details == nullptr || !details->standbys)
      return no("what the primary says of its standbys is not known");
    for (const StandbyConnections& row : details->standbys->rows) {
      if (row.application_name != name) continue;
      if (row.connections != 1)
        return no("{} connections with the primary are named '{}'", row.connections, name);
      if (!row.sync_state) return no("how the primary counts it is hidden");
      return std::ranges::find(states, *row.sync_state) != states.end()
                 ? standby
                 : no("the primary counts it as {}", *row.sync_state);
    }
    return no("the primary has no connection with the application_name '{}'", name);
  }
  return no("no primary is in sight that could say how it counts it");
}

constexpr std::string_view kSync[] = {"sync"}, kQuorum[] = {"quorum"}, kAsync[] = {"async", "potential"};

Judgement is_sync(const ExporterView& view, const ServerView& server, const HealthQuery& query) {
  return counts_as(view, server, query, kSync);
}
Judgement is_quorum(const ExporterView& view, const ServerView& server, const HealthQuery& query) {
  return counts_as(view, server, query, kQuorum);
}
Judgement is_async(const ExporterView& view, const ServerView& server, const HealthQuery& query) {
  return counts_as(view, server, query, kAsync);
}

// The first yes of two; else the reason of the second.
template <Judge kFirst, Judge kSecond>
Judgement either(const ExporterView& view, const ServerView& server, const HealthQuery& query) {
  if (Judgement first = kFirst(view, server, query); first.yes) return first;
  return kSecond(view, server, query);
}

Judgement is_healthy(const ExporterView& /*view*/, const ServerView& server, const HealthQuery& /*query*/) {
  return running(server);
}

Judgement is_alive(const ExporterView& view, const ServerView& server, const HealthQuery& /*query*/) {
  if (!view.observer_alive || !server.current) return no("this vantage has no recent look at the server");
  return yes();
}

Judgement is_ready(const ExporterView& view, const ServerView& server, const HealthQuery& query) {
  if (Judgement primary = is_primary(view, server, query); primary.yes) return primary;
  if (Judgement standby = is_standby(view, server); !standby.yes) return standby;
  if (Judgement streaming = is_streaming(*server.facts()); !streaming.yes) return streaming;
  return within(view, server, query.mode, query.lag.value_or(server.max_loss_bytes));
}

// No cluster of the topology follows another one as a whole.
Judgement is_standby_leader(const ExporterView& /*view*/, const ServerView& /*server*/,
                            const HealthQuery& /*query*/) {
  return no("there are no standby clusters here");
}

constexpr HealthCheck kChecks[] = {
    {"/primary", kTakesNothing, is_primary},
    {"/read-write", kTakesNothing, is_primary},
    {"/leader", kTakesNothing, is_primary},
    {"/standby-leader", kTakesNothing, is_standby_leader},
    {"/replica", kTakesLag | kTakesState, is_replica},
    {"/read-only", kTakesLag | kTakesState, either<is_primary, is_replica>},
    {"/synchronous", kTakesLag | kTakesState, is_sync},
    {"/sync", kTakesLag | kTakesState, is_sync},
    {"/asynchronous", kTakesLag | kTakesState, is_async},
    {"/async", kTakesLag | kTakesState, is_async},
    {"/quorum", kTakesLag | kTakesState, is_quorum},
    {"/read-only-sync", kTakesLag | kTakesState, either<is_primary, is_sync>},
    {"/read-only-synchronous", kTakesLag | kTakesState, either<is_primary, is_sync>},
    {"/read-only-quorum", kTakesLag | kTakesState, either<is_primary, is_quorum>},
    {"/health", kTakesNothing, is_healthy},
    {"/liveness", kTakesNothing, is_alive},
    {"/readiness", kTakesLag | kTakesMode, is_ready},
    {"/patroni", kTakesNothing, is_alive},
};

}  // namespace

std::span<const HealthCheck> health_checks() { return kChecks; }

BootTime now_of(const ExporterView& view) { return view.snapshot->taken + view.snapshot_age; }

}  // namespace farshore

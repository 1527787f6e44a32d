// Row 11, follow, and its care: every other standby streams from the new primary, or from the standby that it
// streamed from before, when that one was cut by this run and so cannot be past the fork. A standby that was
// away when the streams were cut is taken up when it comes back and still asks for the lost primary.
#include <algorithm>

#include "actuator/failover/rows.h"
#include "actuator/failover/settings_text.h"
#include "common/topology/conninfo.h"

namespace farshore::rows {
namespace {

constexpr nanoseconds kPollEvery = 20ms;
constexpr nanoseconds kLookLimit = 1s;

// Fact: whom this standby streams from again when it is another standby; unset = the new primary.
std::string upstream_fact(const std::string& standby) { return "upstream." + standby; }

// Where a connection string leads, so that two can be compared; empty when it cannot be told.
std::string destination(const std::string& conninfo) {
  const auto parsed = parse_conninfo(conninfo);
  if (!parsed) return {};
  const auto value = [&](const char* key) {
    const auto found = parsed->find(key);
    return found == parsed->end() ? std::string() : found->second;
  };
  const std::string host = value("host").empty() ? value("hostaddr") : value("host");
  return host.empty() ? host : host + " " + (value("port").empty() ? "5432" : value("port"));
}

// The server of the topology that it leads to; empty when it is none.
std::string server_at(const RunContext& context, const std::string& conninfo) {
  const std::string where = destination(conninfo);
  for (const ServerConfig& server : context.deps.cluster->servers)
    if (!where.empty() && destination(server.conninfo) == where) return server.name;
  return {};
}

EpochRow new_row(const RunContext& context) {
  return {context.run.cluster, context.run.epoch, context.run.candidate};
}

struct Follower {
  PostgresServer* server;
  SavedSettings settings;  // with the address that it gets

  // It replays the row of the new reign; a delayed one is pointed there, and will when its delay has passed.
  bool follows(const ServerLook& look, const EpochRow& row) const {
    if (look.epoch_row == row) return true;
    return look.apply_delay > 0ns && look.primary_conninfo == settings.at("primary_conninfo");
  }

  // Nothing is in effect any more as the cut left it. What a person has set since is left to the person.
  bool cut_is_undone(BootTime deadline) const {
    const auto now = server->read_settings(deadline);
    return now && std::ranges::all_of(settings, [&](const auto& saved) {
             const auto found = now->find(saved.first);
             const bool as_cut = found != now->end() && (found->second.empty() || found->second == "0");
             return !as_cut || found->second == saved.second;
           });
  }
};

// The standbys that wait for their settings: with the address to follow put in.
std::vector<Follower> followers(RunContext& context) {
  std::vector<Follower> found;
  const ServerConfig* primary = context.deps.cluster->find_server(context.run.candidate);
  for (PostgresServer* server : context.standbys()) {
    const auto saved = context.fact(kSavedPrefix + server->name());
    if (!saved || !primary || server->name() == context.run.candidate) continue;
    auto settings = settings_from_text(*saved);
    if (!settings) continue;
    std::string& conninfo = (*settings)["primary_conninfo"];
    if (!context.fact(upstream_fact(server->name()))) {
      auto of_primary = conninfo_for_new_primary(conninfo, primary->conninfo);
      if (!of_primary) continue;
      conninfo = *of_primary;
    }
    found.push_back({server, std::move(*settings)});
  }
  return found;
}

// A standby that streamed from another one goes on to, or a slot there would keep WAL for it for ever: but
// only while that one cannot be past the fork (this run cut it, and it could have been chosen) and answers.
// When that did not help, the second time only if the other one follows by now.
void choose_upstreams(RunContext& context) {
  std::vector<PostgresServer*> upstreams;
  std::vector<std::string> standbys;
  for (const Follower& follower : followers(context)) {
    const std::string& standby = follower.server->name();
    const auto saved = settings_from_text(context.fact(kSavedPrefix + standby).value_or(""));
    const auto conninfo = saved ? saved->find("primary_conninfo") : SavedSettings::const_iterator();
    const std::string upstream =
        saved && conninfo != saved->end() ? server_at(context, conninfo->second) : "";
    const bool could_be_chosen = context.fact("cut." + upstream) && !context.fact(kCutOnlyPrefix + upstream);
    if (upstream == context.old_primary() || upstream == context.run.candidate || !could_be_chosen) continue;
    upstreams.push_back(context.server(upstream));
    standbys.push_back(standby);
  }
  const std::vector<LookResult> looks = look_at(context, upstreams, kLookLimit);
  for (size_t i = 0; i < looks.size(); ++i) {
    const bool was_tried = context.fact("restored." + standbys[i]).has_value();
    const bool good = looks[i].look && looks[i].look->facts.in_recovery &&
                      (!was_tried || looks[i].look->epoch_row == new_row(context));
    const std::string chosen = good ? upstreams[i]->name() : "";
    if (context.fact(upstream_fact(standbys[i])).value_or("") != chosen)
      context.set_fact(upstream_fact(standbys[i]), chosen);
  }
}

// The slots that the followers will ask the new primary for: without them they would be refused for ever. Not
// for a standby that is away: a slot that nobody reads keeps WAL until the disk is full.
void make_slots(RunContext& context, const std::vector<Follower>& waiting) {
  std::vector<PostgresServer*> servers;
  for (const Follower& follower : waiting)
    if (!context.fact(upstream_fact(follower.server->name()))) servers.push_back(follower.server);
  for (const LookResult& result : look_at(context, servers, kLookLimit)) {
    if (!result.look || result.look->primary_slot_name.empty()) continue;
    const Status made = context.server(context.run.candidate)
                            ->make_slot(result.look->primary_slot_name, context.row_deadline);
    const std::string name = "slot_open." + result.server->name();
    if (made.has_value() == context.fact(name).has_value())
      context.set_fact(name, made ? "" : made.error().message);
  }
}

// Away when the streams were cut, and seen again as a standby.
std::vector<PostgresServer*> returned_standbys(const RunContext& context) {
  std::vector<PostgresServer*> found;
  const auto snapshot = context.deps.view->snapshot();
  for (PostgresServer* server : context.standbys()) {
    if (!context.fact(kUncutPrefix + server->name()) || context.fact(kSavedPrefix + server->name())) continue;
    const ServerObservation* seen = fresh_sight(context, snapshot.get(), server->name());
    if (seen && seen->facts->in_recovery && server->name() != context.run.candidate) found.push_back(server);
  }
  return found;
}

// Those that follow by themselves are done; those that ask for the lost primary, or for nobody that is known
// and get nothing, wait for their settings from now on.
void take_up_returned(RunContext& context) {
  const std::vector<PostgresServer*> returned = returned_standbys(context);
  for (const LookResult& result : look_at(context, returned, kLookLimit)) {
    if (!result.look || !result.look->facts.in_recovery ||
        result.look->facts.system_identifier != context.reign.system_identifier)
      continue;
    const std::string& name = result.server->name();
    if (result.look->epoch_row == new_row(context)) {
      context.set_fact(kUncutPrefix + name, std::string());
      continue;
    }
    const std::string upstream = server_at(context, result.look->primary_conninfo);
    const bool orphaned = upstream == context.old_primary() || upstream == context.run.candidate ||
                          (upstream.empty() && !result.look->facts.receiver);
    const auto settings = orphaned ? result.server->read_settings(context.row_deadline)
                                   : Result<SavedSettings>(SavedSettings());
    if (!settings || settings->empty() || settings->at("primary_conninfo").empty()) continue;
    context.set_fact(kSavedPrefix + name, settings_to_text(*settings));
    context.set_fact(kUncutPrefix + name, std::string());
  }
}

}  // namespace

StepStatus follow(RunContext& context) {
  const auto checkpoint = [&context] {
    (void)context.server(context.run.candidate)->request_checkpoint(context.row_deadline);
  };
  context.deps.parallel->run({checkpoint, [&context] { give_settings_back(context); }});
  context.set_fact(kSavedPrefix + context.run.candidate, std::string());  // a primary needs none of them
  return {};
}

void give_settings_back(RunContext& context) {
  take_up_returned(context);
  choose_upstreams(context);
  std::vector<std::function<void()>> tasks;
  const std::vector<Follower> waiting = followers(context);
  make_slots(context, waiting);
  std::vector<Status> restored(waiting.size());
  for (size_t i = 0; i < waiting.size(); ++i)
    tasks.emplace_back([&, i] {
      restored[i] = waiting[i].server->restore_settings(waiting[i].settings, context.row_deadline);
    });
  context.deps.parallel->run(std::move(tasks));
  for (size_t i = 0; i < waiting.size(); ++i) {
    const std::string name = "restored." + waiting[i].server->name();
    if (restored[i] && !context.fact(name)) context.set_fact(name, std::string("yes"));
  }
}

StepStatus followers_replay(RunContext& context) {
  while (true) {
    const std::vector<Follower> waiting = followers(context);
    std::vector<PostgresServer*> servers;
    for (const Follower& follower : waiting) servers.push_back(follower.server);
    std::string open;
    const std::vector<LookResult> looks = look_at(context, servers, kLookLimit);
    for (size_t i = 0; i < looks.size(); ++i) {
      if (looks[i].look && waiting[i].follows(*looks[i].look, new_row(context)) &&
          waiting[i].cut_is_undone(context.row_deadline))
        context.set_fact(kSavedPrefix + servers[i]->name(), std::string());
      else
        open += (open.empty() ? "" : ", ") + servers[i]->name();
    }
    if (open.empty()) return {};
    if (context.clock().boot_now() + kPollEvery >= context.row_deadline)
      return stop("not following yet: {}", open);
    context.clock().sleep_for(kPollEvery);
  }
}

RunFacts settings_still_to_put_back(RunContext& context) {
  RunFacts facts;
  for (const Follower& follower : followers(context))
    facts[kSavedPrefix + follower.server->name()] = settings_to_text(follower.settings);
  return facts;
}

// ---- 11 follow, afterwards ----

StepStatus all_follow(RunContext& context) {
  std::vector<std::string> waiting;
  for (const PostgresServer* server : context.standbys())
    if (server->name() != context.run.candidate && context.fact(kSavedPrefix + server->name()))
      waiting.push_back(server->name());
  for (const PostgresServer* server : returned_standbys(context)) waiting.push_back(server->name());
  if (waiting.empty()) return {};
  return stop("not following yet: {}", fmt::join(waiting, ", "));
}

StepStatus restore_followers(RunContext& context) {
  context.row_deadline = std::min(context.row_deadline, context.clock().boot_now() + kLookLimit);
  give_settings_back(context);
  return followers_replay(context);
}

}  // namespace farshore::rows

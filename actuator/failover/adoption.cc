#include "actuator/failover/adoption.h"

#include <algorithm>

namespace farshore {
namespace {

constexpr nanoseconds kCommitLimit = 2s;

// Why these looks do not show one primary with every other server following it; nothing = they do.
std::optional<std::string> why_no_reign(const std::vector<LookResult>& looks, const LookResult*& primary) {
  primary = nullptr;
  for (const LookResult& result : looks) {
    if (!result.look)
      return fmt::format("{} could not be looked at ({})", result.server->name(), result.error);
    if (result.look->facts.in_recovery) continue;
    if (primary)
      return fmt::format("{} and {} are both writable", primary->server->name(), result.server->name());
    primary = &result;
  }
  if (!primary) return "no server is writable";
  const std::string& name = primary->server->name();
  for (const LookResult& result : looks) {
    const ServerFacts& facts = result.look->facts;
    if (facts.system_identifier != primary->look->facts.system_identifier)
      return fmt::format("{} belongs to another system than {}", result.server->name(), name);
    if (facts.timeline != primary->look->facts.timeline)
      return fmt::format("{} is on timeline {}, {} on {}", result.server->name(), facts.timeline, name,
                         primary->look->facts.timeline);
  }
  return std::nullopt;
}

// The row with the largest epoch that any server shows.
std::optional<EpochRow> newest_row(const std::vector<LookResult>& looks) {
  std::optional<EpochRow> newest;
  for (const LookResult& result : looks)
    if (result.look && result.look->epoch_row && (!newest || result.look->epoch_row->epoch > newest->epoch))
      newest = result.look->epoch_row;
  return newest;
}

Reign reign_of(const EngineDeps& deps, const LookResult& primary, int64_t epoch) {
  return {deps.cluster->name,
          epoch,
          primary.server->name(),
          primary.look->facts.timeline,
          primary.look->facts.system_identifier,
          deps.clock->wall_now()};
}

Status commit_row(const EngineDeps& deps, const LookResult& primary, int64_t epoch) {
  const auto committed = primary.server->commit_epoch_row({deps.cluster->name, epoch, primary.server->name()},
                                                          deps.clock->boot_now() + kCommitLimit);
  if (!committed) return wrap(fmt::format("the probe row of epoch {}", epoch), committed.error());
  return {};
}

// What speaks against the server that a person named.
Status may_be_named(const std::vector<LookResult>& looks, const std::string& server,
                    const LookResult*& named) {
  const auto found = std::find_if(looks.begin(), looks.end(),
                                  [&](const LookResult& result) { return result.server->name() == server; });
  if (found == looks.end()) return fail(ErrorCode::kNotFound, "no server '{}' in the topology", server);
  if (!found->look) return fail(ErrorCode::kUnavailable, "{} cannot be looked at: {}", server, found->error);
  if (found->look->facts.in_recovery)
    return fail(ErrorCode::kConflict, "{} is a standby: only a server that is writable can be named", server);
  for (const LookResult& other : looks) {
    if (&other == &*found || !other.look) continue;
    if (!other.look->facts.in_recovery)
      return fail(ErrorCode::kConflict, "{} and {} are both writable: stop the wrong one first", server,
                  other.server->name());
    if (other.look->facts.system_identifier != found->look->facts.system_identifier)
      return fail(ErrorCode::kConflict, "{} belongs to another system than {}", other.server->name(), server);
  }
  named = &*found;
  return {};
}

}  // namespace

std::vector<LookResult> look_at_all(const EngineDeps& deps, nanoseconds limit) {
  RunRecord none;
  none.cluster = deps.cluster->name;
  RunContext context(deps, none, Reign());
  context.row_deadline = deps.clock->boot_now() + limit;
  return look_at(context, deps.servers, limit);
}

std::optional<std::string> why_journal_is_behind(const std::vector<LookResult>& looks, const Reign& reign,
                                                 const std::optional<EpochRow>& own) {
  for (const LookResult& result : looks) {
    if (!result.look || !result.look->epoch_row) continue;
    const EpochRow& row = *result.look->epoch_row;
    if (row.epoch <= reign.epoch || row == own) continue;
    return fmt::format(
        "{} holds the row of epoch {}, whose primary is {}, and the newest that the journal knows is epoch "
        "{} "
        "of "
        "{}: it is an older copy, so nothing is done until a person names the primary: farshorectl adopt {} "
        "--server {}",
        result.server->name(), row.epoch, row.server, reign.epoch, reign.server, reign.cluster, row.server);
  }
  return std::nullopt;
}

Result<Reign> reign_shown_by_all(const EngineDeps& deps, const std::vector<LookResult>& looks) {
  const LookResult* primary = nullptr;
  if (const auto why = why_no_reign(looks, primary)) return fail(ErrorCode::kConflict, "{}", *why);
  const auto row = newest_row(looks);
  if (row && row->server != primary->server->name())
    return fail(ErrorCode::kConflict,
                "{} is writable, but epoch {} belongs to {}: a person must say which is right (farshorectl "
                "adopt {} --server NAME)",
                primary->server->name(), row->epoch, row->server, deps.cluster->name);
  if (!row)
    if (auto committed = commit_row(deps, *primary, 1); !committed)
      return tl::unexpected<Error>(committed.error());
  return reign_of(deps, *primary, row ? row->epoch : 1);
}

Result<Reign> reign_named(const EngineDeps& deps, const std::vector<LookResult>& looks,
                          const std::string& server) {
  const LookResult* named = nullptr;
  if (auto fine = may_be_named(looks, server, named); !fine) return tl::unexpected<Error>(fine.error());
  const auto reign = deps.journal->reign(deps.cluster->name);
  if (!reign) return tl::unexpected<Error>(reign.error());
  const auto used = deps.journal->largest_epoch(deps.cluster->name);
  if (!used) return tl::unexpected<Error>(used.error());
  const int64_t known = *reign ? (*reign)->epoch : 0;
  const auto row = newest_row(looks);
  const int64_t newest = row ? row->epoch : 0;
  if (*reign && (*reign)->server == server && newest <= known)
    return fail(ErrorCode::kConflict, "{} is the primary of epoch {} already", server, known);
  if (row && row->server == server && newest > known) return reign_of(deps, *named, newest);
  const int64_t next = std::max(*used, newest) + 1;
  if (auto committed = commit_row(deps, *named, next); !committed)
    return tl::unexpected<Error>(committed.error());
  return reign_of(deps, *named, next);
}

}  // namespace farshore

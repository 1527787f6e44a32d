// Which reign the servers show, against what the journal knows: adopted by a journal that has none, named by
// a person, or newer than the journal, which then is an older copy of itself and must not act.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actuator/failover/run_context.h"

namespace farshore {

// One look at every server of the cluster, side by side, bounded by `limit`.
std::vector<LookResult> look_at_all(const EngineDeps& deps, nanoseconds limit);

// One sentence when a server holds the row of a newer reign than `reign`; nothing = none that was looked at
// does. `own` is the row that an open run of this journal may have committed itself before it died.
std::optional<std::string> why_journal_is_behind(const std::vector<LookResult>& looks, const Reign& reign,
                                                 const std::optional<EpochRow>& own);

// The first reign of a journal without one: every server was seen, exactly one is writable, all others follow
// it, and no row contradicts. Commits the first row where there is none. Errors: kConflict (what the servers
// show is not one reign; the message says what), those of commit_epoch_row.
Result<Reign> reign_shown_by_all(const EngineDeps& deps, const std::vector<LookResult>& looks);

// The reign that a person names: `server` is writable and nobody else that can be seen is. Keeps the number
// of the newest row when that row is this server's; else its number is larger than every row seen and every
// number used, and its row is committed. Errors: kNotFound (no such server), kUnavailable (not to be looked
// at), kConflict (the servers contradict, or it is the primary of the reign already).
Result<Reign> reign_named(const EngineDeps& deps, const std::vector<LookResult>& looks,
                          const std::string& server);

}  // namespace farshore

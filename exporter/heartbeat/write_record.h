// What the heartbeat and the write probe found, as the collectors see it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/postgres/polled_session.h"

namespace farshore {

// Why the newest write did not succeed.
enum class WriteFailure {
  kNone,
  kNoSession,     // none could be opened (refused, auth, too many clients, no name, ...): nothing was sent
  kTimeout,       // sent, and no answer yet although its time is over
  kClosed,        // sent, and the session ended instead of an answer
  kInRecovery,    // the server says that it is a standby: nothing was written
  kReadOnly,      // the server's own setting lets new transactions write nothing: nothing was written
  kRoleReadOnly,  // only this role, database or session is read-only: nothing was written, says nothing
  kDiskFull,      // 53100
  kResources,     // other 53xxx: out of memory, ...
  kIo,            // 58xxx: the operating system failed the server
  kDamaged,       // XXxxx: PostgreSQL found its own data or state damaged
  kOther,         // any other error
  kSilent,        // the server does not answer the exporter's looks: nothing is sent to it
};

std::string_view to_string(WriteFailure failure);  // "no_session", "timeout", ...; "" for kNone

// True for what a primary says, or fails to say, that cannot commit for its applications either. The others
// are no word about its ability to write.
bool means_sick(WriteFailure failure);

// From the answer to write_statement().
WriteFailure classify_write(const PolledAnswer& answer);

// The statement of the heartbeat and of the write probe. It writes only where that is right: the server
// itself looks first whether it is in recovery or read-only. `spills` adds a temporary file of 280 KiB, which
// is how a role without any table feels a full disk.
std::string write_statement(bool spills);

// The newest write of one kind to one server.
struct WriteRecord {
  uint64_t successes = 0;               // since the exporter started
  std::optional<WriteFailure> newest;   // absent before the first answer
  std::optional<nanoseconds> duration;  // of the newest success
  std::optional<WallTime> last_success;
};

// One server that this exporter writes to, or did until it fell silent.
struct BeatState {
  std::string cluster, server;
  WriteRecord beat, probe;
};

// Of one moment. Absent from it: servers that are not this exporter's to write to.
struct BeatStates {
  bool configured = false;  // observe.heartbeat is set
  std::vector<BeatState> states;

  const BeatState* find(std::string_view cluster, std::string_view server) const;
};

}  // namespace farshore

// The actuator's hands on one PostgreSQL server: short sessions of its own as the admin role, a new one for
// each call, each bounded by its deadline. Looking and acting are separate calls; acting is verified by
// looking again. Privileges: protocol section 6 (`farshorectl generate sql`).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/postgres/facts.h"

namespace farshore {

// The row that makes an epoch a reign: committed on the new primary, replicated to all (farshore.epoch).
struct EpochRow {
  std::string cluster;
  int64_t epoch = 0;
  std::string server;
  friend bool operator==(const EpochRow&, const EpochRow&) = default;
};

struct ServerLook {
  ServerFacts facts;
  std::string primary_conninfo;                 // in effect
  std::string restore_command;                  // in effect
  nanoseconds apply_delay{0};                   // recovery_min_apply_delay in effect
  std::string startup_wait_event;               // of the startup process; empty when it does not wait
  nanoseconds startup_wait_for{0};              // how long this actuator has seen it wait for that, at least
  std::optional<EpochRow> epoch_row;            // the newest of this cluster
  std::vector<std::string> missing_privileges;  // what the admin role could not do, in words
  std::string replay_blockers;                  // client sessions that replay waits for, in words
  std::string synchronous_standby_names;        // in effect
  std::string primary_slot_name;                // in effect: the slot it asks its primary for
  // Of everybody but Farshore, idle ones too; absent when they are hidden from this role.
  std::optional<int64_t> client_sessions;
  bool read_only = false;  // transaction_read_only of a new session
};

struct WriteProbe {
  bool commits = false;
  std::string why;  // what keeps it from committing, one sentence
};

// Settings by name, as in effect before they were changed. Values hold no password (validated before the
// day).
using SavedSettings = std::map<std::string, std::string>;

// Thread-safe. Never throws. Errors: kUnavailable, kTimeout (nothing was sent), kUnknown (a statement was
// sent and no answer came), kPermission, kConflict (the server is not in the state the call needs).
class PostgresServer {
 public:
  virtual ~PostgresServer() = default;
  virtual const std::string& name() const = 0;
  virtual const std::string& region() const = 0;
  // A new session. On failure `failure` (when given) says which class it was.
  virtual Result<ServerLook> look(BootTime deadline, FailureClass* failure = nullptr) = 0;
  // Standby only: the settings that cut_streams changes.
  virtual Result<SavedSettings> read_settings(BootTime deadline) = 0;
  // Standby only: clears primary_conninfo and restore_command, reloads. Does not wait for the receiver to
  // end, which it does when all that was received is replayed; leaves replay as it is.
  virtual Status cut_streams(BootTime deadline) = 0;
  // Standby only: lets it replay all that it holds: drops the apply delay, resumes, ends the sessions that
  // are in the way. Only for one that may be promoted: resuming can stop a server whose settings are too low.
  virtual Status push_replay(BootTime deadline) = 0;
  // Puts saved settings back and reloads.
  virtual Status restore_settings(const SavedSettings& settings, BootTime deadline) = 0;
  // pg_promote(false): asks and returns.
  virtual Status promote(BootTime deadline) = 0;
  // Commits the row (synchronous_commit=local, read-write session, client-side deadline); lifts a
  // synchronous_standby_names that would block commits. Repeating it with the same row is harmless.
  virtual Status commit_epoch_row(const EpochRow& row, BootTime deadline) = 0;
  // Primary only: a physical replication slot of this name is there, which a standby asks for.
  virtual Status make_slot(const std::string& slot, BootTime deadline) = 0;
  // Primary only: would a client's write commit now? Writes and rolls back a few pages, commits a message in
  // the WAL (synchronous_commit=local) and leaves nothing behind. An error: it could not be told.
  virtual Result<WriteProbe> probe_write(BootTime deadline) {
    (void)deadline;
    return fail(ErrorCode::kUnavailable, "{} cannot be asked to write", name());
  }
  // Sends CHECKPOINT and does not wait for it.
  virtual Status request_checkpoint(BootTime deadline) = 0;
};

}  // namespace farshore

// What an observer may learn of a server beyond the spine of ServerFacts. Every part and every value may be
// absent, for it is hidden from the role, does not exist in that version, or says nothing in the server's
// role; absent is never zero. Times are the server's clock unless said otherwise.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/lsn.h"
#include "common/postgres/fact_parts.h"

namespace farshore {

// pg_stat_wal_receiver, beyond WalReceiverFacts.
struct ReceiverDetails {
  std::optional<Lsn> written;  // may be lost when the standby's machine stops; flushed may not
  std::optional<WallTime> latest_end_time;
  std::optional<WallTime> last_sent;  // the primary's clock
  std::optional<WallTime> last_received;
};

struct ReplayDetails {
  std::optional<std::string> pause_state;  // "not paused", "pause requested", "paused"; PostgreSQL 14
  std::optional<nanoseconds> min_apply_delay;
};

// The connections of pg_stat_replication that carry one application_name: several standbys may share a name.
// Positions are the least, lags the largest; state is that of the connection that is furthest behind.
struct StandbyConnections {
  std::string application_name;
  int64_t connections = 0;
  std::optional<std::string> state, sync_state;
  std::optional<int64_t> sync_priority;
  std::optional<Lsn> sent, write, flush, replay;
  std::optional<nanoseconds> write_lag, flush_lag,
      replay_lag;                      // absent while idle; stale while replay stands
  std::optional<WallTime> reply_time;  // the standby's clock
};

struct StandbyList {
  std::vector<StandbyConnections> rows;  // at most kMaxFactRows
  int64_t left_out = 0;
  std::optional<int64_t> synchronous;     // connections that are sync or quorum
  std::optional<std::string> sync_names;  // synchronous_standby_names
};

struct SlotFacts {
  std::string name, type;  // "physical" or "logical"
  std::optional<bool> active;
  std::optional<int64_t> retained_bytes;    // absent for a slot that keeps nothing: never used, or lost
  std::optional<int64_t> safe_bytes;        // absent without max_slot_wal_keep_size
  std::optional<std::string> wal_status;    // "reserved", "extended", "unreserved", "lost"
  std::optional<bool> conflicting;          // logical slots, PostgreSQL 16
  std::optional<WallTime> inactive_since;   // PostgreSQL 17
  std::optional<std::string> invalidation;  // PostgreSQL 17
  std::optional<bool> failover, synced;     // PostgreSQL 17
};

struct SlotList {
  std::vector<SlotFacts> rows;  // at most kMaxFactRows, lost ones and those that retain most first
  int64_t left_out = 0;
};

struct ArchiverFacts {
  std::optional<int64_t> archived, failed;
  std::optional<WallTime> last_archived, last_failed;
};

struct PreparedFacts {
  std::optional<int64_t> count;
  std::optional<WallTime> oldest;
};

struct SessionFacts {
  std::optional<int64_t> clients;  // absent when any session's kind is hidden
  std::optional<int64_t> limit, reserved;
};

struct PrivilegeFacts {
  std::optional<bool> statistics;   // pg_read_all_stats, a part of pg_monitor
  std::optional<bool> directories;  // pg_ls_waldir and pg_ls_archive_statusdir
};

struct DirectoryFacts {
  std::optional<int64_t> wal_bytes, wal_files, ready_files;
};

struct SettingFacts {
  std::optional<int64_t> pending_restart;  // settings that wait for a restart
  std::optional<nanoseconds> receiver_timeout, receiver_status_interval;
  std::optional<int64_t> slot_keep_bytes;   // -1 = without limit
  std::optional<std::string> archive_mode;  // "off", "on", "always"
};

struct FactDetails {
  FactParts read;  // the parts that could be read, whether they had anything to say or not
  FactParts late;  // asked for in vain of late, because of a lock or their time; the others were refused

  std::optional<Lsn> insert;  // primary only
  std::optional<ReceiverDetails> receiver;
  std::optional<ReplayDetails> replay;
  std::optional<StandbyList> standbys;
  std::optional<SlotList> slots;
  std::optional<ArchiverFacts> archiver;
  std::optional<std::map<std::string, int64_t>> conflicts;  // cancelled queries by kind; standby only
  std::optional<PreparedFacts> prepared;                    // primary only
  std::optional<SessionFacts> sessions;
  std::optional<WallTime> postmaster_start;
  std::optional<PrivilegeFacts> privileges;
  std::optional<DirectoryFacts> directories;
  std::optional<SettingFacts> settings;
  std::optional<int64_t> oldest_xid_age;  // of all databases
};

// What is read beside the looks, now and then, by statements of its own: its failure is none of the server.
struct SlowTier {
  std::string failure_text;                  // of the last turn; empty when all of it was answered
  FactParts late;                            // what was not answered in time when it was last asked for
  std::optional<BootTime> last_success;      // the newest answer, of a part at least
  std::shared_ptr<const FactDetails> facts;  // as of last_success, late parts a little older; null before
};

}  // namespace farshore

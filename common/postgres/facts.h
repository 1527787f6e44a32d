// What one look at a PostgreSQL server found. Values that could not be read are absent, never zero.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/lsn.h"
#include "common/base/result.h"

namespace farshore {

struct FactDetails;  // fact_details.h
struct SlowTier;     // fact_details.h

// Why a look failed. Only kRefused, kTimeout and kUnreachable are silence; kDns is the observer's own trouble
// (unknown); the others are answers that prove a living postmaster and never count as "down".
enum class FailureClass {
  kNone,
  kRefused,         // TCP reset on connect: nothing listens there
  kTimeout,         // no answer within the deadline
  kUnreachable,     // the network says so (EHOSTUNREACH, ENETUNREACH)
  kDns,             // the name could not be resolved, or resolving hangs
  kAuth,            // SQLSTATE 28xxx, or no password
  kTooManyClients,  // 53300
  kStartingUp,      // 57P03 while starting or in crash recovery
  kShuttingDown,    // 57P03 while stopping, 57P01, 57P02
  kTls,
  kQuery,   // a session, but the statement failed
  kClosed,  // the peer closed an established session or a starting one; a new attempt will tell more
};

std::string_view to_string(FailureClass failure);  // "refused", "timeout", ...; "" for kNone

// True for the classes that are compatible with a dead server; they prove nothing by themselves.
constexpr bool is_silence(FailureClass failure) {
  return failure == FailureClass::kRefused || failure == FailureClass::kTimeout ||
         failure == FailureClass::kUnreachable;
}
// True for an answer that only a living postmaster gives.
constexpr bool proves_alive(FailureClass failure) {
  return failure == FailureClass::kAuth || failure == FailureClass::kTooManyClients ||
         failure == FailureClass::kStartingUp || failure == FailureClass::kShuttingDown ||
         failure == FailureClass::kQuery;
}

// Source: pg_stat_wal_receiver. Absent row = no receiver. Columns need pg_monitor: absent when hidden.
struct WalReceiverFacts {
  std::string status;  // "streaming", ...; never evidence of life (a frozen primary still reads streaming)
  std::optional<Lsn> flushed;
  std::optional<Lsn> latest_end;                // the primary's position as it last told this standby
  std::optional<nanoseconds> last_message_age;  // standby's now() - last_msg_receipt_time, one clock
};

// The settings that a standby must not have lower than its primary, by name: replay of a change that asks for
// more pauses, and resuming it then stops the server (PostgreSQL 14 and later).
using StandbyMinimums = std::map<std::string, int64_t>;
// "name=value,name=value": a column of the facts, and how a run writes them down. kCorrupt for any other
// text.
Result<StandbyMinimums> parse_standby_minimums(std::string_view text);
std::string format_standby_minimums(const StandbyMinimums& minimums);

struct ServerFacts {
  bool in_recovery = false;
  uint32_t server_version_num = 0;    // 150018
  std::string system_identifier;      // 19 digits: text, it does not fit a double
  uint32_t timeline = 0;              // primary: of pg_walfile_name; standby: the largest that is known
  std::optional<Lsn> current, flush;  // primary only
  std::optional<Lsn> receive,
      replay;  // standby only; receive is absent before the first receiver, rewinds on restart
  std::optional<WalReceiverFacts> receiver;  // standby only; absent = no receiver
  std::optional<bool> replay_paused;
  std::optional<WallTime> last_replayed_commit;  // pg_last_xact_replay_timestamp
  WallTime server_time;
  StandbyMinimums standby_minimums;            // of this server, in effect
  std::shared_ptr<const FactDetails> details;  // null when nobody asked, or when the server refused them

  // The position a standby would keep after a promotion: the larger of what it received and replayed.
  std::optional<Lsn> held() const {
    if (!receive) return replay;
    if (!replay) return receive;
    return *receive < *replay ? replay : receive;
  }
  // Received and not yet replayed, in bytes; 0 while replay is further, which reads from an archive then.
  std::optional<int64_t> backlog() const {
    if (!receive || !replay) return std::nullopt;
    return std::max<int64_t>(0, *receive - *replay);
  }
};

// The newest state of one server as one observer sees it.
struct ServerObservation {
  std::string cluster, region, server;
  bool up = false;                             // the last finished attempt got an answer to its query
  FailureClass failure = FailureClass::kNone;  // of the last finished attempt
  std::string failure_text;                    // for people; no secrets
  // When the last finished attempt began and ended; a new attempt opens a new session unless one is kept and
  // answers.
  std::optional<BootTime> attempt_started, attempt_finished;
  bool attempt_new_session = false;      // the last finished attempt opened a session of its own
  std::optional<BootTime> last_success;  // end of the last attempt that was answered
  WallTime last_success_wall{};          // the same instant by the observer's wall clock
  std::optional<ServerFacts> facts;      // of last_success; still there when the server no longer answers
  // Since which look replay stands where it stood, with something left to replay and not by a pause (a delay
  // on purpose is not told apart here). Absent while it moves or has nothing to do.
  std::optional<BootTime> replay_stalled_since;
  nanoseconds round_trip{0};
  std::shared_ptr<const SlowTier> slow;  // null before its first turn, and when nobody asked for details
};

// What replay_stalled_since becomes when a look, ended at `at`, found `found` after `before`.
std::optional<BootTime> replay_stalled_since(const ServerObservation& before, const ServerFacts& found,
                                             BootTime at);

// Immutable once published; share the pointer between threads.
struct Snapshot {
  BootTime taken;
  std::vector<ServerObservation> servers;  // in the order of the topology

  // Points into this snapshot: hold its shared_ptr for as long as the answer is used.
  const ServerObservation* find(std::string_view cluster, std::string_view server) const;
};

// One point of a server's WAL history: at `at` its position was `lsn` (primary: flush; standby: held).
struct WalPoint {
  BootTime at;
  Lsn lsn;
};

}  // namespace farshore

// The marker that a file tier's sync leaves behind (examples/filesync writes it): lines of "key=value", each
// key once, nothing else.
//
//   format=farshore-filesync/1
//   result=ok              or failed: of the newest run
//   attempt_time=1764084605   when the newest run ended; times are whole seconds since 1970
//   source_time=1764084599    when the last good run began to read the source: what it held then is here
//   finished_time=1764084605  when the last good run ended
//   files=1234             regular files of the last good run
//   bytes=56789            their size together
//   failed_syncs=0         runs that failed since the last good one
//   failure=transfer       only with result=failed: one of kSyncFailures
//
// source_time, finished_time, files and bytes stand there together, or not at all before the first good run.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace farshore {

inline constexpr size_t kMaxMarkerBytes = 4096;

// Why a run copied nothing, or not all.
inline constexpr std::string_view kSyncFailures[] = {
    "role",              // the other end of the sync is not this region's role now
    "connection",        // the source cannot be reached
    "source_missing",    // its sentinel is not there: not mounted, or the wrong folder
    "too_many_deletes",  // more files would vanish here than is allowed
    "transfer",          // rsync says that it is not whole
    "destination",       // cannot be written here
};

struct GoodSync {
  WallTime source_time, finished_time;
  int64_t files = 0, bytes = 0;
};

struct FileMarker {
  WallTime attempt_time;
  int64_t failed_syncs = 0;
  std::string_view failure;      // one of kSyncFailures; empty when the newest run was good
  std::optional<GoodSync> good;  // the last good run
};

// Pure. kCorrupt, with the reason, for everything that is not exactly this.
Result<FileMarker> parse_marker(std::string_view text);

}  // namespace farshore

// The marker of a file tier: what is taken keeps the promises of its header, and writing it anew reads back
// the same.
#include "exporter/watch/file_marker.h"

#include <algorithm>

#include "tests/fuzz/fuzz.h"

namespace {

using farshore::FileMarker;
using farshore::WallTime;

int64_t unix_seconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string write(const FileMarker& marker) {
  std::string text = fmt::format("failed_syncs={}\nformat=farshore-filesync/1\nattempt_time={}\nresult={}\n",
                                 marker.failed_syncs, unix_seconds(marker.attempt_time),
                                 marker.failure.empty() ? "ok" : "failed");
  if (!marker.failure.empty()) text += fmt::format("failure={}\n", marker.failure);
  if (!marker.good) return text;
  return text + fmt::format("bytes={}\nfiles={}\nfinished_time={}\nsource_time={}\n", marker.good->bytes,
                            marker.good->files, unix_seconds(marker.good->finished_time),
                            unix_seconds(marker.good->source_time));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using farshore::fuzz::require;
  const std::string_view text = farshore::fuzz::text_of(data, size);
  const auto marker = farshore::parse_marker(text);
  if (!marker) {
    require(marker.error().code == farshore::ErrorCode::kCorrupt, "a marker is refused as corrupt", text);
    require(farshore::fuzz::is_printable(marker.error().message), "no byte of it gets into the reason");
    return 0;
  }
  require(size <= farshore::kMaxMarkerBytes, "a large one is refused");
  require(marker->failure.empty() == (marker->failed_syncs == 0),
          "failures are counted and a success has none", text);
  require(marker->failure.empty() || std::ranges::find(farshore::kSyncFailures, marker->failure) !=
                                         std::end(farshore::kSyncFailures),
          "a failure is a word of the format", text);
  require(!marker->failure.empty() || marker->good, "a good run has its figures", text);
  if (marker->good) {
    require(marker->good->source_time <= marker->good->finished_time, "a run ends after it began", text);
    require(marker->good->files >= 0 && marker->good->bytes >= 0, "figures are not negative", text);
  }
  const auto again = farshore::parse_marker(write(*marker));
  require(again.has_value() && write(*again) == write(*marker), "a marker that is written anew reads back",
          text);
  return 0;
}

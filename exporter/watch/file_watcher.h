// Reads the markers of the file tiers of this vantage's own region, each interval.
//
// A marker may lie on a mount that hangs, and a thread that hangs in a file system can neither be stopped nor
// waited for: each read runs in a thread of its own, one per tier at a time, and one that has not ended
// within the settings' timeout is a failure of its own. Only that tier is unknown then.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/topology/topology.h"
#include "exporter/watch/file_marker.h"
#include "exporter/watch/watch_settings.h"

namespace farshore {

enum class MarkerFailure {
  kNone,
  kMissing,     // there is no such file
  kUnreadable,  // no permission, no regular file, an error of the file system
  kMalformed,
  kTimeout,  // reading it hangs
};

std::string_view to_string(MarkerFailure failure);  // "missing", ...; "" for kNone

struct MarkerReading {
  MarkerFailure failure = MarkerFailure::kNone;
  std::string failure_text;  // for people
  FileMarker marker;         // of kNone
};

// May hang for as long as the file system does; reads at most kMaxMarkerBytes and never waits for a pipe.
MarkerReading read_marker_file(const std::string& path);

struct FileTierObservation {
  std::string cluster, tier, region;
  std::optional<BootTime> finished;  // absent before the first
  MarkerReading reading;
};
using FileTierList = std::vector<FileTierObservation>;

// Thread-safe after start(). Destruction waits for no file system.
class FileWatcher {
 public:
  using ReadFunction = std::function<MarkerReading(const std::string& path)>;
  FileWatcher(const Topology& topology, const std::string& vantage, const WatchSettings& settings,
              Clock& clock, ReadFunction read = read_marker_file);
  ~FileWatcher();
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  void take_over(const FileTierList& previous);  // before start(): what was seen of the same ones
  void start();                                  // no thread when this region has no file tier
  void stop();                                   // what was seen last stays
  std::shared_ptr<const FileTierList> list() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace farshore

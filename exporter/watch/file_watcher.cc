#include "exporter/watch/file_watcher.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>

#include "common/base/descriptor.h"
#include "common/base/log.h"
#include "exporter/change_log.h"
#include "exporter/watch/board.h"

namespace farshore {
namespace {

MarkerReading failed(MarkerFailure failure, std::string text) { return {failure, std::move(text), {}}; }

MarkerReading failed_with_errno(const char* what) {
  return failed(errno == ENOENT ? MarkerFailure::kMissing : MarkerFailure::kUnreadable,
                fmt::format("{}: {}", what, strerror(errno)));
}

// The readers that hang outlive the watcher: what they share with it is here.
struct Shared {
  std::mutex mutex;
  std::condition_variable_any ended;
};

struct Read {
  std::optional<MarkerReading> result;  // guarded by Shared::mutex
};

struct Tier {
  std::string path;
  BootTime due{};
  BootTime overdue{};          // when the read under way is said to hang
  std::shared_ptr<Read> read;  // under way
};

}  // namespace

std::string_view to_string(MarkerFailure failure) {
  switch (failure) {
    case MarkerFailure::kNone:
      return "";
    case MarkerFailure::kMissing:
      return "missing";
    case MarkerFailure::kUnreadable:
      return "unreadable";
    case MarkerFailure::kMalformed:
      return "malformed";
    case MarkerFailure::kTimeout:
      return "timeout";
  }
  return "";
}

MarkerReading read_marker_file(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) return failed_with_errno("open");
  struct stat facts{};
  if (fstat(file.get(), &facts) != 0) return failed_with_errno("stat");
  if (!S_ISREG(facts.st_mode)) return failed(MarkerFailure::kUnreadable, "is no regular file");
  char buffer[kMaxMarkerBytes + 1];
  size_t size = 0;
  while (size < sizeof buffer) {
    const ssize_t count = read(file.get(), buffer + size, sizeof buffer - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed_with_errno("read");
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  const Result<FileMarker> marker = parse_marker({buffer, size});
  if (!marker) return failed(MarkerFailure::kMalformed, marker.error().message);
  return {MarkerFailure::kNone, "", *marker};
}

class FileWatcher::Loop {
 public:
  Loop(const Topology& topology, const std::string& vantage, const WatchSettings& settings, Clock& clock,
       ReadFunction read)
      : clock_(clock), settings_(settings), read_(std::move(read)), board_(first_list(topology, vantage)) {
    for (const ClusterConfig& cluster : topology.clusters)
      for (const FileTierConfig& tier : cluster.files)
        if (tier.region == vantage)
          tiers_.push_back({.path = tier.marker, .due = {}, .overdue = {}, .read = {}});
  }

  void start() {
    if (tiers_.empty()) return;
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  void take_over(const FileTierList& previous) {
    board_.take_over(previous, [](const FileTierObservation& a, const FileTierObservation& b) {
      return a.cluster == b.cluster && a.tier == b.tier && a.region == b.region;
    });
  }

  void stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

  std::shared_ptr<const FileTierList> list() const { return board_.list(); }

 private:
  static FileTierList first_list(const Topology& topology, const std::string& vantage) {
    FileTierList list;
    for (const ClusterConfig& cluster : topology.clusters)
      for (const FileTierConfig& tier : cluster.files) {
        if (tier.region != vantage) continue;
        FileTierObservation& entry = list.emplace_back();
        entry.cluster = cluster.name;
        entry.tier = tier.name;
        entry.region = tier.region;
      }
    return list;
  }

  void run(const std::stop_token& stop) {
    std::unique_lock lock(shared_->mutex);
    while (!stop.stop_requested()) {
      BootTime next = clock_.boot_now() + settings_.interval;
      for (size_t i = 0; i < tiers_.size(); ++i) next = std::min(next, move_on(i));
      // A marker that was read wakes it; so does the end of the watcher.
      shared_->ended.wait_for(lock, stop, next - clock_.boot_now(), [this] { return any_ended(); });
    }
  }

  bool any_ended() const {
    return std::ranges::any_of(tiers_, [](const Tier& tier) { return tier.read && tier.read->result; });
  }

  // With the lock held. Returns when it must be looked at again, if nothing ends before.
  BootTime move_on(size_t index) {
    Tier& tier = tiers_[index];
    const BootTime now = clock_.boot_now();
    if (tier.read && tier.read->result) {
      finish(index, *std::move(tier.read->result));
      tier.read.reset();
    }
    if (!tier.read && now >= tier.due) begin(tier, now);
    if (!tier.read) return tier.due;
    if (now < tier.overdue) return tier.overdue;
    // Said again each interval: it is as true as at first.
    finish(index, failed(MarkerFailure::kTimeout, "reading it hangs"));
    tier.overdue = now + settings_.interval;
    return tier.overdue;
  }

  void begin(Tier& tier, BootTime now) {
    tier.due = now + settings_.interval;
    tier.overdue = now + settings_.timeout;
    tier.read = std::make_shared<Read>();
    try {
      std::thread([shared = shared_, read = tier.read, function = read_, path = tier.path] {
        MarkerReading result = function(path);
        {
          const std::lock_guard lock(shared->mutex);
          read->result = std::move(result);
        }
        shared->ended.notify_all();
      }).detach();
    } catch (const std::system_error& error) {
      tier.read->result = failed(MarkerFailure::kUnreadable, error.what());
    }
  }

  void finish(size_t index, MarkerReading reading) {
    FileTierObservation seen = (*board_.list())[index];
    seen.finished = clock_.boot_now();
    seen.reading = std::move(reading);
    note(seen);
    board_.put(index, std::move(seen));
  }

  void note(const FileTierObservation& seen) {
    const MarkerReading& reading = seen.reading;
    const std::string_view word =
        reading.failure == MarkerFailure::kNone ? reading.marker.failure : to_string(reading.failure);
    if (!changes_.changed(seen.cluster + "/" + seen.tier, std::string(word.empty() ? "good" : word))) return;
    log(word.empty() ? LogLevel::kInfo : LogLevel::kWarn,
        word.empty() ? "file tier is in sync" : "file tier is not in sync",
        {{"cluster", seen.cluster}, {"tier", seen.tier}, {"class", word}, {"why", reading.failure_text}});
  }

  Clock& clock_;
  const WatchSettings settings_;
  const ReadFunction read_;
  Board<FileTierObservation> board_;
  ChangeLog changes_;
  std::vector<Tier> tiers_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  std::jthread thread_;  // uses all of the above: goes first
};

FileWatcher::FileWatcher(const Topology& topology, const std::string& vantage, const WatchSettings& settings,
                         Clock& clock, ReadFunction read)
    : loop_(std::make_unique<Loop>(topology, vantage, settings, clock, std::move(read))) {}
FileWatcher::~FileWatcher() = default;
void FileWatcher::take_over(const FileTierList& previous) { loop_->take_over(previous); }
void FileWatcher::start() { loop_->start(); }
void FileWatcher::stop() { loop_->stop(); }
std::shared_ptr<const FileTierList> FileWatcher::list() const { return loop_->list(); }

}  // namespace farshore

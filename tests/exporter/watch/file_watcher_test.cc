#include "exporter/watch/file_watcher.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "tests/support/child_process.h"

namespace farshore {
namespace {

using test::wait_until;
using test::write_file;

constexpr WatchSettings kQuick{.interval = 50ms, .timeout = 200ms};
const std::string kGood =
    "format=farshore-filesync/"
    "1\nresult=ok\nattempt_time=20\nsource_time=10\nfinished_time=20\nfiles=3\nbytes=9\n"
    "failed_syncs=0\n";

Topology with_tiers(const std::vector<std::pair<std::string, std::string>>& regions_and_markers) {
  Topology topology;
  ClusterConfig& cluster = topology.clusters.emplace_back();
  cluster.name = "shop";
  for (const auto& [region, marker] : regions_and_markers)
    cluster.files.push_back({fmt::format("tier{}", cluster.files.size()), region, marker});
  return topology;
}

FileTierObservation seen(const FileWatcher& watcher, size_t index = 0) { return (*watcher.list())[index]; }

bool wait_failure(const FileWatcher& watcher, MarkerFailure failure, size_t index = 0) {
  return wait_until(
      [&] { return seen(watcher, index).finished && seen(watcher, index).reading.failure == failure; });
}

TEST(MarkerFile, IsReadOrSaysWhyNot) {
  const test::TempDir folder;
  EXPECT_EQ(read_marker_file(folder.file("none")).failure, MarkerFailure::kMissing);
  write_file(folder.file("good"), kGood);
  const MarkerReading good = read_marker_file(folder.file("good"));
  EXPECT_EQ(good.failure, MarkerFailure::kNone) << good.failure_text;
  EXPECT_EQ(good.marker.good->files, 3);
  write_file(folder.file("garbage"), std::string("\0\xff garbage", 10));
  EXPECT_EQ(read_marker_file(folder.file("garbage")).failure, MarkerFailure::kMalformed);
  write_file(folder.file("endless"), std::string(1 << 20, 'x'));
  EXPECT_EQ(read_marker_file(folder.file("endless")).failure, MarkerFailure::kMalformed);
  write_file(folder.file("half"), kGood.substr(0, 60));
  EXPECT_EQ(read_marker_file(folder.file("half")).failure, MarkerFailure::kMalformed);
  EXPECT_EQ(read_marker_file(folder.path()).failure, MarkerFailure::kUnreadable) << "a folder";
  ASSERT_EQ(mkfifo(folder.file("pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_marker_file(folder.file("pipe")).failure, MarkerFailure::kUnreadable)
      << "does not wait for it";
  std::filesystem::create_symlink("loop", folder.file("loop"));
  EXPECT_EQ(read_marker_file(folder.file("loop")).failure, MarkerFailure::kUnreadable);
  EXPECT_EQ(read_marker_file(folder.file("good") + "/x").failure, MarkerFailure::kUnreadable);
}

TEST(FileWatcher, FollowsTheMarkerOfItsOwnRegionOnly) {
  const test::TempDir folder;
  FileWatcher watcher(with_tiers({{"us-east", "/nowhere"}, {"eu-west", folder.file("marker")}}), "eu-west",
                      kQuick, system_clock());
  watcher.start();
  ASSERT_EQ(watcher.list()->size(), 1u);
  EXPECT_EQ(seen(watcher).tier, "tier1");
  EXPECT_TRUE(wait_failure(watcher, MarkerFailure::kMissing));
  write_file(folder.file("marker"), kGood);
  EXPECT_TRUE(wait_failure(watcher, MarkerFailure::kNone));
  write_file(folder.file("marker"), "x");
  EXPECT_TRUE(wait_failure(watcher, MarkerFailure::kMalformed));
}

// Reading "hangs" waits until it is let go.
class Mount {
 public:
  MarkerReading read(const std::string& path) {
    if (path != "/hangs") return {MarkerFailure::kMissing, "", {}};
    std::unique_lock lock(mutex_);
    ++readers_;
    changed_.wait(lock, [this] { return !hangs_; });
    --readers_;
    changed_.notify_all();
    return {MarkerFailure::kMalformed, "late", {}};
  }
  void let_go() {
    std::unique_lock lock(mutex_);
    hangs_ = false;
    changed_.notify_all();
    changed_.wait(lock, [this] { return readers_ == 0; });
  }
  int readers() {
    const std::lock_guard lock(mutex_);
    return readers_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool hangs_ = true;
  int readers_ = 0;
};

TEST(FileWatcher, AMountThatHangsCostsOneThreadAndOnlyItsOwnTier) {
  const auto mount = std::make_shared<Mount>();
  const auto read = [mount](const std::string& path) { return mount->read(path); };
  FileWatcher watcher(with_tiers({{"eu-west", "/hangs"}, {"eu-west", "/nowhere"}}), "eu-west", kQuick,
                      system_clock(), read);
  watcher.start();
  ASSERT_TRUE(wait_failure(watcher, MarkerFailure::kTimeout));
  for (int round = 0; round < 3; ++round) {
    const auto own = seen(watcher).finished, other = seen(watcher, 1).finished;
    EXPECT_TRUE(wait_until([&] { return seen(watcher).finished != own; }))
        << "said again, so that it stays current";
    EXPECT_TRUE(wait_until([&] { return seen(watcher, 1).finished != other; }));
  }
  EXPECT_EQ(mount->readers(), 1);
  EXPECT_EQ(seen(watcher, 1).reading.failure, MarkerFailure::kMissing);
  mount->let_go();
  EXPECT_TRUE(wait_failure(watcher, MarkerFailure::kMalformed)) << "what came late is newer than nothing";
}

TEST(FileWatcher, EndsWhileAMountHangs) {
  const auto mount = std::make_shared<Mount>();
  {
    FileWatcher watcher(with_tiers({{"eu-west", "/hangs"}}), "eu-west", kQuick, system_clock(),
                        [mount](const std::string& path) { return mount->read(path); });
    watcher.start();
    ASSERT_TRUE(wait_failure(watcher, MarkerFailure::kTimeout));
  }
  EXPECT_EQ(mount->readers(), 1);
  mount->let_go();
}

}  // namespace
}  // namespace farshore

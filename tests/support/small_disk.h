// A server's data on a small tmpfs, so that its disk can be filled. The mount is in a mount namespace of the
// test program alone and goes with it; helpers and servers started afterwards see it.
#pragma once

#include <sched.h>
#include <sys/mount.h>

#include <filesystem>
#include <string>

#include "tests/support/postgres_server.h"

namespace farshore::test {

// The server must be stopped. False when a tmpfs cannot be mounted here, which a test says by skipping.
inline bool move_to_small_disk(PostgresFixture& server, const std::string& size) {
  const std::string data = server.data_dir(), aside = data + ".aside";
  std::filesystem::rename(data, aside);
  std::filesystem::create_directory(data);
  const bool mounted = unshare(CLONE_NEWNS) == 0 &&
                       mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                       mount("tmpfs", data.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
  return mounted && run_command({"cp", "-a", aside + "/.", data}).exit_code == 0;
}

// Takes all room but the WAL that is there already: commits reach the disk, nothing grows.
inline void fill_disk(const PostgresFixture& server) {
  (void)run_command({"dd", "if=/dev/zero", "of=" + server.data_dir() + "/filler", "bs=64k"});
  (void)run_command({"dd", "if=/dev/zero", "of=" + server.data_dir() + "/filler2", "bs=1k"});
}
inline void free_disk(const PostgresFixture& server) {
  std::filesystem::remove(server.data_dir() + "/filler");
  std::filesystem::remove(server.data_dir() + "/filler2");
}

}  // namespace farshore::test

// What each Prometheus server says, now, about the alert of one reign. Labels of a webhook are only a hint;
// this is the question put back to every configured server. Source: GET /api/v1/query of the Prometheus HTTP
// API.
#pragma once

#include <string>
#include <vector>

#include "common/base/clock.h"

namespace farshore {

enum class Vote { kUnknown, kFiring, kNotFiring };

struct AlertVote {
  std::string region;  // of the Prometheus server
  Vote vote = Vote::kUnknown;
  bool live_primary = false;  // a vantage's sample at most 3 s old sees the primary up and writable
  bool watched = true;        // false: nobody wants to know now, so nobody is asked; the vote is kUnknown
  BootTime asked;             // when the question was sent; the epoch when it never was
  std::string detail;         // why unknown, for people
};

// watch() makes background threads ask every server about (cluster, epoch) every 50 ms, each at its own pace:
// a server that hangs delays no other. latest() never blocks. Thread-safe.
class AlertVotes {
 public:
  virtual ~AlertVotes() = default;
  virtual void watch(const std::string& cluster, int64_t epoch, const std::string& primary) = 0;
  virtual void unwatch(const std::string& cluster) = 0;
  // One entry per configured server; a vote older than 2 s, or never given, is kUnknown.
  virtual std::vector<AlertVote> latest(const std::string& cluster) = 0;
  virtual int quorum() const = 0;
  // Asks every server once, side by side, and waits for the answers: at most the timeout of one question.
  // Changes nothing about what is watched. One entry per configured server; without an implementation of its
  // own, what is known without asking.
  virtual std::vector<AlertVote> ask_once(const std::string& cluster, int64_t /*epoch*/,
                                          const std::string& /*primary*/) {
    return latest(cluster);
  }
};

}  // namespace farshore

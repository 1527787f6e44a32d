// What one receiver is still to be told, and the thread that tells it.
//
// A notice is tried again with pauses that double up to a minute, for an hour. When the queue is full the
// oldest goes. The journal remembers which outcome of a run was taken: at the start those of the last day
// that were not are told. A receiver that keeps up is told of a run that is held every half minute, and once
// that it is held no more; whether it is, is read from the journal, because a person's word ends a hold
// without a notice.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "actuator/notify/counters.h"
#include "actuator/notify/sender.h"
#include "common/base/clock.h"

namespace farshore {

constexpr size_t kMostWaiting = 64;

class Lane {
 public:
  // `receiver` is what the journal knows it by: one with another name is another one. Journal, clock and
  // counters must outlive it.
  Lane(std::unique_ptr<Sender> sender, std::string receiver, Journal& journal, Clock& clock,
       NotifyCounters& counters);
  ~Lane();  // waits for the attempt at hand, at most its timeout; what is not told stays in the journal

  void start();
  void request_stop() { thread_.request_stop(); }

  // Thread-safe; never waits for an attempt.
  void push(Notice notice);

  // What the thread does again and again: at most one attempt. Returns how long to wait before the next call
  // unless something is pushed. For tests; not beside start().
  nanoseconds tick();

 private:
  struct Waiting {
    Notice notice;
    BootTime due, since;
    int attempts = 0;
  };

  void work(const std::stop_token& stop);
  bool load_untold();
  bool is_told(const RunRecord& run, const std::vector<ToldRecord>& told) const;
  bool was_told(const Notice& notice) const;
  std::optional<Waiting> take_due(BootTime now);
  std::deque<Waiting>::iterator find_waiting(const Notice& notice);
  void put_back(Waiting waiting);
  void attempt(Waiting waiting);
  bool is_repetition(const Notice& notice);
  void settled(const Notice& notice, std::string_view outcome);
  void note_failure(const Waiting& waiting, const Error& error);
  void refresh();
  nanoseconds until_next(BootTime now);

  const std::unique_ptr<Sender> sender_;
  const std::string receiver_;
  Journal& journal_;
  Clock& clock_;
  NotifyCounters& counters_;

  // Of the thread.
  bool loaded_ = false;
  std::map<std::string, Notice> held_;            // by run, told and to be told again
  std::map<std::string, BootTime> refused_last_;  // by cluster: the last refusal told that is tried again
  BootTime refresh_due_{};
  int failures_ = 0;  // in a row

  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool pushed_ = false;
  std::deque<Waiting> waiting_;
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace farshore

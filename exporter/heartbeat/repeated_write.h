// One kind of write to one server, again and again: never two at a time, not even when an answer does not
// come. Driven by the heartbeat's loop; not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/postgres/polled_session.h"
#include "exporter/heartbeat/duty.h"
#include "exporter/heartbeat/write_record.h"

namespace farshore {

struct WriteKind {
  const char* name;              // for the log
  const char* application_name;  // for pg_stat_activity
  bool spills;
  std::vector<std::pair<std::string, std::string>> settings;  // of its session
};

// The heartbeat: every commit is asynchronous, so that nothing a primary waits for can hold it up.
const WriteKind& beat_kind();
// The write probe: its commit waits for the disk of this server, and for no standby.
const WriteKind& probe_kind();

struct WriteTimes {
  nanoseconds interval = 5s;
  nanoseconds timeout = 1s;  // of opening a session; after it an answer counts as missing
  // How long a session without an answer is kept before it is dropped for a new one, which leaves a backend
  // behind; doubled each time in a row up to the second.
  nanoseconds patience = 60s, longest_patience = 1h;
};

class RepeatedWrite {
 public:
  RepeatedWrite(const WriteKind& kind, const ConnectionParameters& parameters, WriteTimes times,
                NameResolver& resolver, const Clock& clock);

  // What may be sent from now on. kNone ends the session at once and forgets what was found.
  void set_duty(Duty duty);
  // Goes on as far as it can without waiting. `revents` is what poll said of socket().
  void step(short revents);

  int socket() const { return session_.socket(); }
  short events() const { return session_.events(); }
  BootTime wake_at() const;  // when step() must be called even if the socket is quiet; may be far away
  const WriteRecord& record() const { return record_; }
  const std::string& failure_text() const { return failure_text_; }  // of the newest failure; no secrets

 private:
  void take(const PolledAnswer& answer);
  void give_up_if_hopeless(BootTime now);

  const WriteTimes times_;
  const Clock& clock_;
  PolledSession session_;
  Duty duty_ = Duty::kNone;
  BootTime next_{};
  nanoseconds patience_;
  WriteRecord record_;
  std::string failure_text_;
};

}  // namespace farshore

#include "exporter/heartbeat/repeated_write.h"

#include <algorithm>

namespace farshore {
namespace {

ConnectionParameters session_parameters(ConnectionParameters parameters, const WriteKind& kind,
                                        nanoseconds timeout) {
  const auto patience = std::chrono::ceil<milliseconds>(timeout);
  parameters.set("application_name", kind.application_name);
  parameters.set_session_defaults(kind.application_name, patience);
  // Ends what waits for a lock; a write that hangs in the disk or for a standby cannot be ended by it.
  parameters.add_setting("statement_timeout", std::to_string(patience.count()));
  parameters.add_setting("search_path", "pg_catalog");
  for (const auto& [name, value] : kind.settings) parameters.add_setting(name, value);
  return parameters;
}

}  // namespace

const WriteKind& beat_kind() {
  static const WriteKind kind{"heartbeat", "farshore-heartbeat", false, {{"synchronous_commit", "off"}}};
  return kind;
}

const WriteKind& probe_kind() {
  // The least work_mem there is, so that the file is small; in the database's own table space.
  static const WriteKind kind{
      "write probe",
      "farshore-write-probe",
      true,
      {{"synchronous_commit", "local"}, {"work_mem", "64kB"}, {"temp_tablespaces", ""}}};
  return kind;
}

RepeatedWrite::RepeatedWrite(const WriteKind& kind, const ConnectionParameters& parameters, WriteTimes times,
                             NameResolver& resolver, const Clock& clock)
    : times_(times),
      clock_(clock),
      session_(session_parameters(parameters, kind, times.timeout), write_statement(kind.spills),
               times.timeout, resolver, clock),
      patience_(times.patience) {}

void RepeatedWrite::set_duty(Duty duty) {
  if (duty == duty_) return;
  if (duty == Duty::kBeat && duty_ == Duty::kNone) next_ = clock_.boot_now();
  duty_ = duty;
  // A session that is only being opened must not find another server than the one that was looked at.
  if (duty == Duty::kSilent && session_.busy() && !session_.sent()) session_.close();
  if (duty != Duty::kNone) return;
  session_.close();
  patience_ = times_.patience;
  const uint64_t successes = record_.successes;
  record_ = {};
  record_.successes = successes;  // a counter must not fall
  failure_text_.clear();
}

void RepeatedWrite::step(short revents) {
  if (const auto answer = session_.advance(revents)) take(*answer);
  const BootTime now = clock_.boot_now();
  if (session_.overdue()) {
    record_.newest = WriteFailure::kTimeout;
    failure_text_ = "no answer within the timeout";
    give_up_if_hopeless(now);
  }
  if (duty_ == Duty::kSilent && !session_.busy()) {
    // What was found before is not claimed of a server that has fallen silent.
    record_.newest = WriteFailure::kSilent;
    failure_text_ = "the server does not answer";
  }
  if (duty_ != Duty::kBeat || session_.busy() || now < next_) return;
  // Kept on its own beat; beats that were missed are not made up for.
  next_ += times_.interval;
  if (next_ <= now) next_ = now + times_.interval;
  if (const auto answer = session_.begin()) take(*answer);
}

void RepeatedWrite::take(const PolledAnswer& answer) {
  record_.newest = classify_write(answer);
  failure_text_ = answer.failure.text;
  if (record_.newest != WriteFailure::kNone) return;
  patience_ = times_.patience;
  ++record_.successes;
  record_.duration = answer.duration;
  record_.last_success = clock_.wall_now();
}

void RepeatedWrite::give_up_if_hopeless(BootTime now) {
  if (now < session_.started() + patience_) return;
  session_.close();
  patience_ = std::min(patience_ * 2, times_.longest_patience);
}

BootTime RepeatedWrite::wake_at() const {
  if (!session_.busy()) return duty_ == Duty::kBeat ? next_ : BootTime::max();
  return session_.overdue() ? session_.started() + patience_ : session_.deadline();
}

}  // namespace farshore

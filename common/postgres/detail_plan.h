// Which details a server is asked for, and when: what it refuses is left out part by part and tried again
// now and then, and the slow tier has its turn between two looks. Pure; not thread-safe.
//
// A refused statement does not say which of its parts it stumbled over. So all are taken out, and each is
// tried alone between looks: a few cycles later everything is back but what the server does not give.
//
// What is late is not refused. Late fast parts are asked for again with the next look, then less and less
// often. When the slow parts are late together, each is asked for alone in the same turn, and what is late
// even then (a swollen pg_wal, a disk that hangs) stays alone and takes no other part with it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "common/postgres/fact_details.h"

namespace farshore {

class DetailPlan {
 public:
  explicit DetailPlan(nanoseconds slow_interval) : slow_interval_(slow_interval) {}

  // What is known of a version is kept from session to session.
  void begin_session(int server_version);

  // Before each look.
  void begin_look() { done_without_ = false; }
  // What rides on this look; `generation` changes with it.
  const FactParts& fast(BootTime now);
  unsigned generation() const { return generation_; }
  void fast_refused(const std::string& sqlstate, BootTime now);
  void fast_answered(const FactDetails& details);
  // In place of the details of a look that does without them because they were late; else null.
  std::shared_ptr<const FactDetails> late_details() const;

  // What to send between this look and the next, if anything; one of the three follows.
  std::optional<FactParts> next_side(BootTime now);
  void side_answered(std::span<const std::optional<std::string>> columns, BootTime now);
  void side_refused(const std::string& sqlstate, const std::string& text, BootTime now);
  void side_lost(BootTime now);  // no answer in time: the session had to be given up

  // Null before the first turn of the slow tier.
  std::shared_ptr<const SlowTier> slow() const { return slow_; }

 private:
  struct Late {
    int sessions = 0;  // lost in a row
    BootTime due{};
    std::string text;
  };
  struct Column {
    std::optional<std::string> text;
    BootTime at{};
  };
  void finish_trial(bool good);
  void try_later(const Late& late);
  bool begin_turn(BootTime now);
  void end_statement(BootTime now);
  void side_late(Late late, BootTime now);
  void mark_late(FactPart part, Late late);
  void publish_slow(const std::string& failure);
  std::string lateness() const;
  void try_each(FactParts& parts, BootTime now);

  const nanoseconds slow_interval_;
  int server_version_ = 0;
  unsigned generation_ = 0;
  FactParts fast_, slow_parts_;
  FactParts untried_, accepted_, refused_;
  FactParts asked_;     // between looks
  bool trial_ = false;  // asked_ is one of untried_
  int late_trials_ = 0;
  std::optional<bool> directories_;  // whether the role may list them
  int late_looks_ = 0;               // in a row: those whose details were late
  bool done_without_ = false;        // this look goes on without details
  std::deque<FactParts> turn_;       // of the slow tier: what is asked for together; the first is, or is next
  std::map<FactPart, Late> late_;
  std::map<FactPart, Column> columns_;  // of slow parts, as they were answered last
  std::optional<BootTime> paused_until_, try_again_at_, slow_due_, slow_answered_;
  std::shared_ptr<const SlowTier> slow_;
};

}  // namespace farshore

// Which details a server is asked for, and when: what it refuses is left out part by part and tried again
// now and then, and the slow tier has its turn between two looks. Pure; not thread-safe.
//
// A refused statement does not say which of its parts it stumbled over. So all are taken out, and each is
// tried alone between looks: a few cycles later everything is back but what the server does not give.
#pragma once

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

  // What rides on the next look; `generation` changes with it.
  const FactParts& fast(BootTime now);
  unsigned generation() const { return generation_; }
  void fast_refused(const std::string& sqlstate, BootTime now);
  void fast_answered(const FactDetails& details);

  // What to send between this look and the next, if anything; one of the three follows.
  std::optional<FactParts> next_side(BootTime now);
  void side_answered(std::span<const std::optional<std::string>> columns, BootTime now);
  void side_refused(const std::string& sqlstate, const std::string& text, BootTime now);
  void side_lost(BootTime now);  // no answer in time: the session had to be given up

  // Null before the first turn of the slow tier.
  std::shared_ptr<const SlowTier> slow() const { return slow_; }

 private:
  void finish_trial(bool good);
  void try_later();
  void finish_slow(std::shared_ptr<const FactDetails> facts, const std::string& failure, BootTime now);
  void try_each(FactParts& parts, BootTime now);

  const nanoseconds slow_interval_;
  int server_version_ = 0;
  unsigned generation_ = 0;
  FactParts fast_, slow_parts_;
  FactParts untried_, accepted_, refused_;
  FactParts asked_;     // between looks
  bool trial_ = false;  // asked_ is one of untried_
  int late_trials_ = 0;
  bool directories_ = false;
  std::optional<BootTime> paused_until_, try_again_at_, slow_due_;
  int slow_lost_ = 0;  // in a row
  std::shared_ptr<const SlowTier> slow_;
};

}  // namespace farshore

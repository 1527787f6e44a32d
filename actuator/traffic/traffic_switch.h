// Points clients at a region: one DNS record, balancer or the user's own command. A provider is one file, one
// row in registry.cc, one test that runs the shared contract suite, one example.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace farshore {

struct NameServerAnswer {
  std::string nameserver;
  std::vector<std::string> addresses;  // as answered, with the AA bit
  std::string failure;                 // not empty: it did not answer authoritatively, and why
};

// What clients would get now. Holds when every answering server gives exactly the target and at least one
// answers.
struct TrafficView {
  std::vector<NameServerAnswer> answers;
  bool all_answer_only(const std::string& address) const;
};

// What is known of the changes that were asked for in the newest epoch, for the journal and for people.
struct TrafficReceipt {
  // The provider's name of the last one, whatever came of it; empty when it gives none.
  std::string change = {};
  // How long after it an old answer may still be in a cache. Of a record that points there already: the
  // configured TTL, counted from when that was seen, because who moved it, and when, may be forgotten.
  nanoseconds cached_for{};
  // What the last point_to that said yes left undone, in words: clients are sent there, but the epoch token
  // could not be written. Another point_to may mend it. Empty = nothing.
  std::string open = {};
};

// How long to wait between two calls of observed(): at first, and at most when it takes longer. Name servers
// are made for being asked; an API counts its requests.
struct LookPace {
  nanoseconds first = 20ms, longest = 250ms;
};
inline constexpr LookPace kApiPace{1s, 4s};

// Thread-safe. Never throws. Calls may take until their deadline.
class TrafficSwitch {
 public:
  virtual ~TrafficSwitch() = default;
  virtual const std::string& key() const = 0;  // record_key() of its entry: for facts, and for people
  virtual const std::string& kind() const = 0;
  virtual Result<std::string> target_of(const std::string& region) const = 0;
  // The provider's own word: the address it points at now.
  virtual Result<std::string> current(BootTime deadline) = 0;
  // Safe to repeat, and no change when nothing is to be done. kUnknown: it may have taken effect.
  virtual Status point_to(const std::string& region, int64_t epoch, BootTime deadline) = 0;
  // The clients' view: asks the authoritative servers (or runs the user's read command).
  virtual Result<TrafficView> observed(BootTime deadline) = 0;
  virtual LookPace look_pace() const { return {}; }
  // How long after point_to said yes clients may be given the old answer by the provider's ordinary working;
  // who waits waits that long before it calls a person. 0 = not worth speaking of.
  virtual nanoseconds settles_within() const { return 0ns; }
  virtual TrafficReceipt receipt() const { return {}; }
  // What would keep a switch from reaching clients in time, in words, looked at before the day: a second
  // value, a TTL above the configured one, a CNAME in the way. Empty = nothing found. Errors: it could not be
  // looked at.
  virtual Result<std::vector<std::string>> faults(BootTime) { return std::vector<std::string>{}; }
};

}  // namespace farshore

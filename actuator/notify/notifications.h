// All receivers of the topology's `notify`. To tell them something costs a lock and a copy: no receiver is
// waited for, whatever becomes of it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actuator/notify/lane.h"
#include "actuator/notify/registry.h"

namespace farshore {

class Notifications {
 public:
  // Errors: kInvalidArgument, with the line of the configuration. What is referred to must outlive it.
  static Result<std::unique_ptr<Notifications>> make(const Topology& topology, HttpClient& http,
                                                     Journal& journal, Clock& clock);
  ~Notifications();  // waits for attempts at hand, at most their timeout

  void start();
  // Thread-safe.
  void tell(const std::string& cluster, const std::string& run_id, const std::string& kind,
            const std::string& message);
  NotifyCounts counts() const { return counters_.snapshot(); }

 private:
  explicit Notifications(Clock& clock) : clock_(clock) {}

  Clock& clock_;
  NotifyCounters counters_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace farshore

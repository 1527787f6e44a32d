// What of the reign in force is not, or no longer, as a failover leaves it: traffic that points elsewhere, a
// server that lost the reign and may write, a hook that is not in force. Kept by the rows and their care,
// read by API and metrics; in memory only, because it is looked at again after a restart. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/clock.h"

namespace farshore {

struct OpenEnd {
  std::string name;  // the traffic record (record_key), the server or the hook
  std::string why;   // one sentence
  WallTime since;
};

class OpenEnds {
 public:
  enum class Kind { kTraffic, kStalePrimary, kHook };

  // Opens it, or changes what is said of it; an empty `why` closes it.
  void report(Kind kind, const std::string& name, const std::string& why, WallTime now);
  std::vector<OpenEnd> open(Kind kind) const;  // by name

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<Kind, std::string>, OpenEnd> open_;
};

}  // namespace farshore

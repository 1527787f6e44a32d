// A kind of receiver of notifications. A sender makes one attempt and remembers nothing; when to try again is
// the lane's business. A kind is one file, one row in registry.cc, one test, one paragraph in
// docs/notifications.md.
#pragma once

#include <string>

#include "actuator/notify/notice.h"
#include "common/base/result.h"

namespace farshore {

// Used by one thread at a time. Never throws.
class Sender {
 public:
  virtual ~Sender() = default;
  virtual const std::string& kind() const = 0;
  // Kind and where it is, without what may be secret of that: for the log and, made unique by its lane, for
  // the journal.
  virtual const std::string& name() const = 0;
  virtual bool wants(const Notice& notice) const = 0;
  // Whether a held run is to be told again and again until it is held no more, and then that.
  virtual bool keeps_up() const { return false; }
  // Within the receiver's timeout. Errors: kInvalidArgument (it will never take this notice), all others may
  // be tried again; kUnknown when it may have it already.
  virtual Status send(const Notice& notice) = 0;
};

}  // namespace farshore

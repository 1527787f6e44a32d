// One Linode as the fences see it: found by number or label, and never taken for another.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "actuator/cloud/linode_api.h"

namespace farshore {

struct LinodeInstance {
  int64_t id = 0;
  std::string label, status;
  bool watchdog = true;  // Lassie
};

// Thread-safe.
class LinodeFinder {
 public:
  // Reads linode_id and label of the configuration.
  explicit LinodeFinder(const ProviderConfig& provider);

  // kInvalidArgument when neither is configured.
  Status check(const std::string& what) const;
  // A fresh look at it. Errors: LinodeApi's; kNotFound; kConflict when number and label are not of one
  // Linode.
  Result<LinodeInstance> look(LinodeApi& api, BootTime deadline);
  std::string name() const;  // "Linode 1111", "Linode db-us"

 private:
  const std::optional<int64_t> id_;
  const std::string label_;
  const int line_;
  std::mutex mutex_;
  std::optional<int64_t> found_;  // of the label
};

}  // namespace farshore

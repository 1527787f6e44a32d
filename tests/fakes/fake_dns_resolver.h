// A DnsResolver with a fixed answer per name server.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "common/dns/resolver.h"

namespace farshore {

// A name server without an answer is kTimeout. Thread-safe.
class FakeDnsResolver final : public DnsResolver {
 public:
  void answer(const std::string& nameserver, DnsAnswer answer) {
    const std::lock_guard lock(mutex_);
    answers_[nameserver] = std::move(answer);
  }

  Result<DnsAnswer> ask(const std::string& nameserver, const std::string&, const std::string&,
                        BootTime deadline) override {
    const std::lock_guard lock(mutex_);
    latest_deadline_ = std::max(latest_deadline_, deadline);
    const auto found = answers_.find(nameserver);
    if (found == answers_.end()) return fail(ErrorCode::kTimeout, "no answer in time");
    return found->second;
  }

  void nameservers(Result<std::vector<std::string>> servers) {
    const std::lock_guard lock(mutex_);
    nameservers_ = std::move(servers);
  }
  Result<std::vector<std::string>> nameservers_of(const std::string&, BootTime deadline) override {
    const std::lock_guard lock(mutex_);
    latest_deadline_ = std::max(latest_deadline_, deadline);
    return nameservers_;
  }

  // The longest that anybody would have waited.
  BootTime latest_deadline() {
    const std::lock_guard lock(mutex_);
    return latest_deadline_;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, DnsAnswer> answers_;
  Result<std::vector<std::string>> nameservers_ = fail(ErrorCode::kUnavailable, "no resolver answers");
  BootTime latest_deadline_{};
};

}  // namespace farshore

// A DnsResolver with a fixed answer per name server.
#pragma once

#include <map>
#include <mutex>
#include <string>

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
                        BootTime) override {
    const std::lock_guard lock(mutex_);
    const auto found = answers_.find(nameserver);
    if (found == answers_.end()) return fail(ErrorCode::kTimeout, "no answer in time");
    return found->second;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, DnsAnswer> answers_;
};

}  // namespace farshore

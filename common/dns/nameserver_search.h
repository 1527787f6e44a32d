// Which name servers have the say over a name, as this host's resolvers tell it: NS of the name itself, then
// of what it lies in, and so on upwards. Source: resolv.conf(5), RFC 1034 section 4.2.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/dns/host_lookup.h"
#include "common/dns/resolver.h"
#include "common/dns/transport.h"

namespace farshore::dns {

// The name servers of resolv.conf's text, as host:port; this host when it names none.
std::vector<std::string> read_resolv_conf(const std::string& text, uint16_t port);

// Thread-safe. What was found is kept: it is given at once, and looked up again in the background when it is
// older than kFreshFor, so that dead resolvers cost nothing on the day.
class NameserverSearch {
 public:
  static constexpr nanoseconds kFreshFor = 5min;
  static constexpr nanoseconds kPatience = 1s;  // for one question to one resolver, at most

  NameserverSearch(Clock& clock, std::stop_token stop, ResolverSettings settings);
  ~NameserverSearch();
  NameserverSearch(const NameserverSearch&) = delete;
  NameserverSearch& operator=(const NameserverSearch&) = delete;

  // Errors: kTimeout, kUnavailable, kNotFound, kInvalidArgument.
  Result<std::vector<std::string>> find(const std::string& name, BootTime deadline);

 private:
  struct Found {
    std::vector<std::string> servers;
    BootTime at;
  };
  Result<std::vector<std::string>> search(const std::string& name, BootTime deadline);
  std::vector<std::string> resolvers() const;
  Result<std::vector<std::string>> ask_all(std::vector<std::string>& resolvers, const std::string& name,
                                           BootTime deadline);
  Result<std::vector<std::string>> ask_one(const std::string& resolver, const std::string& name,
                                           BootTime deadline);
  void remember(const std::string& name, std::vector<std::string> servers);
  void refresh(const std::string& name);

  Clock& clock_;
  const ResolverSettings settings_;
  std::stop_source stopping_;  // of the thread below
  const std::stop_callback<std::function<void()>> told_to_stop_;
  HostLookup lookup_;
  const Transport transport_;
  std::mutex mutex_;
  std::map<std::string, Found> found_;
  bool refreshing_ = false;
  std::jthread refresher_;
};

}  // namespace farshore::dns

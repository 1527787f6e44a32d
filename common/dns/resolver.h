// Asks one name server one question, and nobody else: what clients would be told, without a cache in between.
// Which servers those are is the only thing that is asked of this host's resolvers.
// Source: RFC 1035; UDP first, TCP when the answer was truncated (RFC 7766).
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace farshore {

struct DnsRecord {
  std::string name;  // lower case, with the final dot
  std::string type;  // "A", "CNAME", ...
  uint32_t ttl_seconds = 0;
  std::string data;  // presentation form: "192.0.2.10", "db.example.com."
};

struct DnsAnswer {
  int rcode = 0;               // 0 NOERROR, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED, ...
  bool authoritative = false;  // the AA bit
  std::vector<DnsRecord> answers;
};

std::string rcode_name(int rcode);  // "NXDOMAIN", ...; the number when it has no name here

// Thread-safe. Never throws. Any rcode is an answer. Errors: kTimeout (no answer by the deadline),
// kUnavailable (refused, no route, its own name not found), kInvalidArgument (nameserver, name or type).
class DnsResolver {
 public:
  virtual ~DnsResolver() = default;
  // `nameserver` is host:port or [IPv6]:port. A host that is a name is looked up first, inside the deadline;
  // the last address found is used when that look-up fails, as it may in the very outage this is for.
  virtual Result<DnsAnswer> ask(const std::string& nameserver, const std::string& name,
                                const std::string& type, BootTime deadline) = 0;
  // The authoritative servers of the zone that holds `name`, as host:port, never none. What was found once is
  // given without waiting from then on. Errors: also kNotFound.
  virtual Result<std::vector<std::string>> nameservers_of(const std::string& name, BootTime deadline) = 0;
};

struct ResolverSettings {
  std::string resolv_conf = "/etc/resolv.conf";
  uint16_t resolver_port = 53;    // of those that it names
  uint16_t nameserver_port = 53;  // of those that are found
};

// Once `stop` is requested every question ends as kTimeout within a moment.
std::unique_ptr<DnsResolver> make_dns_resolver(Clock& clock, std::stop_token stop = {});
std::unique_ptr<DnsResolver> make_dns_resolver_with(ResolverSettings settings, Clock& clock,
                                                    std::stop_token stop = {});

}  // namespace farshore

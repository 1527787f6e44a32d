// What one authoritative server's answer says about a traffic record. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/dns/resolver.h"
#include "common/topology/topology.h"

namespace farshore {

// The order is that of the page.
enum class DnsFailure {
  kNone,
  kTimeout,            // silent until the deadline
  kUnreachable,        // nothing listens, no route, or the name server's own name is not found
  kNameserverUnknown,  // there is nobody to ask: the record names no name server and none is found
  kRefused,            // rcode REFUSED
  kServfail,           // rcode SERVFAIL
  kNxdomain,           // says that there is no such name
  kNotAuthoritative,   // answers without having the say (lame delegation, or a resolver)
  kNoData,             // the name is there, without a record of this type
  kOther,              // any other rcode
};

std::string_view to_string(DnsFailure failure);  // "timeout", ...; "" for kNone

// What of an answer is known. With a failure there is no TTL and no region.
struct DnsFinding {
  DnsFailure failure = DnsFailure::kNone;
  std::string failure_text;             // for people
  bool replied = false;                 // the server said something, if only SERVFAIL
  std::optional<uint32_t> ttl_seconds;  // the lowest of the record's
  std::set<std::string> regions;        // whose targets are among the answered addresses
  std::set<std::string> only_regions;   // whose target is every one of the answered addresses
  bool other = false;                   // an address that is nobody's target is among them
  size_t values = 0;                    // how many different ones are answered
  bool alias = false;  // the name itself is a CNAME although the record is none; known with a failure too
};

DnsFinding judge_answer(const TrafficConfig& record, const Result<DnsAnswer>& answer);
// Of a record whose name servers were looked for in vain.
DnsFinding nameserver_unknown(const Error& why);

}  // namespace farshore

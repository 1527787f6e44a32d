// Changes the zone of one name server: an UPDATE over TCP, signed with TSIG, that the server carries out as a
// whole or not at all. Source: RFC 2136, RFC 8945.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/dns/tsig_key.h"

namespace farshore {

struct RecordSet {
  std::string name;
  std::string type;                 // A, AAAA, CNAME or TXT
  std::vector<std::string> values;  // TXT: the text itself, without quotes, at most 255 bytes
  uint32_t ttl_seconds = 0;         // of what is written
};

struct DnsUpdate {
  std::string zone;
  // What must be there, and exactly this, whatever its TTL; without values: there must be no such set. Else
  // nothing is changed.
  std::vector<RecordSet> required;
  std::vector<RecordSet> replaced;  // what these sets become
};

struct UpdateAnswer {
  int rcode = 0;
  int tsig_error = 0;     // 16 BADSIG, 17 BADKEY, 18 BADTIME
  bool verified = false;  // signed with the key: it is the server's own word
};

// What the answer means, with its word first ("NXRRSET: ..."). Errors:
//   kConflict         a requirement does not hold: nothing was changed
//   kPermission       the key, or what the server grants it
//   kNotFound         the server does not have the zone
//   kInvalidArgument  it does not take such updates
//   kUnavailable      the clocks differ
//   kUnknown          it may have been carried out: SERVFAIL, a yes that nobody signed, a word nobody knows
Status judge_update(const UpdateAnswer& answer);

// Thread-safe. Never throws. Signed anew for each call. Any rcode is an answer.
class DnsUpdater {
 public:
  virtual ~DnsUpdater() = default;
  // `server` is host:port, as DnsResolver takes it. Errors: kInvalidArgument; kTimeout and kUnavailable: it
  // was not sent; kUnknown: it was sent, and no answer to it came.
  virtual Result<UpdateAnswer> send(const std::string& server, const DnsUpdate& update, const TsigKey& key,
                                    BootTime deadline) = 0;
};

std::unique_ptr<DnsUpdater> make_dns_updater(Clock& clock, std::stop_token stop = {});

}  // namespace farshore

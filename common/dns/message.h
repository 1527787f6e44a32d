// DNS messages as bytes: the only place that knows ldns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/dns/resolver.h"
#include "common/dns/transport.h"
#include "common/dns/updater.h"

namespace farshore::dns {

struct Query {
  Bytes wire;
  uint16_t id = 0;
  std::string name;  // lower case, with the final dot
  std::string type;
};

enum class Recursion { kNotDesired, kDesired };

// With a random id. Errors: kInvalidArgument.
Result<Query> make_query(const std::string& name, const std::string& type,
                         Recursion recursion = Recursion::kNotDesired);

struct Reply {
  DnsAnswer answer;
  bool truncated = false;
};

// Nothing when the bytes are no reply to this very query (a late or forged datagram).
std::optional<Reply> read_reply(const Query& query, const Bytes& wire);

struct SignedUpdate {
  Bytes wire;
  Bytes mac;  // with its length: the answer's signature covers it
  uint16_t id = 0;
};

// Signed with the time of now. Errors: kInvalidArgument (a name, type or value), kInternal.
Result<SignedUpdate> make_update(const DnsUpdate& update, const TsigKey& key);

// Nothing when the bytes are no reply to this very update.
std::optional<UpdateAnswer> read_update_reply(const SignedUpdate& update, const TsigKey& key,
                                              const Bytes& wire);

}  // namespace farshore::dns

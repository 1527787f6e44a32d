// One question to one server: UDP, and TCP when the answer was cut.
#pragma once

#include "common/dns/message.h"
#include "common/dns/transport.h"

namespace farshore::dns {

// Errors: kTimeout, kUnavailable.
Result<DnsAnswer> ask(const Transport& transport, const Address& address, const Query& query,
                      BootTime deadline);

}  // namespace farshore::dns

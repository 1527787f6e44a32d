// Sockets that are bound here and served by the front, so that an address that is taken is our own clear
// error, connections wait instead of being refused while a front is replaced, and IPv6 works.
#pragma once

#include "common/base/descriptor.h"
#include "common/base/result.h"
#include "common/http/listen_address.h"

namespace farshore {

struct ListenSocket {
  Descriptor socket;
  int port = 0;  // the one the kernel chose when 0 was asked for
};

// "[::]" takes IPv4 as well, as programs of the Prometheus family do. kUnavailable: the address is taken, or
// none of this host's.
Result<ListenSocket> open_listen_socket(const ListenAddress& address);

}  // namespace farshore

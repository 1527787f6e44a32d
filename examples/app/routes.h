// The HTTP face of the shop.
//
//   GET  /healthz                    200 while this region's database answers, in either role; else 503
//   GET  /healthz?require=writable   200 only while it takes writes (for balancers)
//   POST /orders                     {"id": ..., "item": ...}; answers after the commit, with its WAL
//   position GET  /orders/count               {"count": n} GET  /orders/ids                 {"ids": [...]};
//   ?after=ID&limit=N to page
//
// 503 says that nothing was written; 504 that nobody knows, so ask again with the same id.
#pragma once

#include "examples/app/order_store.h"

namespace httplib {
class Server;
}

namespace farshore::example {

// Both must outlive the server.
void add_routes(httplib::Server& server, OrderStore& store, const Settings& settings);

}  // namespace farshore::example

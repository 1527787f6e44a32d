// Which route answers a path. Exact: no prefixes, no normalisation, no decoding; a {name} segment takes one
// segment of [A-Za-z0-9_.-]{1,63}.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/http/server.h"

namespace farshore {

// Immutable once built, so any thread may match.
class Router {
 public:
  // Errors: kInvalidArgument for a path that is not absolute, an empty handler or two routes alike.
  static Result<Router> build(std::vector<Route> routes);

  struct Match {
    const Route* route = nullptr;  // null: the path is unknown, or (with allow filled) only the method is
    std::map<std::string, std::string> parameters;
    std::string allow;  // value of the Allow header; empty when the path is unknown
  };
  // HEAD is answered by the GET route, and so is OPTIONS where the route says so.
  Match match(std::string_view method, std::string_view path) const;

  bool needs_authenticator() const;

 private:
  struct Entry {
    Route route;
    std::vector<std::string> segments;
  };
  std::vector<Entry> entries_;
};

// True for [A-Za-z0-9_.-]{1,63}, what names in paths and labels may be.
bool is_plain_name(std::string_view text);

}  // namespace farshore

// One POST of JSON to a receiver, and what its status means. Internal to actuator/notify.
#pragma once

#include <string>

#include "common/http/client.h"
#include "common/topology/topology.h"

namespace farshore {

// Where one receiver is. The token is read from its file at each use.
struct JsonTarget {
  std::string url;
  std::string token_file;  // empty: none is sent
  nanoseconds timeout = 5s;
};

// `path` is put behind the entry's `url`. Errors: kInvalidArgument, with the line of the configuration.
Result<JsonTarget> json_target(const NotifyConfig& config, const std::string& path);

// Errors as Sender::send.
Status post_json(HttpClient& http, const JsonTarget& target, const std::string& body);

}  // namespace farshore

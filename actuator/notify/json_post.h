// One POST of JSON to a receiver, and what its status means. Internal to actuator/notify.
#pragma once

#include <string>

#include "common/http/client.h"
#include "common/topology/topology.h"

namespace farshore {

// Where one receiver is. Files are read at each use.
struct JsonTarget {
  std::string url;         // as configured
  std::string path;        // what the kind puts behind it
  std::string url_file;    // instead of `url`: holds it in one line
  std::string token_file;  // empty: none is sent
  std::string ca_file, proxy;
  nanoseconds timeout = 5s;
};

// `path` is put behind the entry's `url`. Errors: kInvalidArgument, with the line of the configuration.
Result<JsonTarget> json_target(const NotifyConfig& config, const std::string& path);

// What a receiver is called: "<kind> https://host:port", or its url_file. What follows the port is often the
// secret of a webhook, so it stands in no name and in no message.
std::string receiver_name(const std::string& kind, const JsonTarget& target);

// Errors as Sender::send. They show no more of the address than receiver_name() does.
Status post_json(HttpClient& http, const JsonTarget& target, const std::string& body);

}  // namespace farshore

// What the application reads from its environment, once, at start.
//
// DB_HOST, DB_PORT, DB_USER, DB_PASSWORD (or DB_PASSWORD_FILE), DB_NAME, APP_REGION, APP_LISTEN ("host:port",
// default 0.0.0.0:8080; port 0 picks a free one and the log names it), APP_THREADS (1-256, default 24).
// Give DB_HOST as an address: the resolver behind a name has no deadline.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "common/base/result.h"

namespace farshore::example {

struct Settings {
  std::string db_host = "127.0.0.1";
  std::string db_port = "5432";
  std::string db_user = "shop_app";
  std::string db_password;
  std::string db_name = "shop";
  std::string region;
  std::string listen_host = "0.0.0.0";
  int listen_port = 8080;
  int threads = 24;
  // A client that waits half a second must hear the truth before it gives up, so all of a request fits in
  // here.
  std::chrono::milliseconds request_limit{450};
  std::chrono::milliseconds connect_limit{300};
};

// Returns the value of a variable or an empty string; main passes the real environment, tests a map.
using Environment = std::function<std::string(const std::string& name)>;

// kInvalidArgument names the variable and what it should look like.
Result<Settings> read_settings(const Environment& environment);

}  // namespace farshore::example

// The configuration of the HAProxy in front of a program. Pure. No text of the user's gets into it: numbers,
// words from our tables, and descriptors that the process inherits (configuration.txt of HAProxy 2.6: bind
// fd@ and sockpair@, sections 4.2 and 5.1).
#pragma once

#include <string>
#include <vector>

#include "common/web/web_config.h"

namespace farshore {

// Numbers are those that the front's process sees.
struct FrontPlan {
  std::vector<int> listeners;
  int certificate = -1;  // PEM of certificate and key; only read with TLS
  int client_ca = -1;    // PEM; -1: there is none
  int control = -1;      // one end of a socket pair
  int program_port = 0;  // on 127.0.0.1
  int program_threads = 0;
  std::string secret;  // hexadecimal
};

// HAProxy's own limits, for tests and for the documentation.
inline constexpr int kFrontConnections = 400;   // below the usual 1024 descriptors, two for each
inline constexpr int kFrontHeadBytes = 8192;    // of a request; more is 400
inline constexpr int kFrontRequestSeconds = 5;  // for a request's head and the first of its body

std::string render_front_config(const WebConfig& config, const FrontPlan& plan);

}  // namespace farshore

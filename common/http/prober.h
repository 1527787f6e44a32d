// Many HTTP GETs at once from one thread, each with its own deadline: what a health check wants to know. A
// new connection each time, because a new client is who the answer is for; redirects are never followed;
// bodies are bounded. Over libcurl's multi interface: a peer that hangs delays no other.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"

namespace farshore {

struct ProbeRequest {
  std::string url;
  // The addresses of the URL's host, already looked up, because libcurl would spend a thread on each look-up
  // that hangs. Empty only when the URL holds an address.
  std::vector<std::string> addresses;
  std::string ca_file;  // PEM; empty = the system's
  nanoseconds timeout = 2s;
  size_t max_body_bytes = size_t{64} << 10;
};

enum class ProbeFailure {
  kNone,         // a whole HTTP answer came, of whatever status
  kRefused,      // nothing listens there
  kTimeout,      // no whole answer within the deadline
  kUnreachable,  // the network says so
  kDns,          // the name has no address
  kTls,          // handshake or certificate
  kClosed,       // the peer closed before an answer
  kProtocol,     // what came is no HTTP
  kBody,         // too large, or it broke off
  kOther,
};

struct ProbeOutcome {
  ProbeFailure failure = ProbeFailure::kNone;
  std::string failure_text;  // for people; one line
  int status = 0;            // of kNone and kBody
  std::string content_type;
  std::string body;
  nanoseconds took{0};
  // Of the peer's own certificate, also when it was not accepted. Absent without TLS or before the peer
  // showed it.
  std::optional<WallTime> certificate_expiry;
};

// One thread; only wake() may be called by others.
class HttpProber {
 public:
  using Done = std::function<void(size_t id, ProbeOutcome outcome)>;

  HttpProber();
  ~HttpProber();  // gives up what is under way; waits for nothing
  HttpProber(const HttpProber&) = delete;
  HttpProber& operator=(const HttpProber&) = delete;

  // Begins one probe. `id` must have none under way.
  void begin(size_t id, const ProbeRequest& request);
  // Moves everything on until a probe ended, wake() was called or `at_most` is over; calls `done` for each
  // that ended.
  void run(nanoseconds at_most, const Done& done);
  void wake();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace farshore

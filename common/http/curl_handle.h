// What every use of libcurl here has in common. Internal to common/http.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "common/base/clock.h"

namespace farshore {

inline constexpr size_t kMaxCurlHeaderBytes = size_t{64} << 10;

struct CurlHandleDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using CurlHandle = std::unique_ptr<CURL, CurlHandleDeleter>;

// Once per process, before the first handle. Thread-safe.
void start_curl();

// http and https only, no proxy, no redirect, one deadline for the whole exchange.
void set_connection_options(CURL* handle, const std::string& url, nanoseconds timeout);

}  // namespace farshore

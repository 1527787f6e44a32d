// An HTTP receiver played by a test: takes POSTs on any of its paths, remembers them, and answers as it is
// told: with any status, late, or, stopped, not at all.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "common/http/server.h"

namespace farshore::test {

class HttpListener {
 public:
  explicit HttpListener(std::vector<std::string> paths);
  ~HttpListener();  // ends what is being answered late

  std::string url(const std::string& path) const;
  void answer(int status) { status_ = status; }
  void answer_after(nanoseconds delay) { delay_ = delay; }
  std::vector<ServerRequest> received() const;
  // How many bodies hold the text.
  size_t count(const std::string& text) const;

 private:
  ServerReply take(const ServerRequest& request);

  std::atomic<int> status_{200};
  std::atomic<nanoseconds> delay_{0ns};
  mutable std::mutex mutex_;
  std::vector<ServerRequest> received_;
  std::stop_source end_;
  std::unique_ptr<HttpServer> server_;  // last: it uses everything above
};

}  // namespace farshore::test

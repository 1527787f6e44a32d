// An HttpClient that opens no socket: it answers from a script and remembers what it was asked.
#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "common/http/client.h"

namespace farshore {

// Answers are given in order; the last one is given again for ever. Without any: kUnavailable. Thread-safe.
class FakeHttpClient final : public HttpClient {
 public:
  void answer(Result<HttpResponse> response) {
    const std::lock_guard lock(mutex_);
    script_.push_back(std::move(response));
  }
  void answer(int status, std::string body = "") { answer(HttpResponse{status, {}, std::move(body)}); }

  Result<HttpResponse> send(const HttpRequest& request) override {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    if (script_.empty()) return fail(ErrorCode::kUnavailable, "nothing is scripted");
    Result<HttpResponse> response = script_.front();
    if (script_.size() > 1) script_.pop_front();
    return response;
  }

  std::vector<HttpRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  mutable std::mutex mutex_;
  std::deque<Result<HttpResponse>> script_;
  std::vector<HttpRequest> requests_;
};

}  // namespace farshore

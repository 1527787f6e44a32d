// What stands between the actuator and a DNS provider's API when it breaks: passes requests on, refuses
// connections, answers 500, never answers, or says yes to a change and forgets it.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace farshore::test {

class FaultyProxy {
 public:
  enum class Mode { kPass, kRefuses, kAnswers500, kNeverAnswers, kForgets };

  explicit FaultyProxy(int to_port);
  ~FaultyProxy();
  FaultyProxy(const FaultyProxy&) = delete;
  FaultyProxy& operator=(const FaultyProxy&) = delete;

  std::string url() const;
  void set(Mode mode) { mode_ = mode; }

 private:
  void listen_and_serve(const std::stop_token& stop);
  void serve(int client, const std::stop_token& stop);
  void pass_on(int client, std::string request) const;

  const int to_port_, port_;
  std::atomic<Mode> mode_ = Mode::kPass;
  std::vector<std::jthread> connections_;  // of the listening thread
  std::jthread listener_;
};

}  // namespace farshore::test

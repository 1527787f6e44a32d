// Who is signed in: sessions of browsers, in memory only, so that they end with the process. And how often
// somebody may guess. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/http/server.h"

namespace farshore {

// What became of the last thing a person did; shown for a minute.
struct Notice {
  std::string text;
  bool is_error = false;
  BootTime at;
};

struct Session {
  Principal principal;
  std::string csrf;  // stands in every form of the session; a form without it does nothing
  BootTime ends;
  std::optional<Notice> notice;

  bool may_act() const { return principal.roles.count(Role::kOperator) > 0; }
};

class Sessions {
 public:
  static constexpr nanoseconds kLifetime = std::chrono::hours(8);  // a shift; also of a lost cookie
  static constexpr size_t kMost = 64;                              // the oldest one ends when one more begins

  explicit Sessions(Clock& clock) : clock_(clock) {}

  // The secret for the cookie: 32 random bytes as hex. kUnavailable when the kernel has no randomness.
  Result<std::string> begin(const Principal& principal);
  // The session of that secret; nothing when there is none or it has ended.
  std::optional<Session> find(std::string_view secret);
  void tell(std::string_view secret, std::string text, bool is_error);
  void end(std::string_view secret);

 private:
  Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Session>
      sessions_;  // by the SHA-256 of the secret: looking up tells nothing about it
};

// Counts failed sign-ins by where they come from and the name they try. After five within a minute the pair
// has to wait, whatever the password: guessing gets five tries a minute, and nobody else is kept out by it.
class SignInLimit {
 public:
  static constexpr int kTries = 5;
  static constexpr nanoseconds kWindow = std::chrono::minutes(1);
  static constexpr size_t kMost = 1000;  // pairs remembered; the oldest one is forgotten first

  explicit SignInLimit(Clock& clock) : clock_(clock) {}

  // How long the pair must wait; zero = it may try.
  nanoseconds wait(const std::string& from, const std::string& name);
  void failed(const std::string& from, const std::string& name);
  void succeeded(const std::string& from, const std::string& name);
  int64_t failures();  // since the start

 private:
  struct Count {
    int failures = 0;
    BootTime since;
  };
  using Key = std::pair<std::string, std::string>;
  Clock& clock_;
  std::mutex mutex_;
  std::map<Key, Count> counts_;
  int64_t failures_ = 0;
};

// Equal texts, compared in a time that does not depend on where they differ.
bool same_text(std::string_view a, std::string_view b);

}  // namespace farshore

// Logging: one line per decision, a message for people and fields for machines, to standard error.
//
//   log_info("webhook accepted", {{"cluster", name}, {"alerts", count}});
//
// logfmt:  ts=2026-11-22T07:13:48.970Z level=info msg="webhook accepted" cluster=shop alerts=2
// json:    {"ts":"2026-11-22T07:13:48.970Z","level":"info","msg":"webhook
// accepted","cluster":"shop","alerts":2}
//
// Every call gives exactly one line whatever the text holds (line breaks and controls are escaped, ill-formed
// UTF-8 is replaced, a value over 4 KiB is cut). Thread-safe. Never pass a secret. The audit trail is the
// journal, not this.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace farshore {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kLogfmt, kJson };

Result<LogLevel> parse_log_level(std::string_view text);    // debug, info, warn, error
Result<LogFormat> parse_log_format(std::string_view text);  // logfmt, json

// The value of one field; text is only borrowed for the call.
class LogValue {
 public:
  LogValue(std::string_view text) : value_(text) {}
  LogValue(const std::string& text) : value_(std::string_view(text)) {}
  LogValue(const char* text) : value_(std::string_view(text)) {}
  template <typename T>
    requires std::same_as<T, bool>
  LogValue(T truth) : value_(truth) {}
  template <std::signed_integral T>
  LogValue(T number) : value_(static_cast<int64_t>(number)) {}
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  LogValue(T number) : value_(static_cast<uint64_t>(number)) {}
  LogValue(double number) : value_(number) {}
  // Durations are written in seconds; put `_seconds` in the key.
  template <typename Rep, typename Period>
  LogValue(std::chrono::duration<Rep, Period> duration)
      : value_(std::chrono::duration<double>(duration).count()) {}

  using Variant = std::variant<std::string_view, bool, int64_t, uint64_t, double>;
  const Variant& get() const { return value_; }

 private:
  Variant value_;
};

struct LogField {
  std::string_view key;  // a literal of ours: lower case, underscores
  LogValue value;
};
using LogFields = std::initializer_list<LogField>;

// Until it is called: level info, logfmt. May be called again.
void init_logging(LogLevel level, LogFormat format);

void log(LogLevel level, std::string_view message, LogFields fields = {});
inline void log_debug(std::string_view message, LogFields fields = {}) {
  log(LogLevel::kDebug, message, fields);
}
inline void log_info(std::string_view message, LogFields fields = {}) {
  log(LogLevel::kInfo, message, fields);
}
inline void log_warn(std::string_view message, LogFields fields = {}) {
  log(LogLevel::kWarn, message, fields);
}
inline void log_error(std::string_view message, LogFields fields = {}) {
  log(LogLevel::kError, message, fields);
}

// The line as it is written, without its line break.
std::string render_log_line(LogFormat format, WallTime time, LogLevel level, std::string_view message,
                            LogFields fields);

// While it lives, lines go into memory and not to standard error. For tests; one at a time.
class LogCapture {
 public:
  LogCapture();
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  std::vector<std::string> lines() const;
  bool contains(std::string_view text) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace farshore

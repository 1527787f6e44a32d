// The text of a log line; log.cc sends it.
#include <cmath>
#include <iterator>

#include "common/base/log.h"
#include "common/base/utf8.h"

namespace farshore {
namespace {

constexpr size_t kMaxValueBytes = 4096;

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string escaped(std::string_view text) {
  std::string out;
  append_json_escaped(out, text.substr(0, kMaxValueBytes));
  if (text.size() > kMaxValueBytes)
    fmt::format_to(std::back_inserter(out), "... ({} bytes more)", text.size() - kMaxValueBytes);
  return out;
}

bool needs_quotes(std::string_view raw, std::string_view safe) {
  return raw.size() != safe.size() || safe.find_first_of(" =\"\\") != std::string_view::npos || raw != safe;
}

std::string json_number(double number) {
  return std::isfinite(number) ? fmt::format("{}", number) : fmt::format("\"{}\"", number);
}

class Line {
 public:
  explicit Line(LogFormat format) : json_(format == LogFormat::kJson) {
    if (json_) text_ += '{';
  }

  void add(std::string_view key, const LogValue& value) {
    begin(key);
    std::visit([this](const auto& held) { put(held); }, value.get());
  }

  std::string finish() && {
    if (json_) text_ += '}';
    return std::move(text_);
  }

 private:
  void begin(std::string_view key) {
    const bool first = text_.size() <= (json_ ? 1 : 0);
    if (!first) text_ += json_ ? ',' : ' ';
    if (json_) text_ += '"';
    for (const char c : key) text_ += c <= ' ' || c == '=' || c == '"' || c == '\\' || c == 0x7F ? '_' : c;
    text_ += json_ ? "\":" : "=";
  }

  void put(std::string_view raw) {
    const std::string safe = escaped(raw);
    const bool quotes = json_ || needs_quotes(raw, safe);
    if (quotes) text_ += '"';
    text_ += safe;
    if (quotes) text_ += '"';
  }
  void put(bool truth) { text_ += truth ? "true" : "false"; }
  void put(double number) { text_ += json_ ? json_number(number) : fmt::format("{}", number); }
  void put(int64_t number) { text_ += fmt::format("{}", number); }
  void put(uint64_t number) { text_ += fmt::format("{}", number); }

  bool json_;
  std::string text_;
};

}  // namespace

std::string render_log_line(LogFormat format, WallTime time, LogLevel level, std::string_view message,
                            LogFields fields) {
  Line line(format);
  line.add("ts", format_rfc3339(time));
  line.add("level", name_of(level));
  line.add("msg", message);
  for (const LogField& field : fields) line.add(field.key, field.value);
  return std::move(line).finish();
}

Result<LogLevel> parse_log_level(std::string_view text) {
  for (const LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError})
    if (text == name_of(level)) return level;
  return fail(ErrorCode::kInvalidArgument, "unknown log level '{:.40}': use debug, info, warn or error",
              text);
}

Result<LogFormat> parse_log_format(std::string_view text) {
  if (text == "logfmt") return LogFormat::kLogfmt;
  if (text == "json") return LogFormat::kJson;
  return fail(ErrorCode::kInvalidArgument, "unknown log format '{:.40}': use logfmt or json", text);
}

}  // namespace farshore

// The only file that sees spdlog: its header costs seconds of compiling per file.
#include "common/base/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

namespace farshore {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::shared_ptr<spdlog::logger> make_logger(const spdlog::sink_ptr& sink) {
  auto logger = std::make_shared<spdlog::logger>("farshore", sink);
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::debug);  // filtered before, in log()
  logger->flush_on(spdlog::level::debug);   // a line that explains a crash must be out before it
  return logger;
}

struct State {
  std::atomic<LogLevel> level{LogLevel::kInfo};
  std::atomic<LogFormat> format{LogFormat::kLogfmt};
  std::mutex mutex;
  std::shared_ptr<spdlog::logger> logger = make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>());

  std::shared_ptr<spdlog::logger> current() {
    const std::lock_guard lock(mutex);
    return logger;
  }
  std::shared_ptr<spdlog::logger> exchange(std::shared_ptr<spdlog::logger> next) {
    const std::lock_guard lock(mutex);
    return std::exchange(logger, std::move(next));
  }
};

// Never destroyed: detached library threads may log while the process exits.
State& state() {
  static auto* const instance = new State;
  return *instance;
}

}  // namespace

void init_logging(LogLevel level, LogFormat format) {
  state().level = level;
  state().format = format;
}

void log(LogLevel level, std::string_view message, LogFields fields) {
  if (level < state().level.load()) return;
  const std::string line = render_log_line(state().format, system_clock().wall_now(), level, message, fields);
  state().current()->log(spdlog_level(level), spdlog::string_view_t(line));
}

// What a capture collects; the sink owns a share, so that a thread which took the logger just before the
// capture ended still writes into living memory.
struct CapturedLines {
  std::mutex mutex;
  std::vector<std::string> lines;
};

namespace {

class CaptureSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit CaptureSink(std::shared_ptr<CapturedLines> captured) : captured_(std::move(captured)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::lock_guard lock(captured_->mutex);
    captured_->lines.emplace_back(message.payload.data(), message.payload.size());
  }
  void flush_() override {}

  std::shared_ptr<CapturedLines> captured_;
};

}  // namespace

struct LogCapture::Impl {
  std::shared_ptr<CapturedLines> captured = std::make_shared<CapturedLines>();
  std::shared_ptr<spdlog::logger> before;
};

LogCapture::LogCapture() : impl_(std::make_unique<Impl>()) {
  impl_->before = state().exchange(make_logger(std::make_shared<CaptureSink>(impl_->captured)));
}

LogCapture::~LogCapture() { state().exchange(std::move(impl_->before)); }

std::vector<std::string> LogCapture::lines() const {
  const std::lock_guard lock(impl_->captured->mutex);
  return impl_->captured->lines;
}

bool LogCapture::contains(std::string_view text) const {
  const std::vector<std::string> all = lines();
  return std::any_of(all.begin(), all.end(),
                     [text](const std::string& line) { return line.find(text) != std::string::npos; });
}

}  // namespace farshore

#include "examples/app/settings.h"

#include <charconv>
#include <fstream>

namespace farshore::example {
namespace {

Result<int> parse_number(const std::string& name, const std::string& text, int lowest, int highest) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < lowest || value > highest) {
    return fail(ErrorCode::kInvalidArgument, "{}: '{}' is not a number from {} to {}", name, text, lowest,
                highest);
  }
  return value;
}

Status read_listen(const std::string& text, Settings& settings) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) {
    return fail(ErrorCode::kInvalidArgument, "APP_LISTEN: '{}' is not host:port", text);
  }
  const auto port = parse_number("APP_LISTEN", text.substr(colon + 1), 0, 65535);
  if (!port) return tl::unexpected(port.error());
  settings.listen_host = text.substr(0, colon);
  settings.listen_port = *port;
  return {};
}

Status read_password(const Environment& environment, Settings& settings) {
  settings.db_password = environment("DB_PASSWORD");
  const std::string file = environment("DB_PASSWORD_FILE");
  if (file.empty()) return {};
  std::ifstream stream(file);
  if (!std::getline(stream, settings.db_password)) {
    return fail(ErrorCode::kInvalidArgument, "DB_PASSWORD_FILE: cannot read a line from '{}'", file);
  }
  return {};
}

}  // namespace

Result<Settings> read_settings(const Environment& environment) {
  Settings settings;
  const auto take = [&](const char* name, std::string& field) {
    if (std::string value = environment(name); !value.empty()) field = std::move(value);
  };
  take("DB_HOST", settings.db_host);
  take("DB_PORT", settings.db_port);
  take("DB_USER", settings.db_user);
  take("DB_NAME", settings.db_name);
  take("APP_REGION", settings.region);
  if (settings.region.empty()) {
    return fail(ErrorCode::kInvalidArgument, "APP_REGION: say which region this copy runs in");
  }
  if (auto read = read_password(environment, settings); !read) return tl::unexpected(read.error());
  if (const std::string listen = environment("APP_LISTEN"); !listen.empty()) {
    if (auto read = read_listen(listen, settings); !read) return tl::unexpected(read.error());
  }
  if (const std::string threads = environment("APP_THREADS"); !threads.empty()) {
    const auto count = parse_number("APP_THREADS", threads, 1, 256);
    if (!count) return tl::unexpected(count.error());
    settings.threads = *count;
  }
  return settings;
}

}  // namespace farshore::example

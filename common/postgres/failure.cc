#include "common/postgres/failure.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

namespace farshore {
namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}
bool mentions(std::string_view text, int error) { return contains(text, std::strerror(error)); }

std::string first_line(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return "";
  text.remove_prefix(begin);
  text = text.substr(0, text.find('\n'));
  return std::string(text.substr(0, 300));
}

// The last ":  28P01: message" of a verbose message; several stand in it when several addresses were tried.
bool find_sqlstate(std::string_view message, std::string& sqlstate, std::string& text) {
  bool found = false;
  for (size_t at = message.find(":  "); at != std::string_view::npos; at = message.find(":  ", at + 1)) {
    const std::string_view code = message.substr(at + 3, 7);
    if (code.size() < 7 || code.substr(5) != ": ") continue;
    const bool is_code = std::ranges::all_of(
        code.substr(0, 5), [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
    if (!is_code) continue;
    sqlstate = code.substr(0, 5);
    text = first_line(message.substr(at + 10));
    found = true;
  }
  return found;
}

FailureClass class_of_client_message(std::string_view message) {
  // Order matters when several addresses were tried: the most telling answer wins.
  if (contains(message, "no password supplied") || contains(message, "authentication"))
    return FailureClass::kAuth;
  if (contains(message, "server closed the connection") || contains(message, "SSL SYSCALL error") ||
      mentions(message, ECONNRESET) || mentions(message, EPIPE))
    return FailureClass::kClosed;
  if (contains(message, "SSL") || contains(message, "certificate")) return FailureClass::kTls;
  if (mentions(message, ETIMEDOUT) || contains(message, "timeout expired")) return FailureClass::kTimeout;
  if (mentions(message, ECONNREFUSED) || mentions(message, ENOENT)) return FailureClass::kRefused;
  if (mentions(message, EHOSTUNREACH) || mentions(message, ENETUNREACH) || mentions(message, EHOSTDOWN))
    return FailureClass::kUnreachable;
  if (contains(message, "could not translate host name")) return FailureClass::kDns;
  return FailureClass::kClosed;  // neither silence nor proof of life
}

}  // namespace

PgFailure classify_connect_failure(std::string_view message) {
  PgFailure result;
  std::string text;
  if (find_sqlstate(message, result.sqlstate, text)) return classify_sqlstate(result.sqlstate, text);
  result.failure = class_of_client_message(message);
  result.text = first_line(message);
  return result;
}

PgFailure classify_sqlstate(std::string_view sqlstate, std::string_view message) {
  PgFailure result{FailureClass::kQuery, first_line(message), std::string(sqlstate)};
  if (sqlstate.starts_with("28")) {
    result.failure = FailureClass::kAuth;
  } else if (sqlstate == "53300") {
    result.failure = FailureClass::kTooManyClients;
  } else if (sqlstate == "57P03") {
    // One SQLSTATE for both; a server that speaks another language counts as starting, which is as alive.
    result.failure =
        contains(message, "shutting down") ? FailureClass::kShuttingDown : FailureClass::kStartingUp;
  } else if (sqlstate == "57P01" || sqlstate == "57P02") {
    result.failure = FailureClass::kShuttingDown;
  } else if (sqlstate.empty()) {
    result.failure = FailureClass::kClosed;
  }
  return result;
}

ErrorCode error_code_of(FailureClass failure) {
  switch (failure) {
    case FailureClass::kTimeout:
      return ErrorCode::kTimeout;
    case FailureClass::kAuth:
      return ErrorCode::kPermission;
    case FailureClass::kQuery:
      return ErrorCode::kInvalidArgument;
    default:
      return ErrorCode::kUnavailable;
  }
}

}  // namespace farshore

// Result<T>: a value, or an Error that says what was tried, on what, and whether trying again can help.
//
// Every call that can fail returns one; exceptions of libraries end at the edge where they are caught. Plain
// values, safe to copy between threads.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace farshore {

enum class ErrorCode {
  kInvalidArgument,  // the input is wrong; trying again cannot help
  kNotFound,
  kConflict,     // a compare-and-swap lost, or the state does not allow it
  kPermission,   // credentials or privileges
  kUnavailable,  // the other side cannot be reached or says no for now
  kTimeout,      // nothing happened before the deadline, and nothing was sent that could still take effect
  kUnknown,      // something was sent and no answer came: it may or may not have taken effect, so look first
  kCorrupt,      // stored data contradicts itself
  kInternal,     // a promise of our own is broken
};

std::string_view to_string(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  // True when the same call may succeed later without anybody changing the input.
  bool retryable() const {
    return code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout || code == ErrorCode::kUnknown;
  }
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

// Usage: return fail(ErrorCode::kTimeout, "no answer from {} within {} ms", name, ms);
template <typename... Args>
tl::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Error>(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

// Passes an error on with what was being done put before it: "<context>: <message>".
tl::unexpected<Error> wrap(std::string_view context, const Error& error);

}  // namespace farshore

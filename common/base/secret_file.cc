#include "common/base/secret_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "common/base/descriptor.h"

namespace farshore {
namespace {

constexpr size_t kMostBytes = 4096;

// At most one byte more than is allowed, so that too much is seen.
Result<std::string> read_start(const std::string& path) {
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.open()) {
    ErrorCode code = ErrorCode::kUnavailable;
    if (errno == ENOENT || errno == ENOTDIR) code = ErrorCode::kNotFound;
    if (errno == EACCES || errno == EPERM) code = ErrorCode::kPermission;
    return fail(code, "cannot open the secret file {}: {}", path, strerror(errno));
  }
  std::array<char, kMostBytes + 1> buffer;
  const ssize_t count = read(fd.get(), buffer.data(), buffer.size());
  if (count < 0)
    return fail(ErrorCode::kUnavailable, "cannot read the secret file {}: {}", path, strerror(errno));
  return std::string(buffer.data(), static_cast<size_t>(count));
}

bool is_printable(char c) { return c >= ' ' && c != '\x7f'; }

}  // namespace

Result<std::string> read_secret_file(const std::string& path) {
  Result<std::string> secret = read_start(path);
  if (!secret) return secret;
  const bool too_much = secret->size() > kMostBytes;
  if (secret->ends_with('\n')) secret->pop_back();
  if (secret->ends_with('\r')) secret->pop_back();
  if (secret->empty() || too_much || !std::all_of(secret->begin(), secret->end(), is_printable))
    return fail(ErrorCode::kInvalidArgument, "the secret file {} must hold one line of at most {} bytes",
                path, kMostBytes);
  return secret;
}

Result<std::string> read_secret_text(const std::string& path) {
  Result<std::string> text = read_start(path);
  if (!text) return text;
  const auto fits = [](char c) { return is_printable(c) || c == '\n' || c == '\r' || c == '\t'; };
  if (text->empty() || text->size() > kMostBytes || !std::all_of(text->begin(), text->end(), fits))
    return fail(ErrorCode::kInvalidArgument, "the secret file {} must hold text of at most {} bytes", path,
                kMostBytes);
  return text;
}

}  // namespace farshore

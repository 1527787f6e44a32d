#include "common/base/secret_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/descriptor.h"

namespace farshore {
namespace {

constexpr size_t kMaxLineBytes = 4096;
constexpr size_t kMaxFileBytes = size_t{16} << 10;

// At most one byte more than `max_bytes`, so that the caller sees that it is too much.
Result<std::string> read_all(const std::string& path, size_t max_bytes) {
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.open()) {
    ErrorCode code = ErrorCode::kUnavailable;
    if (errno == ENOENT || errno == ENOTDIR) code = ErrorCode::kNotFound;
    if (errno == EACCES || errno == EPERM) code = ErrorCode::kPermission;
    return fail(code, "cannot open the secret file {}: {}", path, strerror(errno));
  }
  std::string text(max_bytes + 1, '\0');
  const ssize_t count = read(fd.get(), text.data(), text.size());
  if (count < 0)
    return fail(ErrorCode::kUnavailable, "cannot read the secret file {}: {}", path, strerror(errno));
  text.resize(static_cast<size_t>(count));
  return text;
}

bool is_printable(char c) { return c >= ' ' && c != '\x7f'; }

}  // namespace

Result<std::string> read_secret_file(const std::string& path) {
  Result<std::string> secret = read_all(path, kMaxLineBytes);
  if (!secret) return secret;
  const bool too_long = secret->size() > kMaxLineBytes;
  if (secret->ends_with('\n')) secret->pop_back();
  if (secret->ends_with('\r')) secret->pop_back();
  if (secret->empty() || too_long || !std::ranges::all_of(*secret, is_printable))
    return fail(ErrorCode::kInvalidArgument, "the secret file {} must hold one line of at most {} bytes",
                path, kMaxLineBytes);
  return secret;
}

Result<std::string> read_secret_lines(const std::string& path) {
  Result<std::string> text = read_all(path, kMaxFileBytes);
  if (!text) return text;
  const auto fits = [](char c) { return is_printable(c) || c == '\n' || c == '\r' || c == '\t'; };
  if (text->empty() || text->size() > kMaxFileBytes || !std::ranges::all_of(*text, fits))
    return fail(ErrorCode::kInvalidArgument, "the secret file {} must hold text of at most {} bytes", path,
                kMaxFileBytes);
  return text;
}

}  // namespace farshore

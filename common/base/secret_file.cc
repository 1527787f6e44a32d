#include "common/base/secret_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace farshore {

Result<std::string> read_secret_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    ErrorCode code = ErrorCode::kUnavailable;
    if (errno == ENOENT || errno == ENOTDIR) code = ErrorCode::kNotFound;
    if (errno == EACCES || errno == EPERM) code = ErrorCode::kPermission;
    return fail(code, "cannot open the secret file {}: {}", path, strerror(errno));
  }
  std::array<char, 4097> buffer;
  const ssize_t count = read(fd, buffer.data(), buffer.size());
  const int error = errno;
  close(fd);
  if (count < 0)
    return fail(ErrorCode::kUnavailable, "cannot read the secret file {}: {}", path, strerror(error));
  std::string secret(buffer.data(), static_cast<size_t>(count));
  if (secret.ends_with('\n')) secret.pop_back();
  if (secret.ends_with('\r')) secret.pop_back();
  const bool printable =
      std::all_of(secret.begin(), secret.end(), [](char c) { return c >= ' ' && c != '\x7f'; });
  if (secret.empty() || count > 4096 || !printable)
    return fail(ErrorCode::kInvalidArgument, "the secret file {} must hold one line of at most 4096 bytes",
                path);
  return secret;
}

}  // namespace farshore

// Reads a secret (token, key) from its file, each time it is used, so that a rotated one needs no restart.
#pragma once

#include <string>

#include "common/base/result.h"

namespace farshore {

// The first line without its end. Errors name the path and never the content: kNotFound, kPermission,
// kInvalidArgument (empty, more than one line, more than 4 KiB, control characters), kUnavailable.
Result<std::string> read_secret_file(const std::string& path);
// The whole of a file that holds secrets in lines, as the AWS credentials file or a name server's key does:
// at most 16 KiB of printable text. The same errors.
Result<std::string> read_secret_lines(const std::string& path);

}  // namespace farshore

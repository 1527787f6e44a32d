// Reads a secret (token, key) from its file, each time it is used, so that a rotated one needs no restart.
#pragma once

#include <string>

#include "common/base/result.h"

namespace farshore {

// The first line without its end. Errors name the path and never the content: kNotFound, kPermission,
// kInvalidArgument (empty, more than one line, more than 4 KiB, control characters), kUnavailable.
Result<std::string> read_secret_file(const std::string& path);
// The whole file, which may have many lines (a key as a name server's tools write it). The same errors.
Result<std::string> read_secret_text(const std::string& path);

}  // namespace farshore

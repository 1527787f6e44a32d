// What this build is. The revision is taken from git when CMake configures; "unknown" outside a checkout.
#pragma once

#include <string>
#include <string_view>

namespace farshore {

extern const std::string_view kVersion;   // "0.1.0"
extern const std::string_view kRevision;  // abbreviated commit, "-dirty" is not tracked

// What --version prints, in the manner of the Prometheus programs: name, version, revision, compiler,
// platform.
std::string version_text(std::string_view program);

}  // namespace farshore

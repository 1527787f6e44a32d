// Starts @stoplight/prism-cli, which compares every call with an OpenAPI description.
#pragma once

#include <memory>
#include <string>

#include "tests/support/child_process.h"

namespace farshore::test {

// `prism proxy --errors` listening at `url` and answering; `folder` takes its log. Throws when it does not
// start.
std::unique_ptr<ChildProcess> start_prism(const std::string& description, const std::string& upstream_url,
                                          const std::string& url, const TempDir& folder);

}  // namespace farshore::test

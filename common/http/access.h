// The access file (--web.access-file): who may ask for what.
//
//   principals:
//     - {name: alertmanager, roles: [webhook], bearer_token_file: /etc/farshore/alertmanager.token}
//     - {name: anna, roles: [operator, viewer], bcrypt: "$2b$12$..."}
//
// A bearer token is read from its file for each request, so a rotated one needs no restart. A person with a
// bcrypt hash logs in by basic authentication under the principal's name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/http/server.h"

namespace farshore {

// True for "$2a$", "$2b$" or "$2y$" of a cost from 4 to 14: more would hold a worker for longer than a client
// waits.
bool is_bcrypt(const std::string& hash);

struct AccessEntry {
  Principal principal;
  // Exactly one of the two is set.
  std::string bearer_token_file;
  std::string bcrypt;  // "$2b$12$" and 53 characters
};

struct AccessFile {
  std::string source;
  std::vector<AccessEntry> entries;
};

// All faults at once, each with file, line, column and remedy, in the error's message (kInvalidArgument).
Result<AccessFile> parse_access(const std::string& text, const std::string& source_name);
Result<AccessFile> load_access(const std::string& path);

// Thread-safe. Tokens are compared in constant time. A verified password is remembered (as a digest,
// bounded), since bcrypt is slow on purpose; at most two are computed at once, more are kUnavailable, so that
// guessing cannot take all workers. Errors: kInvalidArgument when a token file cannot be read or is too short
// now.
Result<std::shared_ptr<const Authenticator>> make_authenticator(AccessFile access);

}  // namespace farshore

// A key that signs DNS messages. Source: RFC 8945; the file formats are those of BIND's tsig-keygen and of
// nsupdate -y.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace farshore {

struct TsigKey {
  std::string name;       // lower case, with the final dot
  std::string algorithm;  // "hmac-sha256." or "hmac-sha512."
  std::string secret;     // base64
};

// Either what tsig-keygen prints,
//
//   key "name" { algorithm hmac-sha256; secret "base64"; };
//
// with comments (#, //, /* */) and white space as BIND takes them, or one line algorithm:name:secret.
// Errors name no part of the secret: kInvalidArgument.
Result<TsigKey> parse_tsig_key(std::string_view text);

// Read anew for each use, so that a rotated one needs no restart. Errors: those of read_secret_lines, and
// with the path kInvalidArgument.
Result<TsigKey> read_tsig_key(const std::string& path);

}  // namespace farshore

// Certificates and keys as the web configuration names them, read and checked before anybody else sees them,
// so that a fault is told with the name of the user's own file.
#pragma once

#include <string>

#include "common/base/result.h"
#include "common/web/web_config.h"

namespace farshore {

struct TlsMaterial {
  std::string server_pem;     // certificate, chain and key: a secret
  std::string client_ca_pem;  // empty when clients are not verified
};

// kInvalidArgument: a file cannot be read, holds no certificate or key, the key is encrypted or another
// certificate's. An expired certificate is taken, with a warning in the log: a scrape that complains is
// better than a program that does not start.
Result<TlsMaterial> load_tls_material(const TlsConfig& config);

}  // namespace farshore

// What a client's certificate says about it. The certificate was verified by whoever hands it over; here it
// is only read. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace farshore {

struct ClientCertificate {
  std::string subject;  // as in RFC 2253: "CN=prometheus,O=Example"
  // Subject alternative names: DNS names, e-mail addresses, URIs, IP addresses as they are usually written.
  // One with a NUL byte or a control character is left out: it is never what it looks like.
  std::vector<std::string> names;
};

// From DER in base64. kInvalidArgument when it is no certificate.
Result<ClientCertificate> read_client_certificate(std::string_view base64_der);

}  // namespace farshore

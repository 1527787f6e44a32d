// Certificates for tests, made by the openssl program. Elliptic curves: a key costs milliseconds.
#pragma once

#include <string>

#include "tests/support/child_process.h"

namespace farshore::test {

struct IssueOptions {
  std::string subject = "/CN=localhost";
  std::string sans = "DNS:localhost,IP:127.0.0.1,IP:::1";  // empty: none
  int days = 2;                                            // negative: has expired
};

// Paths of PEM files in the authority's folder.
struct Issued {
  std::string certificate;
  std::string key;
};

class CertificateAuthority {
 public:
  CertificateAuthority();
  std::string certificate() const { return folder_.file("ca.pem"); }
  // Throws std::runtime_error with openssl's words when it fails.
  Issued issue(const std::string& name, const IssueOptions& options = {}) const;
  const TempDir& folder() const { return folder_; }

 private:
  TempDir folder_;
};

// The certificate of a PEM file as DER in base64, in one line.
std::string base64_der(const std::string& pem_file);

}  // namespace farshore::test

#include "tests/support/certificates.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace farshore::test {
namespace {

std::string openssl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "openssl");
  CommandResult result = run_command(std::move(arguments));
  if (result.exit_code != 0) throw std::runtime_error("openssl: " + result.output);
  return std::move(result.output);
}

}  // namespace

CertificateAuthority::CertificateAuthority() {
  openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
           "-subj", "/CN=Test CA", "-keyout", folder_.file("ca.key"), "-out", certificate()});
}

Issued CertificateAuthority::issue(const std::string& name, const IssueOptions& options) const {
  const Issued issued{folder_.file(name + ".pem"), folder_.file(name + ".key")};
  const std::string request = folder_.file(name + ".csr");
  std::vector<std::string> ask = {
      "req",    "-new",  "-newkey",       "ec",      "-pkeyopt", "ec_paramgen_curve:P-256",
      "-nodes", "-subj", options.subject, "-keyout", issued.key, "-out",
      request};
  if (!options.sans.empty()) ask.insert(ask.end(), {"-addext", "subjectAltName=" + options.sans});
  openssl(std::move(ask));
  openssl({"x509", "-req", "-in", request, "-CA", certificate(), "-CAkey", folder_.file("ca.key"),
           "-CAcreateserial", "-days", std::to_string(options.days), "-copy_extensions", "copyall", "-out",
           issued.certificate});
  return issued;
}

std::string base64_der(const std::string& pem_file) {
  const std::string pem = read_file(pem_file);
  const size_t begin = pem.find('\n', pem.find("-----BEGIN"));
  const size_t end = pem.find("-----END");
  if (begin == std::string::npos || end == std::string::npos)
    throw std::runtime_error(pem_file + " is no PEM");
  std::string text = pem.substr(begin, end - begin);
  std::erase(text, '\n');
  return text;
}

}  // namespace farshore::test

// The file of --web.config.file: TLS, headers and users, in the format of the Prometheus exporter-toolkit
// (docs/web-configuration.md there), so that one file serves every program of a host. Where this reader is
// stricter than the toolkit, and why, stands in docs/tls.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"

namespace farshore {

// As Go's crypto/tls names them; only the last two prove anything about who is asking.
enum class ClientAuth {
  kNoClientCert,
  kRequestClientCert,
  kRequireAnyClientCert,
  kVerifyClientCertIfGiven,
  kRequireAndVerifyClientCert
};

enum class TlsVersion { kTls12, kTls13 };

// Exactly one of the two is set when it is there at all.
struct PemSource {
  std::string file;  // absolute, or relative to the working directory
  std::string text;  // written into the configuration itself

  bool given() const { return !file.empty() || !text.empty(); }
};

struct TlsConfig {
  PemSource certificate;
  PemSource key;
  PemSource client_ca;
  ClientAuth client_auth = ClientAuth::kNoClientCert;
  std::vector<std::string> client_allowed_sans;
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  std::vector<std::string> ciphers;  // for TLS 1.2, by OpenSSL's names; empty: ours
  bool prefer_server_ciphers = true;
  std::vector<std::string> curves;  // by OpenSSL's names; empty: OpenSSL's
};

struct WebConfig {
  std::string source;
  std::optional<TlsConfig> tls;
  bool http2 = true;
  std::map<std::string, std::string> headers;  // added to every answer
  std::map<std::string, std::string> users;    // name to bcrypt hash
};

// All faults at once, each with file, line, column and remedy (kInvalidArgument). Reads no other file.
// Relative paths in it are relative to the folder of `source_name`.
Result<WebConfig> parse_web_config(const std::string& text, const std::string& source_name);
Result<WebConfig> load_web_config(const std::string& path);

}  // namespace farshore

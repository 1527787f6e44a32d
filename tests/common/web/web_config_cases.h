// Web configurations that are good or bad: one table for our reader and for promtool's (Prometheus 2.42), so
// that where the two differ is written down and stays true.
#pragma once

#include <string>

namespace farshore::test {

enum class Promtool {
  kTakes,
  kRefuses,
  kTooOld  // a key or value that the toolkit took later than this promtool
};

struct WebConfigCase {
  const char* text;  // one line; "TLS" stands for a certificate and its key, HASH for a bcrypt hash
  const char* ours;  // null: taken; else a part of the message
  Promtool promtool;
};

inline std::string fill(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (text.compare(i, 5, "<TLS>") == 0) {
      out += "cert_file: web.pem, key_file: web.key";
      i += 5;
    } else if (text.compare(i, 6, "<HASH>") == 0) {
      out += "\"$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG\"";
      i += 6;
    } else {
      out += text[i++];
    }
  }
  return out + "\n";
}

inline constexpr WebConfigCase kWebConfigCases[] = {
    // The same by both.
    {"tls_server_config: {<TLS>}", nullptr, Promtool::kTakes},
    {"tls_server_config: {<TLS>, min_version: TLS12, max_version: TLS12}", nullptr, Promtool::kTakes},
    {"tls_server_config: {<TLS>, min_version: TLS13}", nullptr, Promtool::kTakes},
    {"tls_server_config: {<TLS>, client_auth_type: NoClientCert}", nullptr, Promtool::kTakes},
    {"tls_server_config: {<TLS>, client_auth_type: RequestClientCert}", nullptr, Promtool::kTakes},
    {"tls_server_config: {<TLS>, client_auth_type: RequireAnyClientCert}", nullptr, Promtool::kTakes},
    {"tls_server_config: {<TLS>, client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.pem}", nullptr,
     Promtool::kTakes},
    {"tls_server_config: {<TLS>, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem}",
     nullptr, Promtool::kTakes},
    {"tls_server_config: {<TLS>, cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]}", nullptr,
     Promtool::kTakes},
    {"tls_server_config: {<TLS>, curve_preferences: [CurveP521]}", nullptr, Promtool::kTakes},
    {"tls_server_config: {<TLS>, prefer_server_cipher_suites: false}", nullptr, Promtool::kTakes},
    {"http_server_config: {http2: false}", nullptr, Promtool::kTakes},
    {"http_server_config: {headers: {X-Frame-Options: sameorigin, X-Content-Type-Options: nosniff}}", nullptr,
     Promtool::kTakes},
    {"http_server_config: {headers: {Strict-Transport-Security: max-age=31536000}}", nullptr,
     Promtool::kTakes},
    {"basic_auth_users: {anna: <HASH>}", nullptr, Promtool::kTakes},
    {"tls_server: {<TLS>}", "unknown key 'tls_server'", Promtool::kRefuses},
    {"tls_server_config: {<TLS>, cert: x}", "both 'cert' and 'cert_file'", Promtool::kTooOld},
    {"tls_server_config: {cert_file: web.pem}", "there is no key", Promtool::kRefuses},
    {"tls_server_config: {key_file: web.key}", "there is no certificate", Promtool::kRefuses},
    {"tls_server_config: {<TLS>, client_auth_type: Always}", "no client_auth_type 'Always'",
     Promtool::kRefuses},
    {"tls_server_config: {<TLS>, client_ca_file: ca.pem}", "not asked for certificates", Promtool::kRefuses},
    {"tls_server_config: {<TLS>, min_version: TLS14}", "no TLS version", Promtool::kRefuses},
    {"tls_server_config: {<TLS>, cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}", "is not known here",
     Promtool::kRefuses},
    {"tls_server_config: {<TLS>, curve_preferences: [CurveP257]}", "did you mean 'CurveP256'",
     Promtool::kRefuses},
    {"http_server_config: {headers: {X-Frame-Options: allow}}", "is no value of X-Frame-Options",
     Promtool::kRefuses},
    {"http_server_config: {headers: {Server: mine}}", "unknown key 'Server'", Promtool::kRefuses},
    {"http_server_config: {http2: perhaps}", "must be true or false", Promtool::kRefuses},
    {"basic_auth_users: {anna: hunter2}", "no bcrypt hash", Promtool::kRefuses},
    // Later keys of the toolkit, which this promtool does not know yet.
    {"tls_server_config: {<TLS>, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem, "
     "client_allowed_sans: [a.example]}",
     nullptr, Promtool::kTooOld},
    {"tls_server_config: {<TLS>, client_allowed_sans: [a.example]}",
     "mean nothing when these are not verified", Promtool::kTooOld},
    {"rate_limit: {interval: 1s, burst: 5}", "not limited by rate", Promtool::kTooOld},
    // Where we are stricter on purpose.
    {"tls_server_config: {min_version: TLS12}", "there is no certificate", Promtool::kTakes},
    {"tls_server_config:", "must be a mapping", Promtool::kTakes},
    {"tls_server_config: {<TLS>, min_version: TLS10}", "TLS10 is broken", Promtool::kTakes},
    {"tls_server_config: {<TLS>, min_version: TLS13, max_version: TLS12}", "below min_version",
     Promtool::kTakes},
    {"tls_server_config: {<TLS>, cipher_suites: [TLS_RSA_WITH_AES_128_GCM_SHA256]}", "is not known here",
     Promtool::kTakes},
    {"tls_server_config: {<TLS>, cipher_suites: [TLS_AES_128_GCM_SHA256]}", "none of these serves TLS 1.2",
     Promtool::kTakes},
    {"tls_server_config: {<TLS>, client_auth_type: RequireAndVerifyClientCert}",
     "no CA to verify clients against", Promtool::kTakes},
    {"basic_auth_users: {\"an:na\": <HASH>}", "hold a colon", Promtool::kTakes},
};

}  // namespace farshore::test

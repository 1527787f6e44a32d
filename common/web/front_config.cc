#include "common/web/front_config.h"

#include <fmt/ranges.h>

#include "common/web/web_gate.h"

namespace farshore {
namespace {

// Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

const char* version_name(TlsVersion version) { return version == TlsVersion::kTls12 ? "TLSv1.2" : "TLSv1.3"; }

std::string client_words(ClientAuth policy, const FrontPlan& plan) {
  // Without a CA one must still be named: the server's own certificate stands in, and is not told to clients.
  const std::string ca = plan.client_ca >= 0
                             ? fmt::format(" ca-file /proc/self/fd/{}", plan.client_ca)
                             : fmt::format(" ca-file /proc/self/fd/{} no-ca-names", plan.certificate);
  const std::string anybody = ca + " crt-ignore-err all ca-ignore-err all";
  switch (policy) {
    case ClientAuth::kRequestClientCert:
      return " verify optional" + anybody;
    case ClientAuth::kRequireAnyClientCert:
      return " verify required" + anybody;
    case ClientAuth::kVerifyClientCertIfGiven:
      return " verify optional" + ca;
    case ClientAuth::kRequireAndVerifyClientCert:
      return " verify required" + ca;
    case ClientAuth::kNoClientCert:
      break;
  }
  return " verify none";
}

// No tickets: each connection shows its certificate anew, so that one that expired or lost its CA is out.
std::string tls_words(const WebConfig& config, const FrontPlan& plan) {
  const TlsConfig& tls = *config.tls;
  std::string words =
      fmt::format(" ssl crt /proc/self/fd/{} no-tls-tickets ssl-min-ver {} ssl-max-ver {} alpn {} ciphers {}",
                  plan.certificate, version_name(tls.min_version), version_name(tls.max_version),
                  config.http2 ? "h2,http/1.1" : "http/1.1",
                  tls.ciphers.empty() ? kCiphers : fmt::format("{}", fmt::join(tls.ciphers, ":")));
  if (!tls.curves.empty()) words += fmt::format(" curves {}", fmt::join(tls.curves, ":"));
  if (!tls.prefer_server_ciphers) words += " prefer-client-ciphers";
  return words + client_words(tls.client_auth, plan);
}

std::string global_and_defaults(const FrontPlan& plan) {
  return fmt::format(
      "global\n"
      "  nbthread 1\n"
      "  maxconn {}\n"
      "  hard-stop-after 10s\n"
      "  tune.bufsize {}\n"
      "  tune.maxrewrite {}\n"
      "  tune.ssl.cachesize 0\n"
      "  stats socket sockpair@{} level user\n"
      "\n"
      "defaults\n"
      "  mode http\n"
      "  option http-buffer-request\n"
      "  option http-server-close\n"
      "  timeout http-request {}s\n"
      "  timeout http-keep-alive 60s\n"
      "  timeout client 10s\n"
      "  timeout connect 2s\n"
      "  timeout queue 5s\n"
      "  timeout server 30s\n",
      kFrontConnections, 2 * kFrontHeadBytes, kFrontHeadBytes, plan.control, kFrontRequestSeconds);
}

}  // namespace

std::string render_front_config(const WebConfig& config, const FrontPlan& plan) {
  std::string text = global_and_defaults(plan) + "\nfrontend door\n";
  for (const int listener : plan.listeners) {
    text += fmt::format("  bind fd@{}{}\n", listener, config.tls ? tls_words(config, plan) : "");
  }
  text += fmt::format(
      "  http-request del-header {} -m beg\n"
      "  http-request set-header {} {}\n"
      "  http-request set-header {} %[src]\n",
      kFrontPrefix, kFrontSecretHeader, plan.secret, kClientAddressHeader);
  if (config.tls && config.tls->client_auth != ClientAuth::kNoClientCert) {
    text += fmt::format(
        "  http-request set-header {} %[ssl_c_der,base64] if {{ ssl_c_used }} {{ ssl_c_verify 0 }}\n",
        kClientCertificateHeader);
  }
  text += fmt::format(
      "  default_backend program\n"
      "\nbackend program\n"
      "  server program 127.0.0.1:{} maxconn {}\n",
      plan.program_port, plan.program_threads);
  return text;
}

}  // namespace farshore

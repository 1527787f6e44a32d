#include "common/web/web_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/common/web/web_config_cases.h"
#include "tests/support/child_process.h"

namespace farshore {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr const char* kHash = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

TEST(WebConfig, ReadsWhatTheToolkitDocuments) {
  const auto config = parse_web_config(fmt::format(R"(
tls_server_config:
  cert_file: web.pem
  key_file: /etc/keys/web.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ../ca.pem
  client_allowed_sans: [prometheus.example, 10.0.0.7]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [X25519, CurveP256]
http_server_config:
  http2: false
  headers:
    X-Frame-Options: deny
    Content-Security-Policy: "default-src 'self'"
basic_auth_users:
  anna: "{}"
)",
                                                   kHash),
                                       "/etc/farshore/web.yml");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  const TlsConfig& tls = config->tls.value();
  EXPECT_EQ(tls.certificate.file, "/etc/farshore/web.pem");
  EXPECT_EQ(tls.key.file, "/etc/keys/web.key");
  EXPECT_EQ(tls.client_ca.file, "/etc/ca.pem");
  EXPECT_EQ(tls.client_auth, ClientAuth::kRequireAndVerifyClientCert);
  EXPECT_THAT(tls.client_allowed_sans, ElementsAre("prometheus.example", "10.0.0.7"));
  EXPECT_THAT(tls.ciphers, ElementsAre("ECDHE-RSA-AES128-GCM-SHA256"));
  EXPECT_FALSE(tls.prefer_server_ciphers);
  EXPECT_THAT(tls.curves, ElementsAre("X25519", "P-256"));
  EXPECT_FALSE(config->http2);
  EXPECT_THAT(config->headers, ElementsAre(Pair("Content-Security-Policy", "default-src 'self'"),
                                           Pair("X-Frame-Options", "deny")));
  EXPECT_THAT(config->users, ElementsAre(Pair("anna", kHash)));
}

TEST(WebConfig, IsPlainHttpForEverybodyWhenTheFileIsEmpty) {
  for (const char* text : {"", "# nothing yet\n"}) {
    const auto config = parse_web_config(text, "web.yml");
    ASSERT_TRUE(config.has_value()) << config.error().message;
    EXPECT_FALSE(config->tls.has_value());
    EXPECT_TRUE(config->users.empty());
  }
}

TEST(WebConfig, TakesCertificateAndKeyWrittenIntoTheFile) {
  const auto config =
      parse_web_config("tls_server_config:\n  cert: |\n    one\n    two\n  key: secret\n", "web.yml");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->tls->certificate.text, "one\ntwo\n");
  EXPECT_EQ(config->tls->key.text, "secret");
}

TEST(WebConfig, TakesAndRefusesWhatTheTableSays) {
  for (const test::WebConfigCase& one : test::kWebConfigCases) {
    const auto config = parse_web_config(test::fill(one.text), "web.yml");
    EXPECT_EQ(config.has_value(), one.ours == nullptr) << one.text << "\n"
                                                       << (config ? "" : config.error().message);
    if (config || one.ours == nullptr) continue;
    EXPECT_EQ(config.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(config.error().message, HasSubstr(one.ours)) << one.text;
    EXPECT_THAT(config.error().message, testing::StartsWith("web.yml:1:"))
        << "file, line and column come first";
  }
}

TEST(WebConfig, SaysEveryFaultAtOnceWithItsPlace) {
  const auto config = parse_web_config(
      "tls_server_config:\n  cert_fil: a\n  key_file: b\nbasic_auth_users:\n  anna: hunter2\n", "web.yml");
  ASSERT_FALSE(config.has_value());
  EXPECT_THAT(
      config.error().message,
      HasSubstr("web.yml:2:3: unknown key 'cert_fil' in tls_server_config; did you mean 'cert_file'?"));
  EXPECT_THAT(config.error().message, HasSubstr("web.yml:5:3: user 'anna' has no bcrypt hash"));
  EXPECT_THAT(config.error().message, Not(HasSubstr("hunter2"))) << "it may be somebody's password";
}

TEST(WebConfig, SaysWhenTheFileCannotBeRead) {
  const test::TempDir folder;
  for (const std::string& path : {folder.file("none"), folder.path()}) {
    const auto config = load_web_config(path);
    ASSERT_FALSE(config.has_value()) << path;
    EXPECT_THAT(config.error().message, HasSubstr(path));
  }
}

}  // namespace
}  // namespace farshore

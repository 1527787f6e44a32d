#include "common/web/front_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/child_process.h"

namespace farshore {
namespace {

using testing::HasSubstr;
using testing::Not;

FrontPlan plan() {
  return {.listeners = {7, 8},
          .certificate = 4,
          .client_ca = 5,
          .control = 6,
          .program_port = 34567,
          .program_threads = 16,
          .secret = std::string(64, 'e')};
}

WebConfig mutual() {
  WebConfig config;
  config.tls = TlsConfig{};
  config.tls->client_auth = ClientAuth::kRequireAndVerifyClientCert;
  return config;
}

TEST(FrontConfig, IsTheGoldenFile) {
  const std::string golden = std::string(FARSHORE_SOURCE_DIR) + "/tests/common/web/golden/mutual.cfg";
  EXPECT_EQ(render_front_config(mutual(), plan()), test::read_file(golden));
}

TEST(FrontConfig, NamesOnePolicyForEachOfGosFive) {
  const std::pair<ClientAuth, const char*> policies[] = {
      {ClientAuth::kNoClientCert, " verify none\n"},
      {ClientAuth::kRequestClientCert,
       " verify optional ca-file /proc/self/fd/4 no-ca-names crt-ignore-err all ca-ignore-err all\n"},
      {ClientAuth::kRequireAnyClientCert,
       " verify required ca-file /proc/self/fd/4 no-ca-names crt-ignore-err all ca-ignore-err all\n"},
      {ClientAuth::kVerifyClientCertIfGiven, " verify optional ca-file /proc/self/fd/4 no-ca-names\n"},
      {ClientAuth::kRequireAndVerifyClientCert, " verify required ca-file /proc/self/fd/4 no-ca-names\n"}};
  for (const auto& [policy, words] : policies) {
    WebConfig config = mutual();
    config.tls->client_auth = policy;
    FrontPlan without_ca = plan();
    without_ca.client_ca = -1;
    EXPECT_THAT(render_front_config(config, without_ca), HasSubstr(words));
  }
}

TEST(FrontConfig, HandsOnOnlyACertificateThatWasVerified) {
  WebConfig config = mutual();
  EXPECT_THAT(
      render_front_config(config, plan()),
      HasSubstr("x-farshore-client-certificate %[ssl_c_der,base64] if { ssl_c_used } { ssl_c_verify 0 }\n"));
  config.tls->client_auth = ClientAuth::kNoClientCert;
  EXPECT_THAT(render_front_config(config, plan()), Not(HasSubstr("x-farshore-client-certificate")));
}

TEST(FrontConfig, FollowsVersionsCiphersCurvesAndHttp) {
  WebConfig config = mutual();
  config.http2 = false;
  config.tls->min_version = TlsVersion::kTls13;
  config.tls->ciphers = {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"};
  config.tls->curves = {"X25519", "P-256"};
  config.tls->prefer_server_ciphers = false;
  EXPECT_THAT(render_front_config(config, plan()),
              HasSubstr("ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.3 alpn http/1.1 ciphers "
                        "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384 curves X25519:P-256 "
                        "prefer-client-ciphers verify"));
}

TEST(FrontConfig, IsPlainHttpWithoutTls) {
  const std::string text = render_front_config(WebConfig{}, plan());
  EXPECT_THAT(text, HasSubstr("  bind fd@7\n  bind fd@8\n"));
  EXPECT_THAT(text, Not(HasSubstr("ssl crt")));
}

}  // namespace
}  // namespace farshore

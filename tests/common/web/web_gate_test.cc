#include "common/web/web_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/web/client_certificate.h"
#include "tests/support/certificates.h"

namespace farshore {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::Optional;

MATCHER_P(IsRefused, status, "") { return arg.has_value() && arg->status == status; }

const std::string kSecret(64, 'a');

ServerRequest from_front(const std::string& certificate = "") {
  ServerRequest request;
  request.method = "GET";
  request.path = "/metrics";
  request.remote_address = "127.0.0.1";
  request.headers = {{kFrontSecretHeader, kSecret}, {kClientAddressHeader, "2001:db8::7"}};
  if (!certificate.empty()) request.headers[kClientCertificateHeader] = certificate;
  return request;
}

class NoteAuthenticator : public Authenticator {
 public:
  Result<Principal> authenticate(const std::string& authorization) const override {
    if (authorization == "Basic good") return Principal{"anna", {Role::kViewer}};
    if (authorization == "Basic busy") return fail(ErrorCode::kUnavailable, "busy");
    return fail(ErrorCode::kPermission, "not known");
  }
};

TEST(WebGate, LetsNobodyInWhoDoesNotComeThroughTheFront) {
  const WebGate gate(kSecret, {});
  ServerRequest plain;
  EXPECT_THAT(gate.admit(plain), IsRefused(403));
  for (const std::string& wrong : {std::string(), std::string(64, 'b'), kSecret + "a", kSecret.substr(1)}) {
    ServerRequest request = from_front();
    request.headers[kFrontSecretHeader] = wrong;
    EXPECT_THAT(gate.admit(request), IsRefused(403)) << wrong;
  }
}

TEST(WebGate, KnowsTheClientsAddressAndLeavesNoHeaderOfTheFront) {
  const WebGate gate(kSecret, {});
  ServerRequest request = from_front();
  request.headers["x-farshore-later"] = "?";
  request.headers["accept"] = "text/plain";
  EXPECT_EQ(gate.admit(request), std::nullopt);
  EXPECT_EQ(request.remote_address, "2001:db8::7");
  EXPECT_THAT(request.headers, ElementsAre(testing::Pair("accept", "text/plain")));
}

TEST(WebGate, BelievesNoHeaderOfAFrontWhenThereIsNone) {
  const test::CertificateAuthority ca;
  const WebGate gate("", {});
  ServerRequest request = from_front(test::base64_der(ca.issue("client").certificate));
  EXPECT_EQ(gate.admit(request), std::nullopt);
  EXPECT_EQ(request.remote_address, "127.0.0.1");
  EXPECT_EQ(request.client_subject, "");
  EXPECT_THAT(request.headers, IsEmpty());
}

TEST(WebGate, HandsOnTheSubjectAndHoldsTheClientToItsNames) {
  const test::CertificateAuthority ca;
  const auto certificate = [&ca](const char* name, const char* sans) {
    return test::base64_der(ca.issue(name, {"/O=Example/CN=prometheus", sans}).certificate);
  };
  const std::string good = certificate("good", "DNS:other.example,DNS:prometheus.example");
  GateRules rules;
  rules.allowed_sans = {"prometheus.example", "10.0.0.7"};
  const WebGate gate(kSecret, rules);
  ServerRequest request = from_front(good);
  EXPECT_EQ(gate.admit(request), std::nullopt);
  EXPECT_EQ(request.client_subject, "CN=prometheus,O=Example");

  request = from_front(certificate("by-address", "IP:10.0.0.7"));
  EXPECT_EQ(gate.admit(request), std::nullopt);

  // The common name is no alternative name, a part of a name is not the name, and none is none.
  for (const char* sans : {"DNS:prometheus.example.evil", "DNS:example", "email:prometheus.example@x", ""}) {
    request = from_front(certificate("bad", sans));
    EXPECT_THAT(gate.admit(request), IsRefused(403)) << sans;
  }
  request = from_front();
  EXPECT_THAT(gate.admit(request), IsRefused(403)) << "no certificate at all";
  request = from_front("bm90IGEgY2VydGlmaWNhdGU=");
  EXPECT_THAT(gate.admit(request), IsRefused(403)) << "no certificate but something else";
}

TEST(WebGate, AsksForAPasswordAndKeepsItFromTheHandlers) {
  GateRules rules;
  rules.passwords = std::make_shared<NoteAuthenticator>();
  const WebGate gate("", rules);
  ServerRequest request;
  EXPECT_THAT(gate.admit(request), IsRefused(401));
  request.headers["authorization"] = "Basic bad";
  EXPECT_THAT(gate.admit(request), IsRefused(401));
  request.headers["authorization"] = "Basic busy";
  EXPECT_THAT(gate.admit(request), IsRefused(503));
  request.headers["authorization"] = "Basic good";
  EXPECT_EQ(gate.admit(request), std::nullopt);
  EXPECT_EQ(request.principal, "anna");
  EXPECT_THAT(request.headers, Not(Contains(Key("authorization"))));
}

TEST(WebGate, GoesByItsNewRulesFromTheNextRequestOn) {
  WebGate gate("", {});
  ServerRequest request;
  EXPECT_EQ(gate.admit(request), std::nullopt);
  GateRules rules;
  rules.headers = {{"X-Frame-Options", "deny"}};
  rules.passwords = std::make_shared<NoteAuthenticator>();
  gate.replace(rules);
  EXPECT_THAT(gate.admit(request), IsRefused(401));
  ServerReply reply;
  reply.headers["X-Frame-Options"] = "sameorigin";
  gate.complete(reply);
  EXPECT_EQ(reply.headers["X-Frame-Options"], "sameorigin") << "what a handler says about its own page stays";
  ServerReply bare;
  gate.complete(bare);
  EXPECT_EQ(bare.headers["X-Frame-Options"], "deny");
}

TEST(ClientCertificate, ReadsNamesOfEveryKind) {
  const test::CertificateAuthority ca;
  const auto read = read_client_certificate(test::base64_der(
      ca.issue("all",
               {"/CN=x", "DNS:a.example,IP:10.0.0.7,IP:2001:db8::1,email:a@b.example,URI:spiffe://x/y"})
          .certificate));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_THAT(read->names,
              ElementsAre("a.example", "10.0.0.7", "2001:db8::1", "a@b.example", "spiffe://x/y"));
}

TEST(ClientCertificate, EscapesWhatASubjectCouldForge) {
  const test::CertificateAuthority ca;
  const auto read = read_client_certificate(
      test::base64_der(ca.issue("forged", {"/CN=a,O=Example/OU=x\ny", ""}).certificate));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->subject, "OU=x\\0Ay,CN=a\\,O=Example") << "a comma in a name begins no new part";
}

}  // namespace
}  // namespace farshore

// Who gets in through a real HAProxy, and who does not.
#include "tests/common/http/raw_client.h"
#include "tests/common/web/front_world.h"

namespace farshore {
namespace {

using test::FrontTest;
using test::Issued;
using testing::HasSubstr;
using testing::Not;

class FrontClients : public FrontTest {};

TEST_F(FrontClients, AreServedOverTlsAndHttp2) {
  start(write_config());
  const auto answer = curl();
  EXPECT_EQ(answer.exit_code, 0) << answer.output;
  EXPECT_THAT(answer.output, HasSubstr("HTTP/2 200"));
  EXPECT_THAT(answer.output, HasSubstr("subject=\n"));
  EXPECT_THAT(curl({"--http1.1"}).output, HasSubstr("HTTP/1.1 200"));
}

TEST_F(FrontClients, MustSpeakTls12AtLeast) {
  start(write_config());
  EXPECT_EQ(curl({"--tlsv1.2", "--tls-max", "1.2"}).exit_code, 0);
  EXPECT_EQ(curl({"--tlsv1.3"}).exit_code, 0);
  const auto old = curl({"--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT:@SECLEVEL=0"});
  EXPECT_EQ(old.exit_code, 35) << old.output;  // the handshake failed
}

TEST_F(FrontClients, MustShowAVerifiedCertificateWhenOneIsRequired) {
  start(write_config(mutual()));
  const auto good = curl(showing(ca_.issue("good", {"/O=Example/CN=prometheus", "DNS:p.example"})));
  EXPECT_EQ(good.exit_code, 0) << good.output;
  EXPECT_THAT(good.output, HasSubstr("subject=CN=prometheus,O=Example\n"));

  const test::CertificateAuthority stranger;
  const Issued wrong = stranger.issue("wrong", {"/CN=prometheus"});
  const Issued expired = ca_.issue("expired", {"/CN=prometheus", "DNS:p.example", -1});
  EXPECT_NE(curl().exit_code, 0) << "without a certificate";
  EXPECT_NE(curl(showing(wrong)).exit_code, 0) << "of another CA";
  EXPECT_NE(curl(showing(expired)).exit_code, 0) << "expired";
  EXPECT_EQ(handled_, 1) << "nothing of the others came through";
}

TEST_F(FrontClients, AreKnownByNameOnlyWhenTheirCertificateWasVerified) {
  const test::CertificateAuthority stranger;
  const Issued wrong = stranger.issue("wrong", {"/CN=prometheus"});
  const Issued good = ca_.issue("good", {"/CN=prometheus"});
  for (const char* policy : {"RequestClientCert", "RequireAnyClientCert"}) {
    start(write_config(std::string("client_auth_type: ") + policy));
    const auto answer = curl(showing(wrong));
    EXPECT_EQ(answer.exit_code, 0) << policy << answer.output;
    EXPECT_THAT(answer.output, HasSubstr("subject=\n")) << policy;
    EXPECT_EQ(curl().exit_code == 0, policy == std::string("RequestClientCert")) << policy;
    server_.reset();
  }
  start(write_config("client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.pem"));
  EXPECT_THAT(curl(showing(good)).output, HasSubstr("subject=CN=prometheus\n"));
  EXPECT_THAT(curl().output, HasSubstr("subject=\n"));
  EXPECT_NE(curl(showing(wrong)).exit_code, 0);
}

TEST_F(FrontClients, AreHeldToTheAllowedNames) {
  start(write_config(mutual() + ", client_allowed_sans: [prometheus.example, 10.0.0.7]"));
  EXPECT_THAT(curl(showing(ca_.issue("a", {"/CN=x", "DNS:prometheus.example"}))).output,
              HasSubstr("HTTP/2 200"));
  EXPECT_THAT(curl(showing(ca_.issue("b", {"/CN=x", "IP:10.0.0.7"}))).output, HasSubstr("HTTP/2 200"));
  EXPECT_THAT(curl(showing(ca_.issue("c", {"/CN=prometheus.example", "DNS:other.example"}))).output,
              HasSubstr("HTTP/2 403"));
  EXPECT_THAT(curl(showing(ca_.issue("d", {"/CN=prometheus.example", ""}))).output, HasSubstr("HTTP/2 403"));
}

TEST_F(FrontClients, CannotForgeWhatTheFrontSays) {
  start(write_config(mutual()));
  auto words = showing(ca_.issue("good", {"/CN=prometheus"}));
  const std::string other = test::base64_der(ca_.issue("boss", {"/CN=boss"}).certificate);
  for (const std::string& header :
       {"X-Farshore-Client-Certificate: " + other, std::string("x-farshore-client-address: 203.0.113.9"),
        std::string("X-FARSHORE-Front: aaaa"), std::string("X-Farshore-Other: 1")}) {
    words.insert(words.end(), {"-H", header});
  }
  const auto answer = curl(words);
  EXPECT_EQ(answer.exit_code, 0) << answer.output;
  EXPECT_THAT(answer.output, HasSubstr("subject=CN=prometheus\nfrom=127.0.0.1\n"));
  EXPECT_THAT(answer.output, Not(HasSubstr("x-farshore")));
}

TEST_F(FrontClients, CannotGoRoundTheFront) {
  start(write_config(mutual()));
  // Every port this process listens on except the front's own: civetweb's.
  const auto listed = test::run_command({"ss", "-Hltnp"});
  const std::string mine = fmt::format("pid={},", getpid());
  std::istringstream lines(listed.output);
  int tried = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.find(mine) == std::string::npos) continue;
    const size_t at = line.find("127.0.0.1:");
    if (at == std::string::npos) continue;
    const int port = std::stoi(line.substr(at + 10));
    if (port == server_->port()) continue;
    ++tried;
    RawClient raw(port);
    raw.send_text("GET / HTTP/1.1\r\nHost: x\r\nX-Farshore-Front: 0\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(raw.receive(), testing::StartsWith("HTTP/1.1 403"));
  }
  EXPECT_EQ(tried, 1) << listed.output;
  EXPECT_EQ(handled_, 0);
}

TEST_F(FrontClients, ComeByIpv6WithAndWithoutTls) {
  start(write_config(), {"[::1]:0"});
  const auto secure = curl({}, "[::1]");
  EXPECT_EQ(secure.exit_code, 0) << secure.output;
  EXPECT_THAT(secure.output, HasSubstr("from=::1\n"));
  server_.reset();
  start("", {"[::1]:0", "127.0.0.1:0"});
  const auto plain = test::run_command({"curl", "-sS", fmt::format("http://[::1]:{}/", server_->port())});
  EXPECT_THAT(plain.output, HasSubstr("from=::1\n"));
}

TEST_F(FrontClients, GiveUserAndPasswordOverTls) {
  // htpasswd -nbB -C 4, password "far shore"
  start(write_config("",
                     "basic_auth_users: {anna: "
                     "\"$2y$04$izstzK9hqB56x0m66Td6xe3EkMjUiKWNxrAhbQH5sbO0kFN0dh.8G\"}\n"));
  EXPECT_THAT(curl().output, HasSubstr("HTTP/2 401"));
  EXPECT_THAT(curl({"-u", "anna:far shore"}).output, HasSubstr("HTTP/2 200"));
}

TEST_F(FrontClients, ThatAreSlowDelayNobody) {
  // Plain, so that a raw client can be slow by hand; the front buffers the same with TLS.
  start("", {"[::]:0"});
  const std::string url = fmt::format("http://127.0.0.1:{}/", server_->port());
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 60; ++i) {
    slow.push_back(std::make_unique<RawClient>(server_->port()));
    slow.back()->send_text(i % 2 == 0 ? "GET / HTTP/1.1\r\nHost: x\r\nX-Slow:"
                                      : "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
  }
  for (int i = 0; i < 5; ++i) {
    const auto answer = test::run_command({"curl", "-sS", "--max-time", "3", url});
    EXPECT_EQ(answer.exit_code, 0) << answer.output;
  }
  EXPECT_EQ(handled_, 5) << "no half request reached the program";
  EXPECT_THAT(slow[0]->receive(), HasSubstr(" 408 "));
  EXPECT_THAT(slow[1]->receive(), HasSubstr(" 408 "));
}

TEST_F(FrontClients, MayPostABodyThatIsLargerThanTheFrontsBuffer) {
  start(write_config());
  const std::string file = ca_.folder().file("body");
  test::write_file(file, std::string(300000, 'x'));
  const auto answer = curl({"--data-binary", "@" + file});
  EXPECT_EQ(answer.exit_code, 0) << answer.output.substr(0, 500);
  EXPECT_THAT(answer.output, HasSubstr("body=" + std::string(300000, 'x') + "\n"));
}

}  // namespace
}  // namespace farshore

#include "common/web/tls_material.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/certificates.h"

namespace farshore {
namespace {

using testing::HasSubstr;
using testing::Not;

class TlsMaterialTest : public testing::Test {
 protected:
  TlsConfig config(const std::string& certificate, const std::string& key, const std::string& ca = "") const {
    TlsConfig tls;
    tls.certificate.file = certificate;
    tls.key.file = key;
    tls.client_ca.file = ca;
    return tls;
  }
  std::string fault(const TlsConfig& tls) const {
    const auto material = load_tls_material(tls);
    return material ? "taken" : material.error().message;
  }

  const test::CertificateAuthority ca_;
  const test::Issued server_ = ca_.issue("server");
  const test::TempDir folder_;
};

TEST_F(TlsMaterialTest, PutsCertificateAndKeyTogetherAndNothingElse) {
  const std::string both = folder_.file("both.pem");
  test::write_file(both, "some words\n" + test::read_file(server_.certificate) +
                             test::read_file(ca_.certificate()) + test::read_file(server_.key));
  const auto material = load_tls_material(config(both, both, ca_.certificate()));
  ASSERT_TRUE(material.has_value()) << material.error().message;
  EXPECT_EQ(material->server_pem, test::read_file(server_.certificate) + test::read_file(ca_.certificate()) +
                                      test::read_file(server_.key));
  EXPECT_EQ(material->client_ca_pem, test::read_file(ca_.certificate()));
}

TEST_F(TlsMaterialTest, TakesThemFromTheConfigurationItself) {
  TlsConfig tls;
  tls.certificate.text = test::read_file(server_.certificate);
  tls.key.text = test::read_file(server_.key);
  EXPECT_EQ(fault(tls), "taken");
}

TEST_F(TlsMaterialTest, NamesTheFileThatIsWrong) {
  const std::string none = folder_.file("none.pem");
  EXPECT_THAT(fault(config(none, server_.key)), HasSubstr(none + " cannot be read"));
  EXPECT_THAT(fault(config(server_.key, server_.key)), HasSubstr(server_.key + " holds no PEM certificate"));
  EXPECT_THAT(fault(config(server_.certificate, server_.certificate)),
              HasSubstr(server_.certificate + " holds no PEM private key"));
  EXPECT_THAT(fault(config(server_.certificate, server_.key, server_.key)),
              HasSubstr(server_.key + " holds no PEM certificate"));
}

TEST_F(TlsMaterialTest, RefusesAKeyThatIsAnothersOrHasAPassphrase) {
  const test::Issued other = ca_.issue("other");
  EXPECT_THAT(fault(config(server_.certificate, other.key)), HasSubstr("is not that of the certificate"));
  const std::string locked = folder_.file("locked.key");
  ASSERT_EQ(test::run_command(
                {"openssl", "ec", "-in", server_.key, "-aes128", "-passout", "pass:x", "-out", locked})
                .exit_code,
            0);
  const std::string said = fault(config(server_.certificate, locked));
  EXPECT_THAT(said, HasSubstr("without a passphrase"));
  EXPECT_THAT(said, Not(HasSubstr("PRIVATE"))) << "no key in a message";
}

}  // namespace
}  // namespace farshore

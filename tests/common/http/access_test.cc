#include "common/http/access.h"

#include <crypt.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/support/temporary_folder.h"

namespace farshore {
namespace {

using ::testing::HasSubstr;

const std::string kToken = "0123456789abcdef0123";

// Cost 4, the least there is: these tests are not about slowness.
std::string bcrypt_of(const std::string& password) {
  crypt_data scratch{};
  return crypt_r(password.c_str(), "$2b$04$abcdefghijklmnopqrstuu", &scratch);
}

class AccessTest : public ::testing::Test {
 protected:
  std::shared_ptr<const Authenticator> authenticator() {
    const std::string text = fmt::format(
        "principals:\n"
        "  - {{name: am, roles: [webhook], bearer_token_file: {}}}\n"
        "  - {{name: anna, roles: [operator, viewer], bcrypt: \"{}\"}}\n",
        token_file_, bcrypt_of("geheim"));
    auto access = parse_access(text, "access.yml");
    EXPECT_TRUE(access.has_value()) << access.error().message;
    auto made = make_authenticator(*access);
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return made.value_or(nullptr);
  }

  TemporaryFolder folder_;
  std::string token_file_ = folder_.write("am.token", kToken + "\n");
};

TEST_F(AccessTest, KnowsATokenAndItsRoles) {
  const auto access = authenticator();
  const auto principal = access->authenticate("Bearer 0123456789abcdef0123");
  ASSERT_TRUE(principal.has_value()) << principal.error().message;
  EXPECT_EQ(principal->name, "am");
  EXPECT_EQ(principal->roles, std::set<Role>{Role::kWebhook});
  EXPECT_TRUE(access->authenticate("bearer 0123456789abcdef0123"));
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer x", "Bearer 0123456789abcdef012",
                            "0123456789abcdef0123", "Bearer 0123456789abcdef0123 "}) {
    EXPECT_EQ(access->authenticate(wrong).error().code, ErrorCode::kPermission) << wrong;
  }
  EXPECT_EQ(access->authenticate("Bearer " + std::string(5000, 'x')).error().code, ErrorCode::kPermission);
}

TEST_F(AccessTest, TakesARotatedTokenWithoutARestart) {
  const auto access = authenticator();
  folder_.write("am.token", "another-token-of-length\n");
  EXPECT_FALSE(access->authenticate("Bearer 0123456789abcdef0123").has_value());
  EXPECT_TRUE(access->authenticate("Bearer another-token-of-length").has_value());
  std::filesystem::remove(token_file_);
  EXPECT_FALSE(access->authenticate("Bearer another-token-of-length").has_value());
}

TEST_F(AccessTest, KnowsAPersonByNameAndPassword) {
  const auto access = authenticator();
  for (int again = 0; again < 2; ++again) {                                 // the second time from memory
    const auto principal = access->authenticate("Basic YW5uYTpnZWhlaW0=");  // anna:geheim
    ASSERT_TRUE(principal.has_value()) << principal.error().message;
    EXPECT_EQ(principal->name, "anna");
    EXPECT_EQ(principal->roles, (std::set<Role>{Role::kOperator, Role::kViewer}));
  }
  for (const char* wrong :
       {"Basic YW5uYTpnZWhlaW1l", "Basic YW06MDEyMw==", "Basic YW5uYTo=", "Basic YW5uYQ==", "Basic !!!!",
        "Basic YW5uYTpnZWhlaW0", "Basic YW5uYTpnZWhlaW1=", "Basic YW5uYTpnZWhlaW0AYQ=="}) {
    EXPECT_EQ(access->authenticate(wrong).error().code, ErrorCode::kPermission) << wrong;
  }
}

TEST_F(AccessTest, LetsAPersonSignInWithNameAndPasswordOrToken) {
  const auto access = authenticator();
  EXPECT_EQ(access->log_in("anna", "geheim")->name, "anna");
  EXPECT_EQ(access->log_in("am", kToken)->name, "am");
  for (const auto& [name, secret] :
       std::vector<std::pair<std::string, std::string>>{{"anna", kToken},
                                                        {"am", "geheim"},
                                                        {"am", "another-token-of-length"},
                                                        {"anna", ""},
                                                        {"", kToken},
                                                        {"nobody", "geheim"},
                                                        {"anna", std::string("geheim\0", 7)},
                                                        {"am", std::string(10000, 'x')}}) {
    const auto principal = access->log_in(name, secret);
    ASSERT_FALSE(principal.has_value()) << name;
    EXPECT_EQ(principal.error().code, ErrorCode::kPermission) << name;
  }
}

TEST_F(AccessTest, AnswersManyAtOnceWithoutAWrongYes) {
  const auto access = authenticator();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&access] {
      for (int k = 0; k < 5; ++k) {
        EXPECT_FALSE(access->authenticate("Basic YW5uYTpnZWhlaW1l").has_value());
        const auto right = access->authenticate("Basic YW5uYTpnZWhlaW0=");
        EXPECT_TRUE(right.has_value() || right.error().code == ErrorCode::kUnavailable);
      }
    });
  }
}

TEST_F(AccessTest, RefusesATokenFileThatIsMissingOrShort) {
  auto access = AccessFile{"access.yml", {{{"am", {Role::kWebhook}}, folder_.file("nowhere"), ""}}};
  EXPECT_THAT(make_authenticator(access).error().message, HasSubstr("nowhere"));
  access.entries[0].bearer_token_file = folder_.write("short", "kurz-geheim");
  const auto made = make_authenticator(access);
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message, HasSubstr("openssl rand"));
  EXPECT_THAT(made.error().message, ::testing::Not(HasSubstr("kurz-geheim")));
}

TEST(AccessFileFaults, AreAllFoundAtOnceWithTheirPlaces) {
  const auto access = parse_access(
      "principals:\n"
      "  - {name: a, roles: [webhok], bearer_token_file: /x}\n"
      "  - {name: a, roles: [viewer]}\n"
      "  - {name: b, roles: [viewer], bcrypt: hunter2, color: red}\n"
      "  - {name: c, roles: [viewer], bcrypt: "
      "\"$2b$15$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzabcde\"}\n",
      "access.yml");
  ASSERT_FALSE(access.has_value());
  const auto& message = access.error().message;
  EXPECT_THAT(message, HasSubstr("access.yml:2:"));
  EXPECT_THAT(message, HasSubstr("did you mean 'webhook'?"));
  EXPECT_THAT(message, HasSubstr("'a' is there twice"));
  EXPECT_THAT(message, HasSubstr("no credential"));
  EXPECT_THAT(message, HasSubstr("color"));
  EXPECT_THAT(message, HasSubstr("access.yml:5:"));
  EXPECT_THAT(message, ::testing::Not(HasSubstr("hunter2")));
}

TEST(AccessFileFaults, AnEmptyOrMissingFileIsOne) {
  EXPECT_FALSE(parse_access("", "access.yml").has_value());
  EXPECT_FALSE(parse_access("principals: []", "access.yml").has_value());
  EXPECT_FALSE(load_access("/nowhere/access.yml").has_value());
}

}  // namespace
}  // namespace farshore

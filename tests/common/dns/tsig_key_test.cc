#include "common/dns/tsig_key.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace farshore {
namespace {

constexpr const char* kSecret = "c2VjcmV0IG9mIHRoZSBsYWIsIDMyIGJ5dGVzIGxvbmc=";

TEST(TsigKey, IsReadInBothForms) {
  for (const std::string& text :
       {std::string("hmac-sha256:Farshore-Lab:") + kSecret,
        std::string("hmac-sha256:farshore-lab.:") + kSecret + "\r\n",
        std::string("key \"farshore-lab\" {\n\talgorithm hmac-sha256;\n\tsecret \"") + kSecret + "\";\n};\n",
        std::string("# made by hand\nkey farshore-lab. { // name\n secret ") + kSecret +
            "; /* secret\n*/ algorithm HMAC-SHA256; };"}) {
    const auto key = parse_tsig_key(text);
    ASSERT_TRUE(key) << text << ": " << key.error().message;
    EXPECT_EQ(key->name, "farshore-lab.");
    EXPECT_EQ(key->algorithm, "hmac-sha256.");
    EXPECT_EQ(key->secret, kSecret);
  }
}

TEST(TsigKey, WhatBindsToolPrintsIsRead) {
  const test::CommandResult made =
      test::run_command({"/usr/sbin/tsig-keygen", "-a", "hmac-sha512", "orders-key"});
  ASSERT_EQ(made.exit_code, 0) << made.output;
  const auto key = parse_tsig_key(made.output);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(key->name, "orders-key.");
  EXPECT_EQ(key->algorithm, "hmac-sha512.");
  EXPECT_EQ(key->secret.size(), 88u);
}

TEST(TsigKey, WhatIsNoKeyIsRefusedWithoutShowingTheSecret) {
  const std::string secret = kSecret;
  for (const std::string& text :
       std::vector<std::string>{std::string(),
                                std::string("hunter2"),
                                "hmac-sha256:" + secret,
                                "hmac-md5:lab:" + secret,
                                "lab:hmac-sha256:" + secret,
                                "hmac-sha256::" + secret,
                                "hmac-sha256:l b:" + secret,
                                "hmac-sha256:" + std::string(64, 'a') + ":" + secret,
                                "hmac-sha256:lab:" + secret + "=",
                                "hmac-sha256:lab:not*base64==",
                                "hmac-sha256:lab:====",
                                "hmac-sha256:lab:la2=",
                                "hmac-sha256:lab:bB==",
                                "key lab { algorithm hmac-sha256; secret \"" + secret + "\"; }; key two { };",
                                "key lab { algorithm hmac-sha256; secret \"" + secret,
                                "key lab { algorithm hmac-sha256; };",
                                "key lab { secret a; secret b; };",
                                "/* " + secret,
                                "key a..b { algorithm hmac-sha256; secret " + secret + "; };",
                                std::string("key")}) {
    const auto key = parse_tsig_key(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(key.error().message.find(secret.substr(0, 8)), std::string::npos) << key.error().message;
    EXPECT_EQ(key.error().message.find("hunter2"), std::string::npos);
  }
}

TEST(TsigKey, AFileIsReadAnewAndNamedWhenItIsWrong) {
  const TemporaryFolder folder;
  EXPECT_EQ(read_tsig_key(folder.file("none")).error().code, ErrorCode::kNotFound);
  const std::string path = folder.write("key", std::string("hmac-sha256:one:") + kSecret + "\n");
  EXPECT_EQ(read_tsig_key(path)->name, "one.");
  folder.write("key", std::string("hmac-sha256:two:") + kSecret + "\n");
  EXPECT_EQ(read_tsig_key(path)->name, "two.");
  folder.write("key", "x");
  EXPECT_NE(read_tsig_key(path).error().message.find(path), std::string::npos);
  folder.write("key", std::string(5000, ' '));
  EXPECT_EQ(read_tsig_key(path).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace farshore
